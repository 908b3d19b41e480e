"""`dsv migrate new`: write the next migration of a dataset; the first one adopts it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from dsv.api.chains import has_chain, open_chain
from dsv.api.migrate import _adoption as adoption
from dsv.api.names import PARAMETERS
from dsv.api.opening import Workspace, changing
from dsv.documents import pipeline, yaml
from dsv.errors import DsvError
from dsv.files import write_bytes, write_text
from dsv.migrations import document, writing
from dsv.migrations.chain import Chain
from dsv.model.dataset import Dataset
from dsv.operations.base import Inputs


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMigration:
    """A migration file that was written; `path` is relative to the repository."""

    path: str
    notes: tuple[str, ...]


def new(
    start: Path,
    operation: str | None,
    parameters: Mapping[str, str],
    *,
    dataset: str | None = None,
    title: str | None = None,
    slug: str | None = None,
    tuned: Mapping[str, str] | None = None,
) -> NewMigration:
    """Write the next migration of a dataset; the first one adopts it.

    Raises: DsvError: the operation does not fit the dataset; nothing is written then.
    """
    with changing(start, "migrate new") as workspace:
        declared = workspace.choose(dataset)
        project = workspace.project(declared)
        prospect = None if has_chain(project, declared.name) else adoption.prepare(workspace, declared)
        chain = open_chain(project, declared.name).chain if prospect is None else prospect.chain
        migration_id = chain.next_id(writing.slugify(slug) if slug else writing.slug(operation, parameters))
        draft = _draft(
            start, chain, migration_id, operation, parameters, title, project.path(project.documents(declared.name))
        )
        values = {name: yaml.load(text, name) for name, text in (tuned or {}).items()}
        folder = project.path(project.documents(declared.name))
        with workspace.restoring([*draft.files(folder), project.path(PARAMETERS)]):
            draft.write(folder)
            if values:
                text = project.text(PARAMETERS)
                write_text(
                    project.path(PARAMETERS),
                    pipeline.set_parameters(text, declared.name, migration_id, values),
                )
            missing = writing.missing(operation, parameters) if operation is not None else ()
            if missing:
                draft = replace(draft, notes=(*draft.notes, f"to be finished: it needs {' and '.join(missing)}"))
            elif operation is not None:
                _foretell(workspace, declared, chain, draft)
            notes = adoption.adopt(workspace, prospect) if prospect is not None else ()
        return NewMigration(
            path=workspace.repository.relative(folder / f"{migration_id}.yaml"), notes=(*notes, *draft.notes)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A migration that is about to be written: its text, and side files to copy beside it."""

    id: str
    text: str
    sides: tuple[tuple[Path, str], ...] = ()
    notes: tuple[str, ...] = ()

    def files(self, folder: Path) -> list[Path]:
        names = [f"{self.id}.yaml", *(name for _, name in self.sides)]
        return [folder / name for name in names]

    def write(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / f"{self.id}.yaml", self.text)
        for source, name in self.sides:
            write_bytes(folder / name, source.read_bytes())


def _draft(
    start: Path,
    chain: Chain,
    migration_id: str,
    operation: str | None,
    parameters: Mapping[str, str],
    title: str | None,
    folder: Path,
) -> _Draft:
    """The new document; side files that lie elsewhere are to be copied beside it."""
    given = dict(parameters)
    sides: list[tuple[Path, str]] = []
    notes: list[str] = []
    for key in writing.FILES:
        name = given.get(key)
        beside_it = name is not None and not Path(name).is_absolute() and (folder / name).exists()
        if name is not None and not beside_it and (start / name).is_file():
            words = migration_id if key == "file" else f"{migration_id}_{key}"
            given[key] = f"{words}{''.join(Path(name).suffixes)}"
            sides.append((start / name, given[key]))
            notes.append(f"copied {name} beside the migration, as {given[key]}")
    text = writing.new_text(
        migration_id, chain.last, title or writing.slug(operation, parameters).replace("_", " "), operation, given
    )
    return _Draft(id=migration_id, text=text, sides=tuple(sides), notes=tuple(notes))


def _foretell(workspace: Workspace, declared: Dataset, chain: Chain, draft: _Draft) -> None:
    """Check the new migration against the schema that it will meet, without reading rows."""
    project = workspace.project(declared)
    relative = f"{project.documents(declared.name)}/{draft.id}.yaml"
    folder = project.path(project.documents(declared.name))
    migration = document.read(draft.text, relative, folder)
    state = chain.base.state
    for item in (*chain.migrations, migration):
        inputs = Inputs(folder=folder, parameters=project.parameters(declared.name, item.id))
        for unbound in item.operations:
            try:
                bound = unbound.bind(inputs.parameters, path=f"migrations.{declared.name}.{item.id}")
                state = bound.forward_schema(state, inputs)
            except DsvError as error:
                error.where = error.where or item.path
                raise

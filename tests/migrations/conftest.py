"""Chains in a folder: a base file, documents, versions; no Git, no DVC."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from dsv.documents import yaml
from dsv.formats.base import recognised, scan
from dsv.migrations.base import build_base
from dsv.migrations.chain import Chain, link
from dsv.migrations.document import read
from dsv.migrations.plan import plan
from dsv.migrations.publish import publish
from dsv.migrations.run import run_stage
from dsv.model.dataset import Dataset
from dsv.model.migration import BASE_ID, Base, Migration, Plan, Version
from dsv.model.profile import Profile
from dsv.model.snapshot import ReadOptions, Snapshot
from dsv.tables.duckdb import Engine


@dataclass
class Bench:
    """One dataset with a chain, in a folder."""

    folder: Path
    engine: Engine
    base: Base
    documents: list[str] = field(default_factory=list)
    parameters: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def snapshot(self) -> Snapshot:
        path = self.folder / self.base.path
        return Snapshot(path=path, format=self.base.format, gzip=self.base.gzip, shown_path=self.base.path)

    @property
    def documents_folder(self) -> Path:
        return self.folder / "migrations" / self.base.dataset

    def add(self, *operations: Mapping[str, Any], slug: str = "step", **tuned: Any) -> Migration:
        """Put a migration at the end of the chain."""
        after = self.documents[-1] if self.documents else BASE_ID
        identifier = f"m{len(self.documents) + 1:04d}_{slug}"
        content = {"dsv": 1, "id": identifier, "after": after, "title": slug, "operations": list(operations)}
        self.documents_folder.mkdir(parents=True, exist_ok=True)
        (self.documents_folder / f"{identifier}.yaml").write_text(yaml.dump(content), encoding="utf-8")
        self.documents.append(identifier)
        self.parameters[identifier] = tuned
        return self.chain.migration(identifier)

    def side_file(self, name: str, text: str) -> None:
        self.documents_folder.mkdir(parents=True, exist_ok=True)
        (self.documents_folder / name).write_bytes(text.encode())

    @property
    def chain(self) -> Chain:
        paths = [self.documents_folder / f"{name}.yaml" for name in self.documents]
        shown = f"migrations/{self.base.dataset}"
        return link(
            self.base,
            [read(path.read_bytes(), f"{shown}/{path.name}", self.documents_folder) for path in paths],
        )

    def version_path(self, identifier: str) -> Path:
        return self.folder / "data/.versions" / self.base.dataset / identifier

    def run(self, identifier: str) -> Version:
        migration = self.chain.migration(identifier)
        previous = None if migration.after == BASE_ID else self.version_path(migration.after)
        return run_stage(
            self.engine,
            self.base,
            self.snapshot,
            migration,
            previous,
            self.version_path(identifier),
            self.parameters[identifier],
            self.documents_folder,
        )

    def up(self) -> list[Version]:
        return [self.run(identifier) for identifier in self.documents]

    def plan(self, head: str = BASE_ID, target: str | None = None, *, cached: bool = False) -> Plan:
        def versions(identifier: str) -> Path | None:
            path = self.version_path(identifier)
            return path if cached and path.is_dir() else None

        chain = self.chain
        return plan(
            self.engine,
            chain,
            head,
            target or chain.last,
            self.snapshot,
            versions,
            self.documents_folder,
            self.parameters.__getitem__,
        )

    def publish(self, identifier: str | None = None) -> Profile:
        version = None if identifier is None else self.version_path(identifier)
        target = self.folder / self.base.publishes
        profile = target.with_name(f"{target.name}.profile.yaml")
        return publish(self.engine, self.base, self.snapshot, version, target, profile)

    @property
    def published(self) -> bytes:
        return (self.folder / self.base.publishes).read_bytes()


class MakeBench:
    """Adopts a file's bytes as the base of a chain."""

    def __init__(self, folder: Path, engine: Engine) -> None:
        self.folder = folder
        self.engine = engine
        self.made = 0

    def __call__(
        self,
        content: bytes | str,
        *,
        key: Sequence[str] = ("id",),
        labels: Sequence[str] = ("class",),
        split: str | None = None,
        unlabelled: str | None = None,
        suffix: str = ".csv",
        parts: int | None = None,
        header: bool = True,
    ) -> Bench:
        self.made += 1
        folder = self.folder / f"bench{self.made}"
        path = folder / f"data/signs.base{suffix}"
        path.parent.mkdir(parents=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        published = f"data/signs{suffix}"
        dataset = Dataset(
            name="signs",
            path=published,
            key=tuple(key),
            labels=tuple(labels),
            split=split,
            unlabelled=unlabelled,
        )
        shown = f"data/signs.base{suffix}"
        snapshot = recognised(Snapshot(path=path, format="", shown_path=shown, options=ReadOptions(header=header)))
        base = build_base(dataset, scan(self.engine, snapshot).table, snapshot, shown, published)
        if parts is not None:
            base = replace(base, parts=parts)
        return Bench(folder=folder, engine=self.engine, base=base)


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine(threads=1) as made:
        yield made


@pytest.fixture
def adopt(tmp_path: Path, engine: Engine) -> MakeBench:
    return MakeBench(tmp_path, engine)


@pytest.fixture(scope="session")
def bench_maker() -> type[MakeBench]:
    """For properties, which need a folder and an engine for each example."""
    return MakeBench

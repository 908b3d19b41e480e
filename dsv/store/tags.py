"""Tags that are versions of datasets, as DVC writes them for its artifacts."""

from __future__ import annotations

from dsv.errors import RepositoryError, UnknownRevision
from dsv.model.versions import Version, normal, precedence, read_tag
from dsv.store import git
from dsv.store.repository import Repository

_FIELDS = (
    "%(refname:lstrip=2)",
    "%(objectname)",
    "%(*objectname)",
    "%(objecttype)",
    "%(*objecttype)",
    "%(creatordate:iso-strict)",
    "%(contents:subject)%0a%0a%(contents:body)",
)
LATEST = ("latest", "greatest")


def versions(repo: Repository) -> list[Version]:
    """The versions that tags give to commits, the newest tag first; those that a later tag took back are left out."""
    form = "%00".join(_FIELDS) + "%00%00"
    answer = git.read(repo.root, "for-each-ref", "--sort=creatordate", f"--format={form}", "refs/tags")
    found: dict[tuple[str, str], Version] = {}
    for entry in answer.decode("utf-8", "replace").split("\0\0\n"):
        name, *fields = entry.split("\0")
        read = read_tag(name)
        if read is None:
            continue
        artifact, version, cancelled = read
        if cancelled:
            found.pop((artifact, version), None)
        elif (made := _version(name, artifact, version, fields)) is not None:
            found[artifact, version] = made
    by_version = sorted(found.values(), key=lambda item: precedence(item.version), reverse=True)
    return sorted(by_version, key=lambda item: _moment(item.date), reverse=True)


def meant(repo: Repository, name: str) -> Version | None:
    """The version that `signs@v1.2`, `folder:signs@v1.2.0` or `signs@latest` stands for, None if there is none.

    Raises: UnknownRevision: datasets of several folders have that name and version.
    """
    artifact, separator, written = name.rpartition("@")
    wanted = written if written in LATEST else normal(written)
    if not separator or wanted is None:
        return None
    artifact = artifact.replace("=", ":")
    known = versions(repo)
    own = [item for item in known if item.artifact == artifact] or [item for item in known if item.dataset == artifact]
    if wanted not in LATEST:
        own = [item for item in own if item.version == wanted]
    if len({item.artifact for item in own}) > 1:
        tags = " | ".join(sorted(item.tag for item in own))
        raise UnknownRevision(f"{name!r} is a version of several datasets", hint=f"name the tag: {tags}")
    return max(own, key=lambda item: precedence(item.version), default=None)


def create(repo: Repository, tag: str, commit: str, message: str) -> None:
    """Make an annotated tag.

    Raises: RepositoryError: Git refused (`where` has what it said), such as where there is a tag of that name.
    """
    try:
        git.write(repo.root, "tag", "--annotate", "--cleanup=whitespace", f"--message={message}", "--", tag, commit)
    except git.GitFailed as error:
        raise RepositoryError(f"Git did not make the tag {tag}", where=error.said) from None


def delete(repo: Repository, tag: str) -> None:
    """Take a tag away. Raises: GitFailed: there is none."""
    git.write(repo.root, "tag", "--delete", "--", tag)


def commit_of(repo: Repository, tag: str) -> str | None:
    """The commit of a tag, None if there is no such tag."""
    name = f"refs/tags/{tag}^{{commit}}"
    return git.object_ids(repo.root, [name])[name]


def _version(tag: str, artifact: str, version: str, fields: list[str]) -> Version | None:
    """A version, None if its tag is of something other than a commit."""
    id, target, kind, target_kind, date, message = fields
    annotated = kind == "tag"
    if (target_kind if annotated else kind) != "commit":
        return None
    return Version(
        artifact=artifact,
        version=version,
        tag=tag,
        id=id,
        commit=target if annotated else id,
        date=date,
        message=message.strip() if annotated else "",
        annotated=annotated,
    )


def _moment(date: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(date.replace("Z", "+00:00")).timestamp()

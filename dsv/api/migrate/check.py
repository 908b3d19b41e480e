"""`dsv migrate check`: do documents, `chain.lock`, `dvc.yaml` and `dvc.lock` agree, and is nothing pending."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dsv.api.chains import OpenChain
from dsv.api.migrate._agreement import edited_versions, of_error, published_documents
from dsv.api.migrate._chains import attempted
from dsv.api.migrate.status import reported
from dsv.api.opening import Workspace, open_workspace
from dsv.errors import DsvError
from dsv.model.chain import ChainReport
from dsv.model.revision import Revision
from dsv.store.revisions import merge_base, published, resolve


def check(start: Path, *, dataset: str | None = None, against: str | None = None) -> list[ChainReport]:
    """What `status` looks at, and whether migrations that others have are as they had them.

    Others have what is on HEAD's upstream, on the remote's main branch and under the newest tag, or
    what `against` (a revision) has in common with HEAD. Data need not be here; what is here is
    held against `dvc.lock`.

    Raises: MigrationError: there is no chain. UnknownRevision, NotARepository, DocumentError.
    """
    workspace = open_workspace(start, dvc=False)
    repository = workspace.repository
    if against is None:
        others = published(repository)
    else:
        base = merge_base(repository, resolve(repository, "HEAD"), resolve(repository, against))
        others = [replace(base, name=against)]
    return [_checked(workspace, name, found, others) for name, found in attempted(workspace, dataset)]


def _checked(workspace: Workspace, name: str, found: OpenChain | DsvError, others: Sequence[Revision]) -> ChainReport:
    report = reported(workspace, name, found)
    if isinstance(found, DsvError):
        return report
    try:
        more = [*published_documents(workspace, found, others), *edited_versions(workspace, found)]
    except DsvError as error:
        advice = (*report.advice, of_error(name, error))
        return replace(report, advice=advice, exit_code=report.exit_code or error.exit_code)
    return replace(report, advice=(*report.advice, *more))

"""The hooks that the pre-commit framework is told of, run as it runs them: with their entry, at the top."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from dsv.documents.yaml import load

DEFINED = Path(__file__).parents[2] / ".pre-commit-hooks.yaml"


def test_the_hooks_of_the_framework(signs) -> None:
    check, checkout = load(DEFINED.read_bytes(), DEFINED.name)
    assert (check["id"], checkout["id"]) == ("dsv-check-pointers", "dsv-checkout")
    for path in ("data/signs.csv.dvc", "dvc.lock", "a/dvc.lock", "data/signs.csv.profile.yaml", "m/signs/chain.lock"):
        assert re.search(check["files"], path)
    assert not re.search(check["files"], "my_dvc.lock") and not re.search(check["files"], "signs.csv")
    signs.run(*shlex.split(check["entry"]))
    whole = signs.read("data/signs.csv.dvc")
    signs.write("data/signs.csv.dvc", "")
    signs.git("add", "data/signs.csv.dvc")
    refused = signs.run(*shlex.split(check["entry"]), code=1)
    assert "data/signs.csv.dvc" in refused.err and "the file is empty" in refused.err
    signs.write("data/signs.csv.dvc", whole)
    (signs.folder / "data" / "signs.csv").unlink()
    signs.run(*shlex.split(checkout["entry"]))
    assert (signs.folder / "data" / "signs.csv").is_file()

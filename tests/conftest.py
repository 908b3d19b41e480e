"""Every test gets a home of its own: no Git, DVC or dsv settings of the machine reach it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A slow machine is no fault of the code. (Where `CI` is set, Hypothesis has such a profile of its own.)
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
if "CI" not in os.environ:
    settings.load_profile("house")

IDENTITY = {
    "GIT_AUTHOR_NAME": "Test",
    "GIT_AUTHOR_EMAIL": "test@example.invalid",
    "GIT_COMMITTER_NAME": "Test",
    "GIT_COMMITTER_EMAIL": "test@example.invalid",
}

# What a test leaves is thrown away: nothing is worth to be flushed to the disk or tidied behind it.
GITCONFIG = """[init]
\tdefaultBranch = main
[protocol "file"]
\tallow = always
[core]
\tfsync = none
[maintenance]
\tauto = false
"""


@pytest.fixture(autouse=True)
def private_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path_factory.mktemp("home")
    (home / "gitconfig").write_text(GITCONFIG)
    for name in [name for name in os.environ if name.startswith(("GIT_", "DVC_"))]:
        monkeypatch.delenv(name)
    settings = {
        "HOME": home,
        "XDG_CACHE_HOME": home / "cache",
        "XDG_CONFIG_HOME": home / "config",
        "GIT_CONFIG_GLOBAL": home / "gitconfig",
        "GIT_CONFIG_NOSYSTEM": "1",
        "DVC_SITE_CACHE_DIR": home / "dvc-site",
        "DVC_GLOBAL_CONFIG_DIR": home / "dvc-global",
        "DVC_SYSTEM_CONFIG_DIR": home / "dvc-system",
        "DVC_NO_ANALYTICS": "1",
        "CI": "1",
        "NO_COLOR": "1",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        **IDENTITY,
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, str(value))
    return home

"""DVC's settings and its cache of objects, read without DVC."""

from __future__ import annotations

import hashlib
import json
import os
import posixpath
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dsv.errors import IntegrityError, RepositoryError

_SECTION = re.compile(r"\s*\[\s*(.*?)\s*\]\s*(?:#.*)?")
_OPTION = re.compile(r"\s*([\w-]+)\s*=\s*(.*?)\s*")
_MD5 = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheObject:
    """An object of DVC's cache: its md5 (with `.dir` for a folder's listing), and its age's layout."""

    md5: str
    legacy: bool = False

    def path(self, cache: Path) -> Path:
        """Where the object is in a cache folder."""
        folder = cache if self.legacy else cache / "files" / "md5"
        return folder / self.md5[:2] / self.md5[2:]


def setting(project: Path, section: str, option: str) -> tuple[str, Path] | None:
    """A setting of DVC and the folder of the file that gives it: local, project, user, then system."""
    for name in ("config.local", "config"):
        found = _option(project / ".dvc" / name, section, option)
        if found is not None:
            return found, project / ".dvc"
    return setting_of_user(section, option)


def setting_of_user(section: str, option: str) -> tuple[str, Path] | None:
    """A setting of DVC that no project gives: the user's own, else the system's."""
    for folder in (_user_folder(), _system_folder()):
        found = _option(folder / "config", section, option)
        if found is not None:
            return found, folder
    return None


def cache_folder(project: Path) -> Path:
    """The cache folder of the DVC project whose `.dvc/` is in `project`."""
    found = setting(project, "cache", "dir")
    if found is None:
        return project / ".dvc" / "cache"
    value, folder = found
    return Path(os.path.abspath(folder / os.path.expanduser(value)))


def autostages(project: Path) -> bool:
    """Say whether DVC adds what it writes to Git's index."""
    found = setting(project, "core", "autostage")
    return found is not None and found[0].lower() == "true"


def listing(content: bytes, md5: str, shown: str) -> Mapping[str, str]:
    """MD5s by path of the files that a `.dir` object lists; paths are relative to the folder.

    `shown` is the folder's name for messages.

    Raises: IntegrityError: the bytes are not those of `md5`, are no listing, or list a path that
    leaves the folder.
    """
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != md5.removesuffix(".dir"):
        raise IntegrityError(f"DVC's listing of {shown!r} does not match its md5 {md5}", where=shown)
    found: dict[str, str] = {}
    try:
        for entry in json.loads(content):
            path, member = entry["relpath"], entry["md5"]
            if not _is_member_path(path) or path in found or not _MD5.fullmatch(member):
                raise IntegrityError(f"DVC's listing of {shown!r} has a bad entry: {path!r}", where=shown)
            found[path] = member
    except (ValueError, TypeError, KeyError, RecursionError):
        raise IntegrityError(f"DVC's listing of {shown!r} is damaged", where=shown) from None
    return found


def _is_member_path(path: object) -> bool:
    if not isinstance(path, str):
        return False
    parts = path.split("/")
    return (
        not posixpath.isabs(path)
        and not any(part in ("", ".", "..") for part in parts)
        and not any(character in path for character in "\\\0")
        and not re.match(r"[A-Za-z]:", path)
    )


def _option(path: Path, section: str, option: str) -> str | None:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise RepositoryError(f"DVC's settings cannot be read: {error}", where=str(path)) from None
    return option_of(text, section, option)


def option_of(text: str, section: str, option: str) -> str | None:
    """An option in the text of a file of settings."""
    current, found = "", None
    for line in text.splitlines():
        if header := _SECTION.fullmatch(line):
            current = header[1].lower()
        elif current == section and (entry := _OPTION.fullmatch(line)) and entry[1].lower() == option:
            found = _unquoted(entry[2])
    return found


def _unquoted(value: str) -> str:
    if value[:1] in ("'", '"'):
        return value[1:].split(value[0], 1)[0]
    return value.split("#", 1)[0].rstrip()


def _user_folder() -> Path:
    if given := os.environ.get("DVC_GLOBAL_CONFIG_DIR"):
        return Path(given)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "dvc"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "iterative" / "dvc"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "dvc"


def _system_folder() -> Path:
    if given := os.environ.get("DVC_SYSTEM_CONFIG_DIR"):
        return Path(given)
    if sys.platform == "darwin":
        return Path("/Library/Application Support/dvc")
    if sys.platform == "win32":
        return Path(os.environ.get("PROGRAMDATA", "C:/ProgramData")) / "iterative" / "dvc"
    return Path((os.environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep)[0]) / "dvc"

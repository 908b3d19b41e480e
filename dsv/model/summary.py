"""What a file holds, in a few numbers."""

from __future__ import annotations

from dataclasses import dataclass

from dsv.model.profile import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One output or table: its path, the hash of its bytes, its size, its stage (None: a file of its own), its profile.

    `profile` is None where none is known of these bytes, and they are not here or too large to be read.
    """

    path: str
    md5: str | None
    size_bytes: int | None
    stage: str | None
    profile: Profile | None

"""Comma-separated values; also with semicolons, tabs or bars, found from the first lines."""

from __future__ import annotations

from dsv.formats._delimited.delimited import Delimited
from dsv.formats.base import Format

plugin: Format = Delimited(suffixes=(".csv",), delimiters=(",", ";", "\t", "|"))

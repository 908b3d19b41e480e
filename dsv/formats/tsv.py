"""Tab-separated values."""

from __future__ import annotations

from dsv.formats._delimited.delimited import Delimited
from dsv.formats.base import Format

plugin: Format = Delimited(suffixes=(".tsv", ".tab"), delimiters=("\t",))

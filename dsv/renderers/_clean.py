"""What may reach a terminal. Every value, name, path and error text goes through `clean`."""

from __future__ import annotations

import re

LINE_BREAK = "⏎"
UNSAFE = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # C0, DEL, C1: escape sequences begin with these
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"  # soft hyphen, joiners and fillers without width
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidirectional controls
    "\u180e\u200b-\u200d\u2028\u2029\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb"  # without width
    "\ud800-\udfff"  # halves of a pair: bytes of a name that are no UTF-8
    "\U000e0000-\U000e0fff"  # tags and further variation selectors
    "]"
)


def clean(text: str) -> str:
    """One line that shows what it holds: a line break as ⏎, any other unsafe character as `<U+001B>`."""
    return UNSAFE.sub(_spell, text)


def clean_lines(text: str) -> str:
    """Like `clean`, with line breaks kept: for texts of dsv's own that have several lines."""
    return "\n".join(clean(line) for line in text.split("\n"))


def _spell(found: re.Match[str]) -> str:
    character = found.group()
    return LINE_BREAK if character == "\n" else f"<U+{ord(character):04X}>"

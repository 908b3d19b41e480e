"""Questions for the person at the terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from dsv.cli.output import Terminal
from dsv.renderers._clean import clean_lines

if TYPE_CHECKING:
    from dsv.migrations.capture.questions import Ask, Choice, Question


def asking(terminal: Terminal) -> Ask | None:
    """How to ask; None where nobody is there to answer, or nothing may be said."""
    if terminal.quiet or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    return _ask


def _ask(question: Question) -> Choice:
    click.echo(clean_lines(question.text), err=True)
    for number, choice in enumerate(question.choices, 1):
        click.echo(clean_lines(f"  {number}  {choice.text}"), err=True)
    numbers = click.IntRange(1, len(question.choices))
    answer: int = click.prompt("Which one", type=numbers, err=True)
    return question.choices[answer - 1]

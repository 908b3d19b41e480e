"""What the evidence leaves open: questions with their choices, and the flags that settle them."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from dsv.errors import UsageError, did_you_mean


@dataclass(frozen=True, slots=True)
class Flag:
    """An option of the command line and its value, such as `--rename-class bike=bicycle`."""

    option: str
    value: str

    def __str__(self) -> str:
        return f"{self.option} {shlex.quote(self.value)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One answer: what it does, and the flags that, given together, mean it; a `broad` flag means it of more."""

    text: str
    flags: tuple[Flag, ...]
    broad: Flag | None = None

    def __str__(self) -> str:
        also = f" (of all: {self.broad})" if self.broad is not None else ""
        return f"{self.text}: {' '.join(map(str, self.flags))}{also}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What may have happened. `evident` is the place of the choice that the evidence leaves no doubt of."""

    text: str
    choices: tuple[Choice, ...]
    evident: int | None = None


Ask = Callable[[Question], Choice]
"""Puts a question to a person."""


class Judge:
    """Decides questions by the flags that were given, else by clear evidence, else by asking.

    Where nobody can be asked, open questions are collected; `settle` then refuses to go on.
    """

    def __init__(self, given: Iterable[Flag] = (), ask: Ask | None = None, *, certain: bool = False) -> None:
        """`certain`: the first choice is always meant."""
        self.given = frozenset(given)
        self._certain = certain
        self._ask = ask
        self._open: list[Question] = []
        self._offered: set[Flag] = set()
        self._used: set[Flag] = set()

    def decide(self, question: Question) -> Choice:
        """The choice that is meant; of an open question, the first for the time being."""
        self._offered |= {flag for choice in question.choices for flag in choice.flags}
        for choice in question.choices:
            for flags in (choice.flags, () if choice.broad is None else (choice.broad,)):
                if flags and self.given.issuperset(flags):
                    self._used |= set(flags)
                    return choice
        if self._certain:
            return question.choices[0]
        if question.evident is not None:
            return question.choices[question.evident]
        if self._ask is not None:
            return self._ask(question)
        self._open.append(question)
        return question.choices[0]

    def settle(self) -> None:
        """Raise UsageError if a question is open: it lists the questions, their choices and flags."""
        if not self._open:
            return
        lines = []
        for question in self._open:
            lines.append(question.text)
            lines += [f"  {choice}" for choice in question.choices]
        count = len(self._open)
        raise UsageError(
            "1 change may mean several things" if count == 1 else f"{count} changes may mean several things each",
            where="\n".join(lines),
            hint="say what is meant with these options, or answer at a terminal",
        )

    def finish(self) -> None:
        """Raise UsageError if a flag was given that nothing in the data bears out."""
        unused = sorted(self.given - self._used, key=str)
        if unused:
            offered = sorted(str(flag) for flag in self._offered)
            raise UsageError(
                f"nothing that changed bears out {unused[0]}",
                hint=did_you_mean(str(unused[0]), offered) or "leave the option out",
            )

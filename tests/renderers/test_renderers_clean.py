import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsv.renderers._clean import clean, clean_lines

anything = st.text(st.characters(), max_size=60)
BIDI = {"RLO", "LRO", "RLE", "LRE", "PDF", "LRI", "RLI", "FSI", "PDI"}


@given(anything)
def test_nothing_that_acts_on_a_terminal_is_left(value: str) -> None:
    for character in clean(value):
        assert unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp")
        assert unicodedata.bidirectional(character) not in BIDI
        assert not 0xE0000 <= ord(character) <= 0xE0FFF


@given(anything)
def test_cleaning_again_changes_nothing(value: str) -> None:
    assert clean(clean(value)) == clean(value)


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"], exclude_characters="\u115f\u1160\u3164\uffa0")))
def test_visible_text_stays(value: str) -> None:
    assert clean(value) == value


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[31mred", "<U+001B>[31mred"),
        ("a\nb", "a⏎b"),
        ("a\r\nb", "a<U+000D>⏎b"),
        ("\x07\x7f\x9b", "<U+0007><U+007F><U+009B>"),
        ("abc\u202edcba", "abc<U+202E>dcba"),
        ("a\u200bb\ufeff", "a<U+200B>b<U+FEFF>"),
        ("\U000e0041", "<U+E0041>"),
        ("\udc80", "<U+DC80>"),
    ],
)
def test_examples(raw: str, shown: str) -> None:
    assert clean(raw) == shown


def test_lines_of_our_own_texts_are_kept() -> None:
    assert clean_lines("one\n\x1btwo") == "one\n<U+001B>two"

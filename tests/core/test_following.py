"""Questions that go on from the one before, and those that do not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automic_core.assist.asking import grammar
from automic_core.assist.asking.answers import Answer
from automic_core.assist.asking.following import follow
from automic_core.assist.asking.lexicon import Lexicon
from tests.core.asked import lexicon, runner

Ask = Callable[..., Answer]


@pytest.fixture(scope="module")
def words() -> Lexicon:
    return lexicon()


@pytest.fixture(scope="module")
def ask(words: Lexicon) -> Ask:
    run = runner()

    def asked(*conversation: str) -> Answer:
        *before, question = conversation
        followed = follow(question, before, words)
        if followed is None:
            return grammar.ask(question, words, run)
        if followed.query is None:
            return grammar.abstain(question, words, followed.problem, followed.words)
        return grammar.answer(question, followed.query, words, run)

    return asked


@pytest.mark.parametrize(
    ("conversation", "rows", "read"),
    [
        (
            ("How many stays are there?", "only business"),
            [(2,)],
            "Shows the number of stays where stays.kind is business.",
        ),
        (("How many stays are there?", "only business", "and holiday?"), [(4,)], "stays.kind is holiday."),
        (("How many stays are there?", "for each kind"), [("business", 2), ("holiday", 4)], "for each stays.kind."),
        (
            ("How many stays are there for each kind?", "by house instead"),
            [("Mill", 1), ("Old Inn", 3), ("Red Barn", 2)],
            "",
        ),
        (("How many stays are there for each kind?", "top 1"), [("holiday", 4)], "the first one only."),
        (
            ("How many stays are there for each kind?", "top 1", "what about the fewest?"),
            [("business", 2)],
            "lowest first",
        ),
        (("Which house has the most stays?", "and the least?"), [("Mill",)], "lowest first"),
        (("What is the average nights of stays?", "and the maximum?"), [(14,)], "Shows the most stays.nights."),
        (("What is the average nights of stays?", "only for business", "what about the total?"), [(3,)], "business"),
        (("How many stays are there?", "what about houses?"), [(3,)], "Shows the number of houses."),
        (("How many stays are there?", "with more than 6 nights"), [(3,)], "stays.nights is more than 6."),
        (("List the names of houses.", "in Ulm"), [("Mill",), ("Red Barn",)], "houses.town is Ulm."),
        (
            ("List the names of houses.", "and their town"),
            [("Mill", "Ulm"), ("Old Inn", "Bonn"), ("Red Barn", "Ulm")],
            "",
        ),
        (("What is the average nights of stays?", "how many?"), [(6,)], "Shows the number of stays."),
    ],
)
def test_it_goes_on_from_the_question_before(
    ask: Ask, conversation: tuple[str, ...], rows: list[object], read: str
) -> None:
    found = ask(*conversation)
    assert found.frame is not None, found.explanation
    got = sorted(tuple(sorted(map(str, row))) for row in found.frame.rows())
    assert got == sorted(tuple(sorted(map(str, row))) for row in rows), found.sql
    assert read in found.explanation


@pytest.mark.parametrize(
    "question", ["How many houses are there?", "And how many houses are there?", "List the towns."]
)
def test_a_whole_question_stands_for_itself(words: Lexicon, question: str) -> None:
    assert follow(question, ["How many stays are there for each kind?"], words) is None


def test_the_first_question_follows_nothing(words: Lexicon) -> None:
    assert follow("and in Ulm?", [], words) is None


@pytest.mark.parametrize(
    ("conversation", "why"),
    [
        (("How many stays are there?", "and by flavour?"), "“flavour”"),
        (("How many stays are there?", "what about the average?"), "nothing that this could change"),
        (("How many unicorns are there?", "only for Ulm"), "which the grammar cannot read itself"),
        (("How many unicorns are there?", "top 5 unicorns by height"), "unicorns"),
        (("How many stays are there?", "and?"), "not clear what it changes"),
        (("What is the average nights of stays?", "and their kind"), "not clear what it changes"),
    ],
)
def test_what_cannot_be_read_so_is_no_answer(ask: Ask, conversation: tuple[str, ...], why: str) -> None:
    found = ask(*conversation)
    assert found.sql is None
    assert why in found.explanation


def test_what_was_not_answered_changes_nothing(ask: Ask) -> None:
    found = ask("How many stays are there?", "by flavour", "only business")
    assert found.frame is not None
    assert found.frame.item() == 2


_PARTS = [
    "and",
    "only",
    "by",
    "for",
    "in",
    "Ulm",
    "business",
    "kind",
    "town",
    "the lowest",
    "average",
    "top 3",
    "instead",
    "houses",
    "2024",
    "?",
]


@settings(max_examples=120)
@given(st.lists(st.lists(st.one_of(st.sampled_from(_PARTS), st.text(max_size=5)), max_size=5), max_size=4))
def test_any_conversation_is_read_or_not_but_never_fails(turns: list[list[str]]) -> None:
    words, run = _KNOWN
    *before, question = ["How many stays are there for each kind?", *(" ".join(turn) for turn in turns)]
    followed = follow(question, before, words)
    if followed is not None and followed.query is not None:
        found = grammar.answer(question, followed.query, words, run)
        assert (found.sql is None) == (found.frame is None)
    elif followed is not None:
        assert followed.problem


_KNOWN = (lexicon(), runner())

"""Kinds of columns: the forest in plain arrays, and what it says about columns anybody can judge."""

from __future__ import annotations

import json
import math
from importlib.resources import files

import numpy as np
import polars as pl
import pytest

from automic_core import infer_exact, infer_schema
from automic_core.inference import infer
from automic_core.inference.evidence import ColumnEvidence, ColumnKind
from automic_core.inference.kinds import KINDS, propose_kinds
from automic_core.inference.kinds.facts import ColumnFacts, table_facts
from automic_core.inference.kinds.features import features, terms
from automic_core.inference.kinds.forms import FORMS
from automic_core.inference.kinds.model import Forest, forest

N = 120
CITIES = ("Rome", "Oslo", "Paris", "Bern")
COLUMNS: dict[str, tuple[list[str | None], str]] = {
    "order_id": ([str(i) for i in range(1, N + 1)], "not-generalizable"),
    "temperature": ([f"{math.sin(i) * 30:.2f}" for i in range(N)], "numeric"),
    "price": ([f"${1 + i % 9},{100 + i}" for i in range(N)], "embedded-number"),
    "status": ([("open", "paid", "closed")[i % 3] for i in range(N)], "categorical"),
    "city": ([CITIES[i % 4] for i in range(N)], "categorical"),
    "created": ([f"2024-0{1 + i % 9}-1{i % 10} 10:{10 + i % 50}:00" for i in range(N)], "datetime"),
    "website": ([f"https://example.org/item/{i}" for i in range(N)], "url"),
    "review": (
        [f"It is a very nice thing, and number {i} was the best of all that I had." for i in range(N)],
        "sentence",
    ),
    "genres": ([", ".join(("drama", "crime", "war", "music")[: 2 + i % 3]) for i in range(N)], "list"),
    "constant": (["x"] * N, "not-generalizable"),
    "nothing": ([None] * N, "not-generalizable"),
}


def proposals(frame: pl.DataFrame) -> dict[str, ColumnKind | None]:
    return {each.name: each.kind for each in infer(frame).columns}


def test_what_anybody_would_say() -> None:
    schema = pl.Schema(dict.fromkeys(COLUMNS, pl.String))
    found = proposals(pl.DataFrame({name: values for name, (values, _) in COLUMNS.items()}, schema=schema))
    told = {name: kind.name for name, kind in found.items() if kind}
    assert told == {name: kind for name, (_, kind) in COLUMNS.items()}


def test_the_schema_carries_the_kind_and_the_types_stay() -> None:
    frame = pl.DataFrame({"status": ["open", "paid", None] * 20, "amount": ["1.5", "2.5", "x"] * 20})
    with_kinds, without = infer_schema(frame), infer_schema(frame, detect_kinds=False)
    status = with_kinds.field_named("status")
    assert status is not None
    assert status.kind == "categorical"
    assert status.kind_confidence is not None
    assert 0.5 < status.kind_confidence <= 1
    assert [(f.type, f.confidence, f.pattern) for f in with_kinds.fields] == [
        (f.type, f.confidence, f.pattern) for f in without.fields
    ]
    assert [f.kind for f in without.fields] == [f.kind for f in infer_exact(frame).fields] == [None, None]


def test_evidence_is_about_the_column() -> None:
    frame = pl.DataFrame({"status": ["open", "paid", "closed"] * 40, "share": [f"{i}.5%" for i in range(120)]})
    found = proposals(frame)
    status, share = found["status"], found["share"]
    assert status is not None
    assert share is not None
    assert "3 different values in 120 rows" in status.evidence
    assert share.name == "embedded-number"
    assert any("percent" in each or "number" in each for each in share.evidence)
    for kind in (status, share):
        assert 1 <= len(kind.evidence) <= 4
        assert kind.rival in KINDS
        assert kind.rival_confidence <= kind.confidence


def test_typed_columns_say_the_same_as_text() -> None:
    texts = pl.DataFrame({"price": [f"{i}.25" for i in range(N)], "visits": [str(i * 7 % 90) for i in range(N)]})
    typed = texts.cast({"price": pl.Float64, "visits": pl.Int64})
    assert proposals(texts) == proposals(typed)


def test_odd_columns() -> None:
    frame = pl.DataFrame(
        {
            "^a$": ["x", "y"],
            "": ["1", "2"],
            "nan": [math.nan, math.inf],
            "list": [[1, 2], []],
            "struct": [{"a": 1}, None],
            "binary": [b"\x00", None],
            "flag": [True, None],
            "long": ["a" * 100_000, "\x00"],
            "huge": ["1e308", "-1e308"],
            "nothing": [None, None],
        }
    )
    assert all(kind is not None and kind.name in KINDS for kind in proposals(frame).values())
    assert proposals(frame.clear()) == dict.fromkeys(frame.columns)
    assert propose_kinds([]) == []


def facts(frame: pl.DataFrame) -> list[ColumnFacts]:
    evidence = {name: ColumnEvidence(name, "", rows=frame.height, nulls=0) for name in frame.columns}
    return table_facts(frame.lazy(), evidence, ("", "na"))


def test_facts() -> None:
    frame = pl.DataFrame({"a": [" 1", "2 ", "2", "na"], "b": ["1", "x", "2", "3"], "c": ["3.5"] * 4})
    a, b, c = facts(frame)
    assert (a.mean, a.least, a.most, a.distinct, a.samples) == (pytest.approx(5 / 3), 1.0, 2.0, 2, ("1", "2"))
    assert (b.mean, b.deviation, b.distinct) == (None, None, 4)
    assert (c.deviation, c.samples) == (0.0, ("3.5",))


def test_features_have_the_same_names_for_all_columns() -> None:
    number, text, empty = (features(each) for each in facts(pl.DataFrame({"a": ["1"], "b": ["x y"], "c": ["na"]})))
    assert list(number) == list(text) == list(empty)
    assert number["number all"] == 1.0
    assert math.isnan(text["number mean"])
    assert math.isnan(empty["length mean"])
    assert text["words mean"] == pytest.approx(math.log(3))


def test_terms() -> None:
    (one,) = facts(pl.DataFrame({"OrderDate2": ["Monday 12345", "July 7"]}))
    found = terms(one)
    assert {"first order", "last date", "word order", "value monday", "value july", "value 7"} <= found
    assert "value 12345" not in found


@pytest.mark.parametrize(
    ("form", "yes", "no"),
    [
        ("a whole number", "-12", "1.2"),
        ("a decimal number", "1e-05", "12"),
        ("a number with thousands separators", "1 234,5", "1234"),
        ("a percentage", "12.5 %", "12"),
        ("an amount of money", "$1,000.00", "1000"),
        ("a number with a unit", "12 kg", "12"),
        ("a date in digits", "31/12/1999", "31/12"),
        ("a date with a month's name", "12 Mar 2020", "12 apples"),
        ("a few capital letters", "USA", "usa"),
        ("words with capitals", "New York", "new york"),
        ("a web address", "HTTPS://example.org", "example"),
        ("text in brackets", "[1,\n2]", "1, 2"),
        ("a full sentence", "It is so.", "so"),
    ],
)
def test_forms(form: str, yes: str, no: str) -> None:
    assert FORMS[form].match(yes)
    assert not FORMS[form].match(no)


def small() -> Forest:
    """Two classes, one tree each: size up to 5 speaks for the second; blanks go left."""
    return Forest.read(
        {
            "version": 1, "origin": "a test", "classes": ["a", "b"], "inputs": ["size", "word x"], "base": [0.5, 0.0],
            "heat": 2.0, "unit": 10, "roots": [0, 3], "feature": [1, -1, -1, 0, -1, -1],
            "threshold": [0.5, 0, 0, 5, 0, 0], "blank": [0, 0, 0, 1, 0, 0], "right": [2, 0, 0, 5, 0, 0],
            "value": [0, -10, 10, 5, 20, -10],
        }
    )  # fmt: skip


def test_a_small_forest() -> None:
    model = small()
    matrix = model.matrix([{"size": 5.0, "other": 1.0}, {"size": 6.0}, {"size": math.nan}], [{"word x"}, set(), set()])
    assert matrix[0].tolist() == [5.0, 1.0]
    scores, shares = model.shares(matrix)
    assert scores.tolist() == [[1.5, 2.0], [-0.5, -1.0], [-0.5, 2.0]]
    assert model.scores(matrix).tolist() == scores.tolist()
    assert shares[0].tolist() == [[0.0, 1.0], [1.5, 0.0]]
    chances = model.probabilities(scores)
    assert chances.sum(axis=1) == pytest.approx([1, 1, 1])
    assert chances[0, 1] == pytest.approx(1 / (1 + math.exp(-0.25)))
    assert model.scores(matrix[:0]).shape == (0, 2)


def test_other_versions_are_refused() -> None:
    with pytest.raises(ValueError, match="version 2"):
        Forest.read({"version": 2})


def test_what_ships() -> None:
    text = files("automic_core.inference.kinds").joinpath("weights.json").read_text(encoding="utf-8")
    assert len(text) < 1_000_000
    assert "Apache-2.0" in json.loads(text)["origin"]
    model = forest()
    assert set(model.classes) == set(KINDS)
    inner = model.feature >= 0
    assert (model.right[inner] > np.flatnonzero(inner) + 1).all()
    figures = set(features(facts(pl.DataFrame({"a": ["1"]}))[0]))
    known = ("part ", "word ", "first ", "last ", "value ")
    assert all(name in figures or name.startswith(known) for name in model.inputs)


def test_shares_add_up() -> None:
    model = forest()
    one = facts(pl.DataFrame({"amount": ["1.5", "2.5"]}))[0]
    matrix = model.matrix([features(one)], [terms(one)])
    scores, shares = model.shares(matrix)
    roots = model.value[model.roots].reshape(-1, len(model.classes)).sum(axis=0)
    assert scores[0] == pytest.approx(model.base + roots + shares[0].sum(axis=1))


def test_a_column_with_leading_zeros_is_no_number_to_calculate_with() -> None:
    codes = pl.DataFrame({"Kundennummer": [f"{i:05}" for i in range(1, 202)], "PLZ": ["10115", "00123", "80331"] * 67})
    for found in infer(codes).columns:
        assert found.kind is not None
        assert "numeric" not in (found.kind.name, found.kind.rival)
        assert found.kind.evidence[0].startswith("digits with leading zeros")
    plain = infer(pl.DataFrame({"Menge": [str(i * 7 % 90) for i in range(201)]})).columns[0]
    assert plain.kind is not None
    assert plain.kind.name == "numeric"

"""The semantic layer: read with every problem and its line, bound to the tables, understood in questions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automic_core import Lakehouse, workbench, yamltext
from automic_core.assist.asking.semantic_proposals import propose
from automic_core.assist.asking.semantic_yaml import parse, written
from automic_core.assist.asking.semantics import SemanticJoin, Semantics, SemanticTable, Term
from automic_core.errors import ConfigError, SecurityError
from automic_core.inference.foreign_keys import foreign_keys
from automic_core.medallion import semantic
from tests.core.asked import TABLES

LAYER = """\
version: 1
tables:
  silver.stays:
    description: One row a stay
    synonyms: [visit]
    dimensions:
      month: {sql: "date_trunc('month', arrived)::DATE"}
      year: {sql: year(arrived)}
      kind: {synonyms: [sort of stay]}
    measures:
      income: {sql: sum(paid_eur), synonyms: [revenue, turnover]}
      price: {sql: sum(paid_eur) / sum(nights), description: Euros a night}
  silver.houses:
    synonyms: [place to stay]
joins:
- silver.stays.house_id = silver.houses.house_id
"""


@pytest.fixture
def lake(asked_lake: Path) -> Iterator[Lakehouse]:
    with Lakehouse.open(asked_lake, actor="ada") as opened:
        yield opened


@pytest.fixture
def taught(lake: Lakehouse) -> Lakehouse:
    semantic.save(lake.context, LAYER)
    return lake


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("What is the income?", [(2870.0,)]),
        ("What is the total revenue?", [(2870.0,)]),
        ("What is the turnover for each year?", [(850.0, 2023), (2020.0, 2024)]),
        ("What is the income of each house?", [(1000.0, "Red Barn"), (240.0, "Mill"), (1630.0, "Old Inn")]),
        ("What is the price of holiday visits?", [(2420.0 / 31,)]),
        ("How many visits are there for each sort of stay?", [(4, "holiday"), (2, "business")]),
        ("How many places to stay are there?", [(3,)]),
        ("How many stays were there in 2024?", [(4,)]),
        ("Which house has the highest income?", [("Old Inn",)]),
        ("Which year has the lowest revenue?", [(2023,)]),
    ],
)
def test_its_words_are_understood(taught: Lakehouse, question: str, rows: list[tuple[object, ...]]) -> None:
    found = taught.ask(question)
    assert found.frame is not None, found.explanation
    got = sorted(
        tuple(sorted(f"{v:.4f}" if isinstance(v, float) else str(v) for v in row)) for row in found.frame.rows()
    )
    want = sorted(tuple(sorted(f"{v:.4f}" if isinstance(v, float) else str(v) for v in row)) for row in rows)
    assert got == want, found.sql


def test_without_it_they_are_not(lake: Lakehouse) -> None:
    assert "turnover" in lake.ask("What is the turnover for each year?").unknown


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("What is the average income?", "over what income is to be taken together"),
        ("Which houses have an income of more than 500?", "of which rows income is to be compared"),
    ],
)
def test_a_measure_is_not_taken_for_a_column(taught: Lakehouse, question: str, why: str) -> None:
    found = taught.ask(question)
    assert found.sql is None
    assert why in found.explanation


def test_a_measure_is_not_added_up_over_rows_that_a_join_repeats(lake: Lakehouse) -> None:
    houses = "  silver.houses:\n    measures: {houses_owned: {sql: count(house_id)}}\n"
    semantic.save(lake.context, LAYER.replace("  silver.houses:\n    synonyms: [place to stay]\n", houses))
    found = lake.ask("What is the houses owned for each kind?")
    assert found.sql is None
    assert "shared among" in found.explanation


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("silver.stays:", "silver.stay:", 3, "There is no table silver.stay."),
        ("synonyms: [visit]", "synonym: [visit]", 5, "Unknown key 'synonym'."),
        ("year(arrived)", "year(arived)", 8, "arived"),
        ("year(arrived)", "max(arrived)", 8, "tells rows apart"),
        ("kind: {synonyms", "kinds: {synonyms", 9, "has no column kinds"),
        ("sum(paid_eur), syn", "paid_eur, syn", 11, "a measure sums up rows"),
        ("sum(paid_eur), syn", "sum(paid_eur) FROM silver.houses, syn", 11, "more than one expression"),
        ("{sql: sum(paid_eur), syn", "{sql: 'sum(paid_eur) AS x', syn", 11, "names its value"),
        ("{sql: sum(paid_eur), syn", "{sql: \"getenv('HOME')\", syn", 11, "getenv is not allowed"),
        (
            "{sql: sum(paid_eur), syn",
            "{sql: '(SELECT 1 FROM silver.houses)', syn",
            11,
            "more than one expression",
        ),
        ("turnover]", "price]", 12, "stands for both"),
        ("price: {sql: sum(paid_eur) / sum(nights), ", "price: {", 12, "has no SQL"),
        ("- silver.stays.house_id =", "- silver.stays.house =", 16, "There is no column silver.stays.house."),
        ("- silver.stays.house_id =", "- stays", 16, "is no join"),
        ("version: 1", "version: 2", 1, "Version 2 is not known."),
    ],
)
def test_each_problem_is_told_with_its_line(lake: Lakehouse, old: str, new: str, line: int, message: str) -> None:
    assert old in LAYER
    text = LAYER.replace(old, new, 1)
    found = semantic.check(lake.context, text).problems
    assert any(each.line == line and message in each.message for each in found), found
    with pytest.raises(ConfigError, match=rf"semantic\.yaml, line {line}"):
        semantic.save(lake.context, text)


def test_a_part_that_is_wrong_is_left_out_and_said(lake: Lakehouse) -> None:
    (lake.context.root / semantic.FILE).write_text(LAYER.replace("sum(paid_eur) /", "sum(paid) /"), encoding="utf-8")
    found = lake.ask("What is the turnover?")
    assert found.frame is not None
    assert "semantic.yaml, line 12" in found.notes[-1]


def test_no_yaml_is_said_and_the_tables_are_asked_by_their_names(lake: Lakehouse) -> None:
    (lake.context.root / semantic.FILE).write_text("tables: [", encoding="utf-8")
    found = lake.ask("How many stays are there?")
    assert found.frame is not None
    assert "The semantic layer is not read." in found.notes[-1]


def test_a_proposal_is_good_as_it_stands_and_says_what_it_is_from(lake: Lakehouse) -> None:
    text = workbench.proposed_semantics(lake)
    view = workbench.check_semantics(lake, text)
    assert view.problems == ()
    told = {(each.what, each.name): each.told for each in view.parts}
    assert told["dimension", "silver.stays.year"] == "2 different values"
    assert told["dimension", "silver.stays.kind"] == "2 different values"
    assert told["measure", "silver.stays.total_nights"] == "34 over all rows"
    assert told["join", "silver.stays.house_id = silver.houses.house_id"] == "6 of 6 rows find theirs"
    workbench.begin_semantics(lake, text)
    found = lake.ask("What is the total nights for each year?")
    assert found.frame is not None
    with pytest.raises(ConfigError, match="already"):
        workbench.begin_semantics(lake, text)


def test_revenue_is_proposed_where_there_are_prices_and_quantities() -> None:
    lines = pl.DataFrame({"quantity": [1, 2], "unit_price": [2.5, 3.0]})
    terms = propose({"silver.lines": lines}, []).tables["silver.lines"].terms
    assert terms["revenue"].sql == "sum(quantity * unit_price)"


def test_what_a_change_does_is_told(taught: Lakehouse) -> None:
    text = LAYER.replace("sum(paid_eur), synonyms", "max(paid_eur), synonyms").replace("[visit]", "[visit, trip]")
    text = text.replace("- silver.stays.house_id = silver.houses.house_id\n", "")
    changes = {(each.sign, each.text) for each in workbench.check_semantics(taught, text).changes}
    assert any(
        s == "~" and "income: sum(paid_eur)" in t and "→ max(paid_eur)" in t and "980.00" in t for s, t in changes
    )
    assert any(s == "~" and "trip" in t for s, t in changes)
    assert any(s == "-" and t.startswith("join silver.stays.house_id") for s, t in changes)
    assert workbench.check_semantics(taught).changes == ()


def test_a_lake_that_is_only_looked_at_keeps_its_words(asked_lake: Path) -> None:
    with Lakehouse.open(asked_lake, read_only=True) as lake, pytest.raises(SecurityError):
        semantic.save(lake.context, LAYER)


def test_reads_what_it_writes() -> None:
    said = propose(TABLES, foreign_keys(TABLES))
    assert parse(written(said)).semantics == said
    assert parse("").semantics == Semantics()


_NAMES = st.text("abcdefgh_", min_size=1, max_size=8)
_TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=20).map(str.strip)
_TERMS = st.builds(Term, _NAMES, _TEXTS.filter(bool), _TEXTS, st.lists(_NAMES, max_size=3).map(tuple), st.booleans())


@given(st.lists(_TERMS, max_size=4, unique_by=lambda term: term.name), _TEXTS)
def test_any_layer_is_read_as_it_was_written(terms: list[Term], description: str) -> None:
    table = SemanticTable("silver.t", description, (), {each.name: each for each in terms})
    said = Semantics({"silver.t": table}, (SemanticJoin("silver.t", "a", "silver.u", "b"),))
    found = parse(written(said)).semantics
    assert found.joins == said.joins
    assert dict(found.tables["silver.t"].terms) == dict(table.terms)


_KEYS = st.one_of(st.sampled_from(["tables", "joins", "measures", "sql", "synonyms"]), _NAMES)
_DATA = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), _NAMES),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_KEYS, inner, max_size=3)),
    max_leaves=12,
)


@given(_DATA)
def test_any_yaml_is_read_or_has_a_problem_with_a_line(data: object) -> None:
    text = yamltext.dump(data)
    found = parse(text)
    assert all(1 <= each.line <= text.count("\n") + 1 for each in found.problems)


def test_the_command_proposes_shows_and_checks(
    lake: Lakehouse, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from automic_core import cli

    where = ["--lake", str(lake.context.root)]
    assert cli.run(["semantic", "show", *where]) == 0
    assert "automic semantic propose --write" in capsys.readouterr().out
    assert cli.run(["semantic", "propose", "--write", *where]) == 0
    assert cli.run(["semantic", "check", *where]) == 0
    assert "is good" in capsys.readouterr().out
    file = tmp_path / "other.yaml"
    file.write_text(LAYER.replace("year(arrived)", "year(arived)"), encoding="utf-8")
    assert cli.run(["semantic", "check", str(file), *where]) == 1
    assert "other.yaml, line 8: year: " in capsys.readouterr().err

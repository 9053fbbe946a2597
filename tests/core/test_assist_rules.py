"""Proposals: found where the data holds them, silent where it does not, measured with counter-examples."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from automic_core import frames, workbench
from automic_core.assist.figures import figure
from automic_core.assist.proposals import Proposal
from automic_core.assist.rules import rules_for
from automic_core.assist.steps import steps_for
from automic_core.lake import Lakehouse

ROWS = 400


def table(**columns: Any) -> pl.DataFrame:
    return frames.track(pl.DataFrame({"n": range(ROWS), **columns}).lazy()).collect()


def proposed(rows: pl.DataFrame, keys: tuple[str, ...] = ()) -> dict[tuple[str, ...], Proposal]:
    found = [*rules_for(rows, keys), *steps_for(rows, keys)]
    return {(each.kind, *sorted(each.columns)): each for each in found}


def with_some(value: Callable[[int], Any], odd: Any, at: tuple[int, ...]) -> list[Any]:
    return [odd if n in at else value(n) for n in range(ROWS)]


def test_a_column_that_is_almost_always_there() -> None:
    few = table(city=with_some(lambda n: f"town {n}", None, (3, 9)))
    found = proposed(few)[("not_null", "city")]
    assert (found.agree, found.of, found.affected) == (ROWS - 2, ROWS, 2)
    assert found.examples == ["row 3: no value", "row 9: no value"]
    assert ("not_null", "city") not in proposed(table(city=[None if n % 5 == 0 else f"t{n}" for n in range(ROWS)]))
    assert ("not_null", "city") not in proposed(table(city=[f"town {n}" for n in range(ROWS)])), "no noise"


def test_a_key_is_a_contract() -> None:
    found = proposed(table(order_id=[f"A-{n:05}" for n in range(ROWS)]), ("order_id",))
    assert found[("not_null", "order_id")].affected == 0
    assert found[("unique", "order_id")].options == {"columns": ["order_id"]}
    assert found[("regex", "order_id")].options["pattern"] == r"^[A-Z]-\d{5}$"
    again = proposed(table(order_id=[f"A-{n // 2:05}" for n in range(ROWS)]), ("order_id",))
    assert ("unique", "order_id") not in again, "what fails is not proposed as a gate"


def test_a_bound_in_a_gap() -> None:
    random.seed(1)
    amounts = [random.uniform(5, 480) for _ in range(ROWS)]
    assert ("range", "amount") not in proposed(table(amount=amounts))
    amounts[7], amounts[20] = 90_000.0, -4.0
    found = proposed(table(amount=amounts))[("range", "amount")]
    assert found.options == {"columns": ["amount"], "min": 0, "max": 500}
    assert found.affected == 2
    assert found.examples[0].startswith("row 7: ")


def test_numbers_are_written_out() -> None:
    random.seed(1)
    amounts = [random.uniform(5, 900_000) for _ in range(ROWS)]
    amounts[7] = 9_000_000_000.0
    found = proposed(table(amount=amounts))[("range", "amount")]
    assert (found.title, found.examples) == ("amount is at most 900,000", ["row 7: 9,000,000,000"])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e6, "1,000,000"),
        (1500000.63, "1,500,000.63"),
        ("12.50", "12.5"),
        (1e-7, "0.0000001"),
        (-2000, "-2,000"),
        (0.0, "0"),
        (1e16, "10,000,000,000,000,000"),
        (1e300, "1e+300"),
        (float("nan"), "nan"),
        ("ten", "ten"),
    ],
)
def test_a_figure(value: Any, text: str) -> None:
    assert figure(value) == text


@pytest.mark.parametrize("name", ["KdNr", "customer_no", "customer_id", "ID", "partnerRef"])
def test_which_customers_occur_is_no_rule(name: str) -> None:
    values = [f"{'abcdefgh'[n % 8]}x" for n in range(ROWS)]
    assert ("set", "status") in proposed(table(status=values)), "the values alone would make a category"
    assert ("set", name) not in proposed(table(**{name: values}))


@pytest.mark.parametrize("form", ["{:05}", "C-{:03}", "ab {:04}"])
def test_values_that_count_things_are_no_categories(form: str) -> None:
    values = [form.format(100 + n % 4) for n in range(ROWS)]
    found = proposed(table(customer=values))
    assert ("set", "customer") not in found


def test_a_code_of_countries_is_a_category() -> None:
    values = [("DE", "AT", "CH")[n % 3] for n in range(ROWS)]
    assert proposed(table(country_code=values))[("set", "country_code")].options["values"] == ["AT", "CH", "DE"]


def test_a_long_tail_is_no_error() -> None:
    random.seed(2)
    assert ("range", "amount") not in proposed(table(amount=[random.lognormvariate(3, 1) for _ in range(ROWS)]))


def test_dates_years_away() -> None:
    days = [date(2024, 1, 1) + timedelta(days=n % 300) for n in range(ROWS)]
    assert ("range", "day") not in proposed(table(day=days))
    days[5] = date(1899, 12, 30)
    found = proposed(table(day=days))[("range", "day")]
    assert found.affected == 1
    assert found.options["min"] <= "2023-01-01"
    assert "1899-12-30" in found.examples[0]


def test_categories_with_a_slip() -> None:
    words = with_some(lambda n: ("paid", "placed", "shipped")[n % 3], "pade", (11,))
    found = proposed(table(status=words))[("set", "status")]
    assert found.options["values"] == ["paid", "placed", "shipped"]
    assert (found.affected, found.examples) == (1, ["row 11: 'pade'"])
    satisfied = proposed(table(status=[("paid", "placed")[n % 2] for n in range(ROWS)]))[("set", "status")]
    assert satisfied.rank < found.rank
    assert ("set", "name") not in proposed(table(name=[f"name {n}" for n in range(ROWS)]))


def test_one_word_in_several_cases() -> None:
    words = with_some(lambda n: ("paid", "placed")[n % 2], "PAID", (2, 4))
    found = proposed(table(status=words))
    assert found[("text", "status")].options == {"columns": ["status"], "case": "lower", "trim": True}
    assert found[("text", "status")].affected == 2
    assert ("set", "status") not in found, "clean first, then fix the set"
    upper = proposed(table(code=with_some(lambda n: ("DE", "FR")[n % 2], "de", (2,))))
    assert upper[("text", "code")].options["case"] == "upper"


def test_blanks_and_texts_that_mean_no_value() -> None:
    rows = table(
        city=with_some(lambda n: f"town {n}", " town ", (1,)), phone=with_some(lambda n: f"+{n}", "n/a", (6, 8))
    )
    found = proposed(rows)
    assert found[("text", "city")].examples == ["row 1: ' town '"]
    assert found[("nulls", "phone")].affected == 2
    assert found[("nulls", "phone")].options["strategy"] == "remove_fields"


def test_forms_and_addresses() -> None:
    rows = table(
        email=with_some(lambda n: f"p{n}@example.org", "p at example", (5,)),
        plate=with_some(lambda n: f"B-{n:04}", "B-12", (6,)),
        text=[f"{'word ' * (n % 9)}{n}" for n in range(ROWS)],
        day=[f"2024-01-{n % 28 + 1:02}" for n in range(ROWS)],
    )
    found = proposed(rows)
    assert found[("regex", "email")].examples == ["row 5: 'p at example'"]
    assert found[("regex", "plate")].options["pattern"] == r"^[A-Z]-\d{4}$"
    assert ("regex", "text") not in found
    assert ("regex", "day") not in found, "dates are for the schema to type"


def test_equal_rows_and_people_twice() -> None:
    base: dict[str, list[Any]] = {
        "id": [f"{n:04}" for n in range(ROWS)],
        "email": [f"p{n}@example.org" for n in range(ROWS)],
        "born": [date(1950, 1, 1) + timedelta(days=41 * n) for n in range(ROWS)],
        "city": [f"town {n % 40}" for n in range(ROWS)],
    }
    assert not [kind for kind, *_ in proposed(_people(base), ("id",)) if kind == "dedup"]
    twice = {name: [*values[:-2], values[0], values[1]] for name, values in base.items()}
    twice["city"][-1] = "elsewhere"
    twice["id"] = base["id"]
    found = proposed(_people(twice), ("id",))
    assert found[("dedup",)].affected == 1
    assert found[("dedup", "born", "email")].affected == 2
    assert "p1@example.org" in found[("dedup", "born", "email")].examples[1]


def _people(columns: dict[str, Any]) -> pl.DataFrame:
    return frames.track(pl.DataFrame(columns).lazy()).collect()


def test_one_date_after_another() -> None:
    start = [date(2024, 1, 1) + timedelta(days=n % 200) for n in range(ROWS)]
    end = [day + timedelta(days=3) for day in start]
    assert not [kind for kind, *_ in proposed(table(start=start, end=end)) if kind == "sql"]
    end[9] = date(2023, 1, 1)
    found = [each for each in proposed(table(start=start, end=end)).values() if each.kind == "sql"]
    assert [each.options["sql"] for each in found] == ['"start" <= "end"']
    assert found[0].affected == 1


def test_few_rows_suggest_nothing() -> None:
    assert list(rules_for(table(a=list(range(ROWS))).head(10), ())) == []
    assert list(steps_for(table(a=["x "] * ROWS).head(10), ())) == []


# On the demo


@pytest.fixture
def lake(demo_lake: Path) -> Any:
    with Lakehouse.open(demo_lake, actor="ann") as opened:
        yield opened


@pytest.mark.parametrize("name", ["customers", "orders", "products", "countries"])
def test_each_suggestion_runs_and_does_what_it_says(lake: Lakehouse, name: str) -> None:
    empty: dict[str, Any] = {"schema": {}, "steps": [], "rules": []}
    found = workbench.suggestions(lake, name, empty)
    assert 0 < len(found) <= 20
    assert [each.rank for each in found] == sorted((each.rank for each in found), reverse=True)
    for each in found:
        edit = workbench.accepted(empty, each)
        assert edit.label == f"Accept: {each.title}"
        assert workbench.problems(lake, name, edit.data) == []
        cost = workbench.cost(lake, name, edit.data, edit.entry, whole=True)
        if each.kind != "text" and each.options.get("strategy") != "remove_fields":
            assert cost is not None
            assert cost.affected == each.affected, each


def test_what_the_draft_does_already_is_not_suggested(lake: Lakehouse) -> None:
    empty: dict[str, Any] = {"schema": {}, "steps": [], "rules": []}
    first = next(each for each in workbench.suggestions(lake, "orders", empty) if each.kind == "regex")
    later = workbench.suggestions(lake, "orders", workbench.accepted(empty, first).data)
    assert first.title not in {each.title for each in later}


def test_the_planted_faults_of_the_demo_are_found(lake: Lakehouse) -> None:
    schema = {"credit_limit": {"type": "decimal", "precision": 12, "scale": 2}}
    found = workbench.suggestions(lake, "customers", {"schema": schema})
    limit = next(each for each in found if each.kind == "range")
    own: dict[str, Any] = {"id": "own", "kind": "range", "columns": ["credit_limit"], "min": 0, "max": 50000}
    cost = workbench.cost(lake, "customers", {"schema": schema, "steps": [], "rules": [own]}, "own", whole=True)
    assert cost is not None
    assert limit.affected == cost.affected, "the rows that the demo's own rule finds"
    assert {"dedup", "text", "regex", "nulls", "not_null", "unique"} <= {each.kind for each in found}

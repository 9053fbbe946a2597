"""Forms: every registered source, loader, step and rule; what was filled in comes back."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from automic_core import registry, workbench

COLUMNS = ["id", "amount", "day", "name"]
FILLED: dict[str, dict[str, dict[str, Any]]] = {
    "source": {
        "csv": {"path": "in/*.csv", "types": "text", "delimiter": ";", "header": False, "null_values": ["", "NA"]},
        "json": {"path": "a.json", "record_path": "$.items", "discover": "full"},
        "parquet": {"path": "a.parquet"},
        "excel": {"path": "a.xlsx", "sheet": "Sheet 1", "skip_rows": 2},
        "xml": {"path": "a.xml", "row_path": "row"},
        "sqlite": {"path": "a.db", "query": "SELECT 1"},
        "postgresql": {"database": "shop", "user": "ann", "password": "secret:WORD", "table": "orders", "retries": 0},
        "mongodb": {"database": "shop", "table": "orders", "filter": '{"a": 1}', "tls": True, "sample_rows": 500},
        "mysql": {"database": "shop", "user": "ann", "table": "orders", "sslmode": "require"},
        "iceberg": {"table": "bronze.orders", "snapshot": 8_123_456_789_012_345_678},
    },
    "loader": {},
    "step": {
        "select": {"columns": ["id", "gone"]},
        "rename": {"columns": {"id": "key", "day": "date"}},
        "cast": {"types": {"id": "integer", "day": {"type": "date", "format": "%d/%m/%Y"}}, "errors": "rescue"},
        "derive": {"column": "total", "sql": "amount * 2"},
        "text": {"columns": ["name"], "trim": True, "case": "lower", "replace": [{"find": "a", "by": "b"}]},
        "split": {"column": "name", "into": ["first", "last"], "by": ",", "keep": True},
        "extract": {
            "column": "name",
            "fields": {"total": "decimal", "no": {"kind": "identifier", "labels": ["Order"]}},
        },
        "classify": {"column": "name", "classes": {"bill": "invoice, payment", "other": ""}, "least": 0.25},
        "filter": {"sql": "amount > 0"},
        "sort": {"by": ["day", "id"], "descending": [True, False], "nulls_last": False},
        "limit": {"rows": 10},
        "join": {"table": "silver.x", "left_on": "id", "right_on": ["key"], "how": "inner", "matches": "one"},
        "union": {"source": {"kind": "csv", "path": "b.csv"}},
        "pivot": {"index": ["id"], "on": "day", "values": ["amount"], "aggregate": "sum"},
        "unpivot": {"columns": ["amount"], "index": ["id"], "name": "what"},
        "explode": {"columns": ["name"]},
        "aggregate": {
            "group_by": ["day"],
            "aggregations": {
                "n": {"field": "*", "function": "count"},
                "names": {"field": "name", "function": "concat", "separator": "; ", "nulls": True},
            },
        },
        "nulls": {"strategy": "fill", "fields": ["amount", "name"], "fill_value": {"amount": 0, "name": "007"}},
        "schema": {"detect_patterns": False, "confidence_threshold": 0.95, "sample_rows": 100},
        "dedup": {"match_fields": ["id"], "merge_strategy": "keep_last", "order_by": "day", "ignore_case": True},
        "quality": {"min_score": 0.8123, "filter_low_quality": True, "weights": {"completeness": 1.0}},
        "anomaly": {"method": "mad", "threshold": 4.25, "numeric_fields": ["amount"]},
    },
    "rule": {
        "not_null": {"columns": ["id"], "action": "fail", "max_fail": 0.015},
        "unique": {"columns": ["id", "day"], "action": "warn"},
        "range": {"columns": ["day"], "min": "2024-01-31", "max": "2025-01-31"},
        "regex": {"columns": ["name"], "pattern": r"\d{3}", "match": "partial"},
        "set": {"columns": ["name"], "values": ["a", "1", "b c"], "case_sensitive": False},
        "length": {"columns": ["name"], "min": 2, "max": 5},
        "type": {"columns": ["day"], "type": "date", "format": "%d.%m.%Y"},
        "foreign_key": {"columns": ["id", "name"], "table": "silver.people", "right_on": ["key", "label"]},
        "sql": {"sql": "amount > 0", "columns": ["amount"], "action": "warn"},
        "dependency": {"columns": ["amount"], "settles": "day"},
        "row_count": {"min": 2},
        "freshness": {"columns": ["day"], "hours": 48.0},
        "drift": {"columns": ["amount"], "shares": {"0": 0.5, "1": 0.5}, "edges": [10.0]},
    },
}
GROUPS: tuple[registry.Group, ...] = ("source", "loader", "step", "rule")
KINDS = [(group, kind) for group in GROUPS for kind in registry.REGISTRY[group]]


def form(group: str, kind: str, values: dict[str, object], columns: list[str], more: dict[str, object]) -> None:
    """A page that holds only the form."""
    import json

    import streamlit as st

    from automic_core import workbench
    from pages.ui import forms

    def check(options: dict[str, object]) -> dict[str, str]:
        return workbench.option_errors(group, kind, options)  # type: ignore[arg-type]

    schema = workbench.options_schema(group, kind)  # type: ignore[arg-type]
    fill: Any = forms.fill
    st.json(json.dumps(fill(schema, values, key="f", columns=columns, check=check, **more)))


def shown(group: str, kind: str, values: dict[str, Any], **more: Any) -> AppTest:
    at = AppTest.from_function(form, args=(group, kind, values, COLUMNS, more), default_timeout=20).run()
    assert not at.exception, at.exception
    return at


def result(at: AppTest) -> Any:
    import json

    return json.loads(at.json[0].value)


@pytest.mark.parametrize(("group", "kind"), KINDS, ids=lambda part: str(part))
def test_every_kind_has_a_form(group: registry.Group, kind: str) -> None:
    at = shown(group, kind, {})
    schema = workbench.options_schema(group, kind)
    needed = set(schema.get("required", ()))
    assert set(result(at)) <= needed, "nothing filled in: no default comes back"
    assert all(result(at)[name] in ([], "", None) for name in result(at))


@pytest.mark.parametrize(
    ("group", "kind"), [(group, kind) for group in GROUPS for kind in FILLED[group]], ids=lambda part: str(part)
)
def test_what_is_filled_in_comes_back(group: registry.Group, kind: str) -> None:
    values = FILLED[group][kind]
    at = shown(group, kind, values)
    assert result(at) == values
    assert not [c.value for c in at.caption if ":red" in c.value], "a right form complains about nothing"
    assert result(shown(group, kind, values, disabled=True)) == values


def test_all_steps_rules_and_sources_are_filled_in_somewhere() -> None:
    for group in ("source", "step", "rule"):
        assert set(FILLED[group]) == set(registry.REGISTRY[group])


def test_values_from_widgets() -> None:
    at = shown("rule", "range", {"columns": ["amount"], "min": 0})
    at.text_input("f-min").set_value("2.5").run()
    at.text_input("f-max").set_value("2024-01-31").run()
    at.multiselect("f-columns").set_value(["day"]).run()
    at.selectbox("f-action").set_value("drop").run()
    assert result(at) == {"columns": ["day"], "min": 2.5, "max": "2024-01-31", "action": "drop"}
    at.selectbox("f-action").set_value("quarantine").run()
    at.text_input("f-min").set_value("").run()
    assert result(at) == {"columns": ["day"], "max": "2024-01-31"}, "the default and the empty are left out"


def test_values_of_a_set_keep_their_kind() -> None:
    at = shown("rule", "set", {"columns": ["amount"], "values": [1, 2]})
    at.multiselect("f-values").set_value([1, 2, "3", "03"]).run()
    assert result(at)["values"] == [1, 2, 3, "03"]
    at = shown("rule", "set", {"columns": ["amount"], "values": ["a"]})
    at.multiselect("f-values").set_value(["a", "3"]).run()
    assert result(at)["values"] == ["a", "3"], "among texts a number is text"


def test_rows_of_a_mapping_are_added_and_left_out() -> None:
    at = shown("step", "aggregate", {"group_by": ["day"], "aggregations": {"n": {"field": "*", "function": "count"}}})
    at.text_input("f-aggregations-1-key").set_value("total").run()
    at.selectbox("f-aggregations-1-field").set_value("amount").run()
    at.selectbox("f-aggregations-1-function").set_value("sum").run()
    both = {"n": {"field": "*", "function": "count"}, "total": {"field": "amount", "function": "sum"}}
    assert result(at)["aggregations"] == both
    assert at.text_input("f-aggregations-2-key").value == "", "an empty row stands at the end"
    at.text_input("f-aggregations-0-key").set_value("").run()
    assert list(result(at)["aggregations"]) == ["total"]


def test_complaints_stand_beside_the_field() -> None:
    at = shown("step", "anomaly", {"threshold": -1.0, "method": "magic"})
    words = " ".join(caption.value for caption in at.caption)
    assert "greater than 0" in words
    assert "statistical" in words
    at = shown("rule", "range", {"columns": ["amount"]})
    assert any("give min, max or both" in caption.value for caption in at.caption)
    at = shown("rule", "not_null", {"columns": []})
    assert any("is needed" in caption.value for caption in at.caption)
    at = shown("step", "filter", {})
    assert any("is needed" in caption.value for caption in at.caption)


def test_an_unknown_option_can_be_seen_and_taken_out() -> None:
    at = shown("rule", "range", {"columns": ["amount"], "min": 0, "mni": 3})
    assert any("no option" in caption.value for caption in at.caption)
    at.text_input("f-mni").set_value("").run()
    assert result(at) == {"columns": ["amount"], "min": 0}


def test_a_vanished_column_is_marked() -> None:
    at = shown("rule", "not_null", {"columns": ["gone"]})
    assert "gone (not there)" in at.multiselect("f-columns").options
    at = shown("step", "derive", {"column": "new", "sql": "1"})
    assert "new" in at.selectbox("f-column").options


def test_only_and_skip() -> None:
    values = {"columns": ["amount"], "min": 0, "action": "warn"}
    at = shown("rule", "range", values, only=["min"])
    assert [each.label for each in at.text_input] == ["Min"]
    assert result(at) == values
    at = shown("rule", "range", values, skip=["action"])
    assert not at.selectbox
    assert result(at) == values


def test_unfinished_json_is_said() -> None:
    at = shown("step", "union", {})
    at.text_input("f-source").set_value("{kind: csv").run()
    assert any("do not close" in caption.value for caption in at.caption)
    assert result(at)["source"] == "{kind: csv"


def test_a_secret_is_a_reference() -> None:
    def page() -> None:
        import pydantic
        import streamlit as st

        from automic_core.settings.secret import Secret
        from pages.ui import forms

        model = pydantic.create_model("M", password=(Secret, ...))
        st.json(forms.fill(model.model_json_schema(), {"password": "secret:PG"}, key="f"))

    at = AppTest.from_function(page).run()
    assert not at.exception
    assert at.text_input("f-password").placeholder == "secret:NAME"
    assert result(at) == {"password": "secret:PG"}


@pytest.mark.parametrize("value", [5, 2.5, "5", "2.50", "007", "", "a b", '"', "{", True, None, [1], {"a": 1}, "true"])
def test_literals_round_trip(value: Any) -> None:
    from pages.ui.options import parse, written

    assert parse(written(value)) == value or value is None

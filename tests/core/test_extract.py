"""Values out of a text: typed, each with its place; what is not sound goes to quarantine, with the reason."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automic_core import Pipeline, frames
from automic_core.connectors.files.csv import CSVLoader, CSVSource
from automic_core.errors import ConfigError, TransformError
from automic_core.inference.text_labels import Layout, find
from automic_core.inference.text_values import KINDS, read, style_of, values_of
from automic_core.transforms.extract import SPANS, Extract, Wanted, key_of

LETTER = """Example Ltd                                   invoices@example.org
Invoice No: INV/2023/0008            Invoice date:     Due date:
                                     03/20/2023        04/04/2023
Beeswax        2   21.00      42.00
Subtotal                   $ 262.90
Tax 15% on $ 112.90         $ 16.94
Total                      $ 279.84
"""
DUTCH = "Factuurnummer: 5011112222\nDatum: 21-02-2024\nTotaal: \u20ac 1.234,50\n"


@pytest.mark.parametrize(
    ("name", "kind", "labels", "value"),
    [
        ("invoice_no", "identifier", [], "INV/2023/0008"),
        ("invoice_date", "date", [], "2023-03-20"),
        ("due_date", "date", [], "2023-04-04"),
        ("total", "decimal", [], "279.84"),
        ("tax", "decimal", [], "16.94"),
        ("rate", "percent", ["tax"], "15"),
        ("email", "email", [], "invoices@example.org"),
        ("currency", "currency", ["total"], "USD"),
        ("shipping", "decimal", [], None),
        ("phone", "phone", [], None),
    ],
)
def test_a_value_belongs_to_its_label(name: str, kind: Any, labels: list[str], value: str | None) -> None:
    found = find(Layout(LETTER), name, kind, labels)
    assert (found.value if found else None) == value
    if found is not None and kind in ("identifier", "email"):
        assert LETTER[found.start : found.end] == value


def test_what_can_be_read_in_two_ways_is_told_by_the_rest_of_the_text_or_left_out() -> None:
    assert [each.value for each in values_of("date", "03/04/2024 and 25/12/2024")] == ["2024-04-03", "2024-12-25"]
    assert [each.value for each in values_of("date", "03/04/2024 and 12/25/2024")] == ["2024-03-04", "2024-12-25"]
    assert values_of("date", "03/04/2024") == []
    assert [each.value for each in values_of("decimal", "1.234 and 5,25")] == ["1234", "5.25"]
    assert [each.value for each in values_of("decimal", "54,910 at 5,79")] == ["54.910", "5.79"]
    assert values_of("decimal", "1.234") == []
    assert [each.value for each in values_of("date", "le 3 f\u00e9vrier 2024, on May 4th, 2024")] == [
        "2024-02-03",
        "2024-05-04",
    ]


def table(*texts: str | None) -> pl.LazyFrame:
    return frames.track(
        pl.LazyFrame({"n": list(range(len(texts))), "text": list(texts)}, schema={"n": pl.Int64, "text": pl.String})
    )


def test_typed_columns_and_their_places() -> None:
    step = Extract("text", {"invoice": Wanted("identifier", ["invoice no", "factuurnummer"]),
                            "day": Wanted("date", ["invoice date", "datum"]),
                            "total": Wanted("decimal", ["totaal", "total"])})  # fmt: skip
    rows = step.apply(table(LETTER, DUTCH, "nothing here", None)).collect()
    assert rows.columns == ["_rid", "n", "text", "invoice", "day", "total", "_fate", SPANS]
    assert rows["invoice"].to_list() == ["INV/2023/0008", "5011112222", None, None]
    assert rows["day"].to_list() == [date(2023, 3, 20), date(2024, 2, 21), None, None]
    assert rows["total"].to_list() == [Decimal("279.84"), Decimal("1234.5"), None, None]
    assert rows["_fate"].null_count() == 4
    places = json.loads(rows[SPANS][1])
    assert {name: DUTCH[slice(*place)] for name, place in places.items()} == {
        "invoice": "5011112222", "day": "21-02-2024", "total": "1.234,50",
    }  # fmt: skip


def test_what_is_required_and_missing_is_quarantined() -> None:
    step = Extract("text", {"total": Wanted("decimal", ["total"], required=True)})
    frame = table(LETTER, "no sum")
    rows = step.apply(frame).collect()
    assert [fate and fate["reason"] for fate in rows["_fate"]] == [None, "quarantined:extract"]
    told = step.failures(frame).collect()
    assert told.select("_rid", "rule", "column", "message").rows() == [
        (1, "extract", "total", "total: it is not in the text")
    ]


def test_an_answer_that_is_not_in_the_text_is_quarantined() -> None:
    answers = {
        key_of(LETTER): {"total": "279.84", "day": "03/20/2023"},
        key_of(DUTCH): {"total": "99.99", "day": "Factuurnummer"},
    }
    step = Extract("text", {"total": "decimal", "day": "date"}, answers=answers)
    frame = table(LETTER, DUTCH)
    rows = step.apply(frame).collect()
    assert rows.row(0, named=True)["total"] == Decimal("279.84")
    assert rows.row(0, named=True)["day"] == date(2023, 3, 20)
    assert rows["_fate"][1]["reason"] == "quarantined:extract"
    assert step.failures(frame).collect()["message"].to_list() == [
        "total: '99.99' is not in the text",
        "day: 'Factuurnummer' is no date",
    ]


def test_in_a_pipeline_no_row_is_lost(tmp_path: Any) -> None:
    file = tmp_path / "mails.csv"
    file.write_text('id,body\n1,"Order no: A17, total: 12.50"\n2,"hello"\n')
    out = tmp_path / "out.csv"
    step = {"total": Wanted("decimal", required=True), "order_no": "identifier"}
    run = Pipeline().extract(CSVSource(str(file))).transform(Extract("body", step)).load(CSVLoader(str(out))).run()
    assert out.read_text().splitlines()[1].endswith("12.500000000,A17")
    assert (run.report.rows_in, run.report.rows_out) == (2, 1)


def test_two_steps_keep_the_places_of_both() -> None:
    once = Extract("text", {"total": "decimal"}).apply(table(LETTER, "x"))
    both = Extract("text", {"tax": "decimal"}).apply(once).collect()
    assert set(json.loads(both[SPANS][0])) == {"total", "tax"}
    assert json.loads(both[SPANS][1]) == {}


def test_wrong_use() -> None:
    with pytest.raises(ConfigError, match="names 'b', which is no field"):
        Extract("text", {"a": "date"}, answers={"x": {"b": "1"}})
    with pytest.raises(TransformError, match="not text"):
        Extract("n", {"a": "date"}).apply(table("x"))
    with pytest.raises(ConfigError, match="two columns 'n'"):
        Extract("text", {"n": "date"}).apply(table("x"))


@given(
    st.text(max_size=120)
    | st.lists(
        st.sampled_from(
            ["Total", ":", "12.50", "1.234,5", "03/04/24", "May 4, 2024", "\n", "   ", "EUR", "INV-7", "%"]
        ),
        max_size=14,
    ).map(" ".join)
)
def test_every_value_stands_where_it_is_said_to(text: str) -> None:
    style = style_of(text)
    for kind in KINDS:
        for each in values_of(kind, text, style):
            assert 0 <= each.start < each.end <= len(text)
            if kind == "date":
                date.fromisoformat(each.value)
            if kind in ("decimal", "integer", "percent"):
                assert Decimal(each.value).is_finite()
        read(kind, text, style)
        found = find(Layout(text), "total", kind)
        assert found is None or text[found.start : found.end].strip()

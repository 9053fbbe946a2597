"""Personal data: found by checks, forms and names, and not where something only looks alike."""

from __future__ import annotations

import polars as pl
import pytest

from automic_core.inference import infer
from automic_core.inference.check_digits import NATIONAL, is_card, is_iban
from automic_core.inference.personal import PERSONAL, personal_data

PEOPLE = ["Anna Berg", "John O'Neil", "Maria Santos-Lima", "Peter Klein", "Laura Rossi", "Xu Wei"]


def kinds(**columns: list[str | None]) -> dict[str, str]:
    return {each.column: each.kind for each in personal_data(pl.DataFrame(columns))}


@pytest.mark.parametrize(
    ("column", "values", "kind"),
    [
        ("contact", [f"a{i}@example.org" for i in range(5)], "email"),
        ("account", ["DE89370400440532013000", "GB82 WEST 1234 5698 7654 32", "FR1420041010050500013M02606"], "iban"),
        (
            "payment",
            ["4111 1111 1111 1111", "5500005555555559", "340000000000009", "30000000000004", "6011000000000004"],
            "credit_card",
        ),
        ("x", ["192.168.0.1", "10.0.0.7", "2001:db8::1"], "ip"),
        ("x", ["+49 30 1234567", "(212) 555-0100", "0221 / 123 4567"], "phone"),
        ("mobile", ["2125550100", "2125550101"], "phone"),
        ("dob", ["1980-02-29", "1991-12-01"], "birth_date"),
        ("DateOfBirth", ["29/02/1980", "01/12/1991"], "birth_date"),
        ("where", ["12 High Street", "5 Oak Ave, Springfield", "Lindenstraße 7"], "address"),
        ("delivery_address", ["Torre 5", "Via Roma 3"], "address"),
        ("who", PEOPLE, "name"),
        ("surname", ["Berg", "O'Neil"], "name"),
        ("x", ["AB123456C", "JG103759A", "CE 12 34 56 D"], "national_id"),
        ("ssn", ["123-45-6789", "212-09-9999"], "national_id"),
    ],
)
def test_found(column: str, values: list[str], kind: str) -> None:
    (found,) = personal_data(pl.DataFrame({column: values}))
    assert (found.kind, found.share) == (kind, 1.0)
    assert kind in PERSONAL
    assert found.evidence[0].startswith(f"{len(values)} of {len(values)} different values")


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("order_date", ["1980-02-29", "1991-12-01", "2000-01-01"]),
        ("number", [str(4111111111111112 + 10 * i) for i in range(6)]),
        ("version", ["1.2.3", "1.2.4", "2.0.0"]),
        ("file_name", ["report", "summary", "notes"]),
        ("name", ["Rock", "Jazz", "Blues", "Metal", "Pop", "Latin"]),
        ("amount", ["12.50", "13.75", "99.00"]),
        ("birth_place", ["Rome", "Oslo", "Paris"]),
        ("city", ["Rome", "Oslo", "San Marino", "Paris", "New York"]),
        ("id", [str(10_000_000 + i) for i in range(50)]),
        ("when", ["2024-01-05", "2024-02-06", "2024-03-07"]),
        ("nothing", [None, None]),
    ],
)
def test_not_found(column: str, values: list[str | None]) -> None:
    assert kinds(**{column: values}) == {}


def test_some_dirt_lowers_the_confidence() -> None:
    values = [f"a{i}@example.org" for i in range(9)]
    (clean,) = personal_data(pl.DataFrame({"email": values}))
    (dirty,) = personal_data(pl.DataFrame({"email": [*values, "nobody"]}))
    assert (clean.confidence, dirty.confidence) == (1.0, 0.9)
    assert dirty.evidence == (
        "9 of 10 different values have the form of an e-mail address",
        "the name 'email' says so",
    )


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("US social security number", "219-09-9998"),
        ("UK National Insurance number", "AB123456C"),
        ("Spanish DNI or NIE", "12345678Z"),
        ("Spanish DNI or NIE", "X1234567L"),
        ("Italian codice fiscale", "RSSMRA85T10A562S"),
        ("French NIR", "2 55 08 14 168 025 38"),
        ("German tax number", "86095742719"),
        ("Dutch BSN", "111222333"),
        ("Polish PESEL", "44051401359"),
        ("Brazilian CPF", "529.982.247-25"),
        ("Indian Aadhaar number", "2341 2341 2346"),
    ],
)
def test_national_numbers(name: str, right: str) -> None:
    test, _ = NATIONAL[name]
    assert test(right)
    if name not in ("US social security number", "UK National Insurance number"):  # they carry no check
        place = max(i for i, letter in enumerate(right[:-1]) if letter.isdigit())
        wrong = right[:place] + str((int(right[place]) + 1) % 10) + right[place + 1 :]
        assert not test(wrong)
    assert not test("")
    assert not test("hello")


def test_cards_and_accounts() -> None:
    assert is_card("4111-1111-1111-1111")
    assert not is_card("4111-1111-1111-1112")
    assert not is_card("0000000000000000")
    assert is_iban("NL91ABNA0417164300")
    assert not is_iban("NL92ABNA0417164300")
    assert not is_iban("NL91ABNA04171643001")


def test_evidence_of_a_schema_and_typed_columns() -> None:
    frame = pl.DataFrame({"mail": ["a@b.org", "c@d.org", "e@f.org"], "n": [1.5, 2.5, 3.5], "l": [[1], [2], [3]]})
    found = infer(frame)
    assert [each.personal and each.personal.kind for each in found.columns] == ["email", None, None]
    assert infer(frame, detect_kinds=False).columns[0].personal is None
    assert personal_data(pl.DataFrame()) == []

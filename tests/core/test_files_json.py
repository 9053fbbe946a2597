"""JSON of any shape, broken JSON, and JSON as others read it."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from automic_core.connectors.files.json import JSONLoader, JSONSource
from automic_core.errors import LoadError, SourceError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "in.json"


def read(path: Path, content: bytes | str, **options: object) -> pl.DataFrame:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return JSONSource(path=str(path), **options).scan().collect()  # type: ignore[arg-type]


def rescued(frame: pl.DataFrame) -> list[dict[str, object] | None]:
    return [json.loads(text) if text else None for text in frame["_rescued"]]


@pytest.mark.parametrize(
    "content",
    [
        '[{"a": 1}, {"a": 2}]',
        '{"a": 1}\n{"a": 2}\n',
        '{"a": 1}\r\n\r\n{"a": 2}',
        '{"a": 1}{"a": 2}',
        '{\n  "a": 1\n}\n{\n  "a": 2\n}',
        '\ufeff[\n{"a":1},\n{"a":2}\n]\n',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_formats_are_found_out(path: Path, content: str, encoding: str) -> None:
    frame = read(path, content.encode(encoding) if encoding == "utf-8" else content.lstrip("\ufeff").encode(encoding))
    assert frame["a"].to_list() == [1, 2]
    assert frame["_rescued"].null_count() == 2


@pytest.mark.parametrize(("content", "values"), [("[1, 2.5]", [1, 2.5]), ('"x"', ["x"]), ("[[1],[]]", ["[1]", "[]"])])
def test_records_that_are_no_objects(path: Path, content: str, values: list[object]) -> None:
    assert read(path, content)["value"].to_list() == values


def test_empty_things(path: Path) -> None:
    assert read(path, "[]").height == 0
    assert read(path, "{}").height == 1
    assert read(path, " \n").height == 0
    assert "empty" in JSONSource(path=str(path)).notes()[0]


def test_broken_line(path: Path) -> None:
    frame = read(path, '{"a": 1}\n{"a": \n{"a": 3}\n')
    assert frame["a"].to_list() == [1, None, 3]
    problem = rescued(frame)[1]
    assert problem is not None
    assert (problem["line"], problem["byte"], problem["text"]) == (2, 14, '{"a":')
    assert "value is expected" in str(problem["reason"])


def test_broken_array_is_read_up_to_the_break(path: Path) -> None:
    rows = ",\n".join(f'{{"a": {i}}}' for i in range(1000))
    content = f'[{rows},\n{{"a": nope}},\n{{"a": 5}}]'
    frame = read(path, content)
    assert frame["a"].to_list() == [*range(1000), None]
    problem = rescued(frame)[-1]
    assert problem is not None
    assert problem["line"] == 1001
    assert problem["byte"] == content.index("nope")
    assert '{"a": 5}' in str(problem["text"])


def test_a_large_array_comes_in_pieces(path: Path) -> None:
    rows = [{"i": i, "t": "ü" * 50 + str(i)} for i in range(40_000)]
    frame = read(path, json.dumps(rows, ensure_ascii=False), types="text")
    assert frame.height == 40_000
    assert frame["t"][39_999] == "ü" * 50 + "39999"
    assert frame["_rescued"].null_count() == 40_000


def test_unlike_shapes_and_mixed_types(path: Path) -> None:
    frame = read(path, '[{"a": 1, "b": "x"}, {"b": 2, "c": {"d": [1, 2.50]}}, {"a": 2.5, "c": null}]')
    assert frame["a"].to_list() == [1.0, None, 2.5]
    assert frame["b"].to_list() == ["x", "2", None]
    assert frame["c"].to_list() == [None, '{"d": [1, 2.50]}', None]


def test_late_keys(path: Path) -> None:
    content = "\n".join(['{"a": 1}'] * 30 + ['{"a": 2, "late": [true]}'])
    frame = read(path, content, infer_rows=10)
    assert "late" not in frame.columns
    assert rescued(frame)[-1] == {"values": {"late": "[true]"}}
    assert read(path, content, infer_rows=10, discover="full")["late"][-1] == "[true]"


def test_values_that_are_no_json(path: Path) -> None:
    frame = read(path, '[{"a": NaN, "b": [Infinity]}, {"a": 1, "a": 2, "b": "\\ud800"}, {"a": 3}]')
    assert frame["a"].to_list() == [None, 2, 3]
    assert rescued(frame)[:2] == [{"values": {"a": "NaN", "b": "[Infinity]"}}, {"values": {"a": "1", "b": "\\ud800"}}]


def test_bytes_that_are_not_utf8(path: Path) -> None:
    lines = [b'{"a": "caf\xc3\xa9"}'] * 20 + [b'{"a": "caf\xe9"}']
    frame = read(path, b"\n".join(lines))
    assert frame["a"][-1] is None
    assert rescued(frame)[-1] == {"values": {"a": "café"}}


@pytest.mark.parametrize("deep", ["[" * 100_000, '{"a":' * 100_000, "[" * 5_000 + "]" * 5_000])
def test_deep_nesting_is_no_crash(path: Path, deep: str) -> None:
    frame = read(path, deep)
    assert "nested too deeply" in str(frame["_rescued"][0])


def test_types(path: Path) -> None:
    row = '{"i": 1, "f": 10.0, "s": "007", "n": "12", "d": "2024-01-02", "b": true, '
    row += '"big": 123456789012345678901, "x": 1e400}'
    frame = read(path, f"[{row}]")
    types = [pl.Int64, pl.Float64, pl.String, pl.String, pl.Date, pl.Boolean]
    assert frame.dtypes[:6] == types
    assert frame["big"].to_list() == ["123456789012345678901"]
    assert frame["x"].to_list() == ["1e400"]
    assert frame["d"][0] == date(2024, 1, 2)


def test_text_keeps_digits_and_blanks(path: Path) -> None:
    frame = read(path, '[{"p": 1.10, "e": "", "n": null, "t": true, "o": {"k" : 1.0}}]', types="text")
    assert frame.rows()[0][:5] == ("1.10", "", None, "true", '{"k" : 1.0}')


def test_record_path(path: Path) -> None:
    content = '{"meta": {"n": 2}, "data": {"items": [{"a": 1}, {"a": 2}]}, "more": []}'
    assert read(path, content, record_path="data.items")["a"].to_list() == [1, 2]
    assert read(path, content, record_path="meta")["n"].to_list() == [2]
    assert read(path, f"[{content}, {content}]", record_path="data.items")["a"].to_list() == [1, 2, 1, 2]
    with pytest.raises(SourceError, match=r"'nope'.*'meta', 'data', 'more'"):
        read(path, content, record_path="nope")


def test_names_no_engine_takes(path: Path) -> None:
    frame = read(path, '[{"": 1, "a\\u0000b": 2, "_rid": 3, "A": 4, "a": 5, "\\ud800": 6}]')
    assert frame.columns[:5] == ["column_1", "ab", "rid", "A", "a_2"]


def test_written_json_is_json(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "n": [1, None],
            "p": [Decimal("12.30"), None],
            "f": [float("nan"), float("-inf")],
            "s": ['"\\\n\u2028', "漢字"],
            "l": [[1, None], []],
            "o": [{"a": Decimal("1.50"), "b": date(2024, 1, 2)}, None],
            "j": ['{"k":\n1}', "no json"],
        }
    )
    for name, options in (("a.json", {}), ("a.jsonl", {}), ("p.json", {"pretty": True})):
        JSONLoader(path=str(tmp_path / name), json_columns=("j",), **options).load(frame)  # type: ignore[arg-type]
        text = (tmp_path / name).read_text()
        rows = json.loads(text) if name != "a.jsonl" else [json.loads(line) for line in text.split("\n") if line]
        assert rows == [
            {
                "n": 1,
                "p": 12.3,
                "f": "NaN",
                "s": '"\\\n\u2028',
                "l": [1, None],
                "o": {"a": 1.5, "b": "2024-01-02"},
                "j": {"k": 1},
            },
            {"n": None, "p": None, "f": "-Infinity", "s": "漢字", "l": [], "o": None, "j": "no json"},
        ]
        assert '"p": 12.30' in text


def test_schema_file_comes_with_the_commit(tmp_path: Path) -> None:
    loader = JSONLoader(path=str(tmp_path / "a.json"), schema_path=str(tmp_path / "a.schema.json"))
    frame = pl.DataFrame({"n": [1], "d": [date(2024, 1, 2)], "l": [[1]]})
    loader.begin_transaction()
    loader.load(frame)
    loader.rollback()
    assert not list(tmp_path.iterdir())
    loader.load(frame)
    properties = json.loads((tmp_path / "a.schema.json").read_text())["properties"]
    assert properties == {"n": {"type": "integer"}, "d": {"type": "string", "format": "date"}, "l": {"type": "array"}}


def test_append_to_what_is_no_array(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a": 1}')
    with pytest.raises(LoadError, match="not an array"):
        JSONLoader(path=str(tmp_path / "a.json")).load(pl.DataFrame({"a": [1]}))
    (tmp_path / "b.json").write_text('[{"a": 1}]   \n\n')
    JSONLoader(path=str(tmp_path / "b.json")).load(pl.DataFrame({"a": [2]}))
    assert json.loads((tmp_path / "b.json").read_text()) == [{"a": 1}, {"a": 2}]
    (tmp_path / "c.json").write_text(" [ ] ")
    JSONLoader(path=str(tmp_path / "c.json")).load(pl.DataFrame({"a": [2]}))
    assert json.loads((tmp_path / "c.json").read_text()) == [{"a": 2}]

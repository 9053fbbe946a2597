"""Everyday steps: what they do to rows and columns, and that the row ledger holds for any frame and option."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, get_args

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from automic_core import frames, registry
from automic_core.contracts import SourceAdapter, Transformer
from automic_core.errors import AutomicError, ConfigError, TransformError
from automic_core.inference import cast_expr
from automic_core.records import Field, FieldType, Record, Schema
from automic_core.transforms.aggregate import Aggregator, Function
from automic_core.transforms.classify import Classify
from automic_core.transforms.columns import Cast, Derive, Rename, Select
from automic_core.transforms.combine import Join, Union
from automic_core.transforms.extract import Extract, Wanted
from automic_core.transforms.reshape import Explode, Pivot, Unpivot
from automic_core.transforms.rows import Filter, Limit, Sort
from automic_core.transforms.text import Split, Text
from tests.drawing import draws


def tracked(data: dict[str, Any], dead: tuple[int, ...] = ()) -> pl.LazyFrame:
    frame = frames.track(pl.LazyFrame(data))
    return frames.condemn(frame, pl.col("_rid").is_in(list(dead)), "filtered:before") if dead else frame


def run(step: Transformer, frame: pl.LazyFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What the run loop does: the rows after the step, and those it removed."""
    before = frame.collect()
    if not step.segment:
        out = step.apply(frame).collect()
        assert out["_rid"].sort().to_list() == before["_rid"].sort().to_list()
        was_dead = before.filter(pl.col("_fate").is_not_null()).select("_rid", "_fate")
        still = out.filter(pl.col("_rid").is_in(was_dead["_rid"].to_list())).select("_rid", "_fate").sort("_rid")
        assert still.equals(was_dead.sort("_rid"))
        gone = out.filter(pl.col("_fate").is_not_null() & ~pl.col("_rid").is_in(was_dead["_rid"].to_list()))
        return out.filter(pl.col("_fate").is_null()).drop("_fate"), gone
    prepared = step.prepare(frame)
    marked = prepared.collect()
    assert marked["_rid"].to_list() == before["_rid"].to_list()
    fitted = step.fit(prepared) if step.fits else step
    living = frames.survivors(prepared)
    out = fitted.apply(living).collect()
    assert out["_weight"].sum() == living.collect().height
    assert out["_weight"].min() is None or out["_weight"].min() >= 0
    dead_before = before["_fate"].is_not_null()
    return out, marked.filter(pl.col("_fate").is_not_null() & ~dead_before)


def data(frame: pl.DataFrame) -> list[tuple[Any, ...]]:
    return frame.select(name for name in frame.columns if not name.startswith("_")).rows()


def reasons(gone: pl.DataFrame) -> dict[int, str]:
    return dict(zip(gone["_rid"], gone["_fate"].struct.field("reason"), strict=True))


ORDERS = {"id": [1, 2, 3, 4], "who": ["b", None, "a", "b"], "qty": [5, 1, None, 2]}


class Rates(SourceAdapter):
    """A second input that notes when it is open."""

    kind = "rates"

    def __init__(self) -> None:
        self.open = False

    def connect(self) -> None:
        self.open = True

    def close(self) -> None:
        self.open = False

    def read(self) -> Iterator[Record]:
        assert self.open
        yield Record({"who": "a", "rate": 1.5})
        yield Record({"who": "b", "rate": 2.5})


def test_select_rename_derive() -> None:
    frame = tracked(ORDERS, dead=(3,)).with_columns(_note=pl.lit("n"))
    out, gone = run(Select(["qty", "id"]), frame)
    assert [n for n in out.columns if not n.startswith("_")] == ["qty", "id"]
    assert "_note" in out.columns
    assert gone.is_empty()
    assert run(Select(exclude=["id"]), frame)[0].columns[:2] == ["who", "qty"]
    swapped = run(Rename({"id": "qty", "qty": "id"}), frame)[0]
    assert swapped.row(0, named=True) | {"_rid": 0} == {"qty": 1, "who": "b", "id": 5, "_rid": 0, "_note": "n"}
    assert data(run(Derive("total", "id * qty"), frame)[0]) == [(1, "b", 5, 5), (2, None, 1, 2), (3, "a", None, None)]


def test_cast_quarantines_with_every_reason() -> None:
    frame = tracked({"n": ["1", "x", "NA", " 7 ", "00"], "d": ["2024-01-01", "2024-02-30", "-", None, "2024-01-02"]})
    step = Cast(types={"n": "integer", "d": {"type": "date"}})
    out, gone = run(step, frame)
    assert data(out)[1] == (None, None)
    assert out["n"].to_list() == [1, None, 7]
    assert reasons(gone) == {1: "quarantined:cast", 4: "quarantined:cast"}
    failures = step.failures(frame)
    assert failures is not None
    assert failures.select("_rid", "rule", "column", "value").collect().rows() == [
        (1, "cast", "n", "x"),
        (1, "cast", "d", "2024-02-30"),
        (4, "cast", "n", "00"),
    ]


def test_cast_rescues_beside_what_was_rescued() -> None:
    frame = tracked({"n": ["1", "x", "y"], "_rescued": [None, '{"values": {"k": 1}}', None]}, dead=(2,))
    out, gone = run(Cast(types={"n": "integer"}, errors="rescue"), frame)
    assert gone.is_empty()
    assert [json.loads(r) if r else None for r in out["_rescued"]] == [None, {"values": {"n": "x", "k": 1}}]


def test_cast_between_types_loses_nothing() -> None:
    frame = tracked({"f": [1.0, 1.5, None], "i": [0, 1, 2], "l": [[1], [], None]})
    out, gone = run(Cast(types={"f": "integer", "i": "boolean", "l": "string"}), frame)
    assert data(out) == [(1, False, "[1]")]
    assert set(reasons(gone)) == {1, 2}
    with pytest.raises(TransformError, match="'i' is Int64, which cannot become date"):
        run(Cast(types={"i": "date"}), frame)


def test_cast_from_schema() -> None:
    schema = Schema(fields=[Field("a", FieldType.DECIMAL, precision=10, scale=2), Field("b", FieldType.STRING)])
    out, gone = run(Cast.from_schema(schema), tracked({"a": ["1.50", "1.505"], "b": ["x", "y"]}))
    assert str(out["a"].dtype).startswith("Decimal")
    assert reasons(gone) == {1: "quarantined:cast"}
    with pytest.raises(TransformError, match="no column 'b'"):
        run(Cast.from_schema(schema), tracked({"a": ["1"]}))
    options = registry.options(Cast.from_schema(schema))
    assert registry.build("step", "cast", options) == Cast.from_schema(schema)


def test_text_operations() -> None:
    frame = tracked({"t": ["  Élan  vital ", None, "a.b"], "n": [1, 2, 3]}, dead=(2,))
    step = Text(trim=True, collapse=True, case="upper", strip_accents=True, replace=[{"find": ".", "by": "-"}])
    out = step.apply(frame).collect()
    assert out["t"].to_list() == ["ELAN VITAL", None, "a.b"]
    regex = Text(["t"], replace=[{"find": r"(\w)\.(\w)", "by": "$2.$1", "regex": True}])
    assert regex.apply(tracked({"t": ["a.b"]})).collect()["t"].to_list() == ["b.a"]
    with pytest.raises(ConfigError, match="Regular expression"):
        Text(["t"], replace=[{"find": "(", "regex": True}])
    with pytest.raises(TransformError, match="'n' is Int64, not text"):
        run(Text(["n"], trim=True), frame)


def test_split_never_loses_parts() -> None:
    frame = tracked({"t": ["a-b-c", "a", None, "x-y"]})
    assert data(run(Split("t", ["p", "q"], "-"), frame)[0]) == [("a", "b-c"), ("a", None), (None, None), ("x", "y")]
    regex = Split("t", ["p", "q"], "[-_]", regex=True, keep=True)
    assert data(run(regex, frame)[0])[0] == ("a-b-c", "a", "b-c")
    out = run(Split("t", ["t", "q"], "-", extra="rescue"), frame)[0]
    assert data(out)[0] == ("a", "b")
    assert json.loads(out["_rescued"][0]) == {"values": {"t": "a-b-c"}}
    assert out["_rescued"].null_count() == 3


def test_filter_tells_false_from_unknown() -> None:
    out, gone = run(Filter("qty > 1"), tracked(ORDERS, dead=(3,)))
    assert data(out) == [(1, "b", 5)]
    assert reasons(gone) == {1: "filtered", 2: "filtered:unknown"}
    with pytest.raises(TransformError, match="not true or false"):
        run(Filter("qty + 1"), tracked(ORDERS))


def test_sort_and_limit() -> None:
    out, _ = run(Sort(["who", "qty"], descending=[False, True]), tracked(ORDERS, dead=(0,)))
    assert out["id"].to_list() == [3, 4, 2]
    out, gone = run(Limit(2), tracked(ORDERS, dead=(0,)))
    assert out["id"].to_list() == [2, 3]
    assert reasons(gone) == {3: "filtered:limit"}


@pytest.mark.parametrize(
    ("how", "rows", "removed"),
    [
        ("left", [(1, "x"), (2, "y"), (2, "z"), (None, None), (5, None)], {}),
        ("inner", [(1, "x"), (2, "y"), (2, "z")], {2: "filtered:no match", 3: "filtered:no match"}),
        ("full", [(1, "x"), (2, "y"), (2, "z"), (None, None), (5, None), (None, "n"), (9, "q")], {}),
    ],
)
def test_join_with_many_matches(how: Any, rows: Any, removed: Any) -> None:
    second = pl.DataFrame({"key": pl.Series([1, 2, 2, None, 9], dtype=pl.Int32), "v": ["x", "y", "z", "n", "q"]})
    step = Join(right=second, left_on="k", right_on="key", how=how)
    out, gone = run(step, tracked({"k": [1, 2, None, 5, 2]}, dead=(4,)))
    assert data(out) == rows
    assert reasons(gone) == removed
    assert data(frames.survivors(step.apply(tracked({"k": [1, 2, None, 5, 2]}, dead=(4,)))).collect()) == rows


def test_join_that_marks_keeps_identity() -> None:
    second = pl.DataFrame({"k": [1, 1, None], "v": ["x", "y", "z"]})
    frame = tracked({"k": [1, 2, None]})
    assert reasons(run(Join(right=second, on="k", how="semi"), frame)[1]) == dict.fromkeys([1, 2], "filtered:no match")
    assert reasons(run(Join(right=second, on="k", how="anti"), frame)[1]) == {0: "filtered:match"}
    once = Join(right=second.unique("k", keep="first"), on="k", how="left", matches="one")
    assert not once.segment
    assert data(run(once, frame)[0]) == [(1, "x"), (2, None), (None, None)]
    with pytest.raises(pl.exceptions.ComputeError, match="m:1"):
        run(Join(right=second, on="k", matches="one"), frame)


def test_join_inputs() -> None:
    frame = tracked({"who": ["a", "c"], "rate": [0, 0]})
    rates = Rates()
    assert data(run(Join(right=rates, on="who"), frame)[0]) == [("a", 0, 1.5), ("c", 0, None)]
    assert not rates.open
    token = frames.table_resolver.set(lambda name: pl.LazyFrame({"who": [name], "_rid": [7]}))
    try:
        named = run(Join(table="silver.people", on="who", how="full"), frame)[0]
        assert data(named)[-1] == ("silver.people", None)
    finally:
        frames.table_resolver.reset(token)
    with pytest.raises(ConfigError, match="no lake"):
        run(Join(table="silver.people", on="who"), frame)
    with pytest.raises(TransformError, match="'rate' is Int64, but 'who' of the second table is String"):
        run(Join(right=rates, left_on="rate", right_on="who"), frame)
    with pytest.raises(TransformError, match="no column 'whom'"):
        run(Join(right=rates, left_on="who", right_on="whom"), frame)
    with pytest.raises(ConfigError, match="one second input"):
        Join(on="who")
    with pytest.raises(ConfigError, match="keys are not clear"):
        Join(right=rates)
    with pytest.raises(Exception, match="cannot be written to YAML"):
        registry.options(Join(right=rates, on="who"))
    assert registry.options(Join(table="silver.people", on="who")) == {"table": "silver.people", "on": "who"}


def test_union_aligns_by_name() -> None:
    second = pl.DataFrame({"b": ["y"], "a": [2.5], "_rescued": ["{}"]})
    out, _ = run(Union(right=second), tracked({"a": [1], "c": [True]}))
    assert out.select("a", "c", "b", "_weight").rows() == [(1.0, True, None, 1), (2.5, None, "y", 0)]
    assert out["_rescued"].to_list() == [None, "{}"]
    with pytest.raises(TransformError, match="'a' is String here and Float64"):
        run(Union(right=second), tracked({"a": ["x"]}))


def test_pivot() -> None:
    frame = tracked({"i": [1, 1, 2, 1], "on": ["p", "q", None, "p"], "v": [1, 2, 3, 10]}, dead=(3,))
    out, _ = run(Pivot(["i"], "on", ["v"], "sum"), frame)
    assert out.rows(named=True) == [
        {"i": 1, "p": 1, "q": 2, "null": None, "_weight": 2},
        {"i": 2, "p": None, "q": None, "null": 3, "_weight": 1},
    ]
    wide = tracked({"i": [0] * 1001, "on": list(range(1001)), "v": [1] * 1001})
    with pytest.raises(TransformError, match="1,001 different values"):
        run(Pivot(["i"], "on", ["v"], "sum"), wide)
    with pytest.raises(TransformError, match="sum needs numbers"):
        run(Pivot(["i"], "on", ["on"], "sum"), frame)


def test_unpivot() -> None:
    out, _ = run(
        Unpivot(["x", "y"], name="what", value="much"), tracked({"i": ["a", "b"], "x": [1, 2], "y": [0.5, None]})
    )
    assert data(out) == [("a", "x", 1.0), ("a", "y", 0.5), ("b", "x", 2.0), ("b", "y", None)]
    assert out["_weight"].to_list() == [1, 0, 1, 0]
    with pytest.raises(TransformError, match="unlike types"):
        run(Unpivot(["i", "x"]), tracked({"i": ["a"], "x": [1]}))


def test_explode() -> None:
    frame = tracked({"i": [1, 2, 3, 4], "l": [[1, 2], [], None, [3]]}, dead=(3,))
    assert data(run(Explode(["l"]), frame)[0]) == [(1, 1), (1, 2), (2, None), (3, None)]
    text = tracked({"j": ['[1, 2.50, "x", {"a": [1.5]}, null]', "plain", "[broken", "[]", None], "l": [[7]] * 5})
    assert data(run(Explode(["j", "l"]), text)[0]) == [
        ("1", 7), ("2.50", None), ("x", None), ('{"a": [1.5]}', None), (None, None),
        ("plain", 7), ("[broken", 7), (None, 7), (None, 7),
    ]  # fmt: skip
    with pytest.raises(TransformError, match="not a list"):
        run(Explode(["i"]), frame)


@pytest.mark.parametrize(
    "step",
    [
        Select(["whi"]), Rename({"whi": "x"}), Cast(types={"whi": "integer"}), Derive("x", "whi"),
        Text(["whi"], trim=True), Split("whi", ["x"]),
        Extract("whi", {"x": "date"}), Classify("whi", {"x": "y"}), Filter("whi > 1"), Sort(["whi"]),
        Pivot(["whi"], "id", ["qty"], "sum"), Unpivot(["whi"]),
        Explode(["whi"]), Aggregator(["whi"], {}), Join(right=pl.DataFrame({"whi": [1]}), on="whi"),
    ],
    ids=lambda step: step.kind,
)  # fmt: skip
def test_unknown_column_names_the_nearest(step: Transformer) -> None:
    token = frames.current_step.set("s7")
    try:
        with pytest.raises(AutomicError, match=r"no column 'whi'.*Did you mean 'who'") as caught:
            run(step, tracked(ORDERS))
    finally:
        frames.current_step.reset(token)
    assert "s7" in str(caught.value) or "SQL expression" in str(caught.value)


@pytest.mark.parametrize(
    "kind",
    [kind for kind, entry in registry.REGISTRY["step"].items() if entry.family != "Trust"],
)
def test_every_option_is_documented(kind: str) -> None:
    cls = registry.load("step", kind)
    schema = registry.options_schema(cls)
    assert cls.kind == kind
    assert cls.__doc__
    assert schema["properties"]
    assert [name for name, option in schema["properties"].items() if not option.get("description")] == []


def test_records_pass_through_segment_steps() -> None:
    rows = [Record({"i": 1, "l": [1, 2]}), Record({"i": 2, "l": []})]
    out = [record.data for record in Explode(["l"]).transform_batch(rows)]
    assert out == [{"i": 1, "l": "1"}, {"i": 1, "l": "2"}, {"i": 2, "l": None}]


VALUES = st.lists(
    st.tuples(
        st.none() | st.integers(0, 3),
        st.none() | st.sampled_from("abc "),
        st.none() | st.lists(st.integers(-9, 9), max_size=3),
        st.booleans(),
    ),
    max_size=12,
)
SECOND = st.lists(st.tuples(st.none() | st.integers(0, 4), st.integers(-9, 9)), max_size=8)


def steps(second: list[tuple[Any, int]]) -> st.SearchStrategy[Transformer]:
    right = pl.DataFrame(second, schema={"k": pl.Int64, "w": pl.Int64}, orient="row")
    functions = st.sampled_from(get_args(Function))
    return st.one_of(
        st.sampled_from(["left", "inner", "semi", "anti", "full"]).map(lambda how: Join(right=right, on="k", how=how)),
        st.just(Join(right=right.unique("k", keep="first", maintain_order=True), on="k", how="inner", matches="one")),
        st.just(Union(right=right)),
        st.just(Explode(["l"])),
        st.just(Unpivot(["k", "n"], name="what")),
        functions.map(lambda f: Pivot(["t"], "k", ["n"], f)),
        st.tuples(st.sampled_from([[], ["k"], ["k", "t"]]), functions, st.booleans()).map(
            lambda o: Aggregator(o[0], {"out": {"field": "n", "function": o[1], "nulls": o[2]}})
        ),
        st.integers(0, 12).map(Limit),
        st.sampled_from(["k > 1", "t = 'a' OR k = 0", "k IS NULL"]).map(Filter),
        st.sampled_from(["quarantine", "rescue"]).map(lambda e: Cast(types={"t": "integer"}, errors=e)),
        st.tuples(st.booleans(), st.booleans()).map(lambda o: Sort(["t", "k"], descending=o[0], nulls_last=o[1])),
        st.just(Derive("z", "k + 1")),
        st.just(Text(["t"], trim=True, case="upper")),
        st.just(Split("t", ["t1", "t2"], " ", extra="rescue")),
        st.booleans().map(lambda r: Extract("t", {"letter": Wanted("text", pattern="[ab]", required=r)})),
        st.just(Classify("t", {"first": "aa", "second": "bb"})),
    )


@settings(
    max_examples=draws(120), deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
@given(values=VALUES, second=SECOND, draw=st.data())
def test_the_ledger_holds(values: list[Any], second: list[Any], draw: Any) -> None:
    step = draw.draw(steps(second))
    schema = {"k": pl.Int64, "t": pl.String, "l": pl.List(pl.Int64), "gone": pl.Boolean}
    frame = frames.track(pl.DataFrame(values, schema=schema, orient="row").lazy().with_columns(n=pl.col("k") * 2))
    frame = frames.condemn(frame, pl.col("gone"), "filtered:before").drop("gone")
    living = [i for i, row in enumerate(values) if not row[3]]
    out, gone = run(step, frame)
    kept = out["_weight"].sum() if step.segment else out.height
    assert kept + gone.height == len(living)
    if not isinstance(step, Sort) and "_rid" in out.columns:
        order = [rid for rid in out["_rid"] if rid is not None]
        assert order == sorted(order)
        assert set(order) | set(gone["_rid"]) == set(living)


@pytest.mark.parametrize("kind", [t for t in FieldType if t not in (FieldType.STRING, FieldType.BINARY)])
def test_cast_reads_blanks_around_a_value_as_inference_does(kind: FieldType) -> None:
    texts = [
        " 12",
        "12 ",
        " 007",
        "1.5",
        " 1.5",
        "x",
        "",
        "NA",
        "2024-01-15 ",
        " 2024-01-15 10:30:05",
        " true",
        "1e400",
    ]
    texts += [" nan", "\u00a012", " [1] ", ' {"a": 1} ', " 10:30 "]
    field = Field("v", kind)
    frame = pl.DataFrame({"v": texts})
    expected = frame.select(v=cast_expr(field, pl.col("v")))["v"].to_list()
    assert Cast(fields=[field]).apply(frames.track(frame.lazy())).collect()["v"].to_list() == expected

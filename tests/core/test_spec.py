"""Spec → Pipeline → spec is an identity; a spec that is wrong says where; the exported script is the same run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automic_core import registry
from automic_core.contracts import Transformer
from automic_core.errors import ConfigError
from automic_core.pipeline import Pipeline
from automic_core.records import Record
from automic_core.spec import PipelineSpec
from tests.drawing import draws

EXAMPLE = """
version: 1
name: orders
extract: {kind: csv, path: "in/*.csv"}
steps:
  - {id: s1, kind: nulls, strategy: drop_all, fields: [amount]}
  - {id: s2, kind: join, table: silver.customers, left_on: customer_id, right_on: id, how: inner}
  - {id: s3, kind: derive, column: total, sql: "quantity * unit_price"}
  - {id: s4, kind: dedup, match_fields: [order_id], enabled: false}
rules:
  - {id: r1, kind: range, columns: [total], min: 0, action: drop}
  - {id: r2, kind: not_null, columns: [total], enabled: false}
load: {kind: iceberg, table: silver.orders, mode: upsert, keys: [order_id]}
"""

names = st.text(st.sampled_from("abcxyz é'\"\\:#-0"), min_size=1, max_size=8)
fields = st.lists(names, min_size=1, max_size=3, unique=True)
booleans, counts = st.just(True), st.integers(1, 10**6)


def part(kind: str, required: dict[str, Any] | None = None, /, **optional: Any) -> st.SearchStrategy[dict[str, Any]]:
    """An entry with its required options and some of the others, none at its default."""
    return st.fixed_dictionaries({"kind": st.just(kind), **(required or {})}, optional=optional)


PARTS = st.fixed_dictionaries(
    {"cursor": names},
    optional={
        "lag": st.integers(1, 99),
        "nulls": st.sampled_from(["skip", "fail"]),
        "type": st.sampled_from(["integer", "string"]),
        "backfill": st.lists(st.none() | names, min_size=2, max_size=2),
    },
)
SOURCES = st.one_of(
    part("csv", {"path": names}, delimiter=st.sampled_from([";", "|", "\t"]), types=st.just("text"), incremental=PARTS),
    part("json", {"path": names}, types=st.just("text")),
    part("parquet", {"path": names}),
    part("iceberg", {"table": st.just("silver.orders")}, snapshot=counts),
)
LOADERS = st.one_of(
    part("csv", {"path": names}, metadata=booleans, mode=st.just("append")),
    part("parquet", {"path": names}, metadata=booleans),
    part("iceberg", {"table": st.just("silver.t")}, keys=fields, mode=st.sampled_from(["append", "upsert"])),
)
aggregations = st.dictionaries(
    names,
    st.fixed_dictionaries(
        {"field": names, "function": st.sampled_from(["sum", "max", "count", "list"])},
        optional={"separator": st.just(";"), "nulls": booleans},
    ),
    min_size=1,
    max_size=2,
)
STEPS = st.one_of(
    part("nulls", fields=fields, strategy=st.sampled_from(["drop_all", "remove_fields"])),
    part("nulls", {"strategy": st.just("fill"), "fill_value": st.integers() | names}, fields=fields),
    part("dedup", match_fields=fields, merge_strategy=st.sampled_from(["keep_last", "keep_best_quality"])),
    part("filter", {"sql": names}),
    part("limit", {"rows": counts}),
    part("sort", {"by": fields}, descending=booleans),
    part("select", {"columns": fields}),
    part("rename", {"columns": st.dictionaries(names, names, min_size=1, max_size=2)}),
    part("derive", {"column": names, "sql": names}),
    part("text", {"case": st.sampled_from(["lower", "upper", "title"])}, columns=fields, trim=booleans),
    part("quality", filter_low_quality=booleans, min_score=st.sampled_from([0.25, 0.5])),
    part("anomaly", method=st.sampled_from(["mad", "iqr"]), filter_anomalies=booleans),
    part("join", {"table": st.just("silver.t"), "on": fields}, how=st.sampled_from(["inner", "anti"])),
    part("union", {"source": st.just({"kind": "csv", "path": "b.csv"})}),
    part("aggregate", {"group_by": st.just([]), "aggregations": aggregations}),
    part("unpivot", {"columns": fields}, index=fields),
)
RULES = st.one_of(
    part("not_null", {"columns": fields}, action=st.sampled_from(["warn", "drop"])),
    part("range", {"columns": fields, "min": st.integers(-5, 5)}, max=st.floats(6, 9), action=st.just("fail")),
    part("regex", {"columns": fields, "pattern": st.sampled_from(["a+", "[0-9]{2}"])}, match=st.just("partial")),
    part("set", {"columns": fields, "values": st.lists(names | st.integers(0, 9), min_size=1, max_size=3)}),
    part("length", {"columns": fields}, max=counts),
    part("unique", {"columns": fields}, action=st.just("warn")),
    part("sql", {"sql": names}),
    part("dependency", {"columns": fields, "settles": names}, action=st.just("warn")),
    part("row_count", {"max": counts}),
    part("type", {"columns": fields, "type": st.sampled_from(["integer", "date"])}, action=st.just("warn")),
    part("foreign_key", {"columns": fields, "table": st.just("silver.t")}, action=st.just("drop")),
    part("freshness", {"columns": fields}, hours=st.integers(1, 99).map(float)),
    part("drift", {"columns": st.just(["a"]), "shares": st.just({"x": 0.5, "y": 0.5})}, limit=st.just(0.1)),
)


def listed(parts: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Entries with ids of their own, some switched off."""
    entry = st.tuples(parts, st.booleans())
    return st.lists(st.tuples(names, entry), max_size=4, unique_by=lambda pair: pair[0]).map(
        lambda found: [{"id": i, **p, **({} if on else {"enabled": False})} for i, (p, on) in found]
    )


SPECS = st.fixed_dictionaries(
    {"version": st.just(1), "extract": SOURCES, "steps": listed(STEPS), "load": LOADERS},
    optional={"name": names, "rules": listed(RULES).filter(bool)},
)


@settings(max_examples=draws(100), deadline=None, derandomize=True, database=None)
@given(data=SPECS)
def test_spec_to_pipeline_to_spec_is_an_identity(data: dict[str, Any]) -> None:
    spec = PipelineSpec.model_validate(data)
    assert PipelineSpec.parse(spec.to_yaml()) == spec
    again = PipelineSpec.from_pipeline(spec.to_pipeline())
    assert again == spec
    assert again.plain() == data


def test_the_printed_example_is_an_identity() -> None:
    spec = PipelineSpec.parse(EXAMPLE)
    assert PipelineSpec.from_pipeline(spec.to_pipeline()) == spec
    assert PipelineSpec.parse(spec.to_yaml()) == spec


def test_what_is_written_out_although_it_is_the_default_means_the_same() -> None:
    short = PipelineSpec.parse("{extract: {kind: csv, path: a.csv}, load: {kind: csv, path: b.csv}}")
    long = PipelineSpec.parse(
        "{version: 1, extract: {kind: csv, path: a.csv}, steps: [], load: {kind: csv, path: b.csv, mode: overwrite}}"
    )
    assert PipelineSpec.from_pipeline(long.to_pipeline()) == PipelineSpec.from_pipeline(short.to_pipeline()) == short


def test_entries_without_an_id_get_one_that_survives() -> None:
    spec = PipelineSpec.parse(
        "extract: {kind: csv, path: a.csv}\nsteps: [{kind: nulls}, {id: s1, kind: dedup}, {kind: limit, rows: 3}]\n"
        "rules: [{kind: not_null, columns: [a]}]"
    )
    assert [step.id for step in spec.steps] == ["s2", "s1", "s3"]
    assert spec.rules[0].id == "r1"
    assert PipelineSpec.from_pipeline(spec.to_pipeline()) == spec


def test_ids_survive_reordering_and_switching_off() -> None:
    spec = PipelineSpec.parse(EXAMPLE)
    spec.steps.reverse()
    pipeline = spec.to_pipeline()
    assert [named.id for named in pipeline.steps] == ["s4", "s3", "s2", "s1"]
    assert [named.id for named in pipeline.active_steps()] == ["s3", "s2", "s1", "rules"]
    assert [rule_id for rule_id, _ in pipeline.active_rules()] == ["r1"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("steps: [", "p.yaml, line 1"),
        ("- a", "p.yaml is not a pipeline"),
        ("extrct: {kind: csv}", "unknown key 'extrct'.*Did you mean 'extract'"),
        ("steps: []", "extract is needed"),
        ("{extract: {path: a.csv}}", r"extract\.kind is needed"),
        ("{version: 2, extract: {kind: csv, path: a}}", "version: Input should be 1"),
        ("{extract: {kind: cvs, path: a}}", "p.yaml: .*kind 'cvs'.*Did you mean 'csv'"),
        ("{extract: {kind: csv, pth: a}}", "p.yaml: .*pth.*Did you mean 'path'"),
        ("{extract: {kind: csv, path: a}, steps: [{id: x, kind: limit, rows: -1}]}", "p.yaml: step x: .*rows.*-1"),
        (
            "{extract: {kind: csv, path: a}, steps: [{kind: limit, row: 1}]}",
            "p.yaml: step s1: .*row.*Did you mean 'rows'",
        ),
        ("{extract: {kind: csv, path: a}, rules: [{id: y, kind: range, columns: [a]}]}", "p.yaml: rule y: "),
        ("{extract: {kind: csv, path: a}, steps: [{id: x, kind: nulls}, {id: x, kind: nulls}]}", "'x'"),
        ("{extract: {kind: csv, path: a}, load: {kind: csv, path: b, mode: replace}}", "p.yaml: load.mode: .*replace"),
        ("{extract: {kind: csv, path: a}, load: {kind: csv, path: b, keys: id}}", "p.yaml: load.keys: .*'id'"),
        ("{extract: {kind: csv, path: a, enabled: false}}", "p.yaml: .*enabled"),
        ("{extract: {kind: builtins.open, path: a}}", "p.yaml: .*builtins.open"),
        ("{extract: {kind: csv, path: a}, steps: [!!python/object/apply:os.getcwd []]}", "p.yaml, line 1"),
    ],
)
def test_a_wrong_file_is_told_by_name_and_place(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=f"(?s){message}"):
        PipelineSpec.load_file(file).to_pipeline()


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"Cannot read .*none\.yaml"):
        PipelineSpec.load_file(tmp_path / "none.yaml")


def test_a_step_from_elsewhere_cannot_be_written() -> None:
    class Mine(Transformer):
        def transform(self, record: Record) -> Record:
            return record

    source = registry.build("source", "csv", {"path": "a.csv"})
    with pytest.raises(ConfigError, match="Mine has no kind in the registry"):
        PipelineSpec.from_pipeline(Pipeline().extract(source).transform(Mine()))


def test_every_kind_in_the_registry_has_a_schema_and_an_example_here() -> None:
    covered = {"extract", "classify", "pivot", "explode", "split", "cast", "schema"}  # built in their own tests
    for group, strategy in (("step", STEPS), ("rule", RULES)):
        for kind, cls in ((k, registry.load(group, k)) for k in registry.REGISTRY[group]):  # type: ignore[arg-type,index]
            assert registry.options_schema(cls)["type"] == "object"
            assert kind in covered or f"'{kind}'" in repr(strategy)


def test_the_exported_script_gives_the_same_rows(tmp_path: Path) -> None:
    lines = [f'{i},n{i % 30},{"" if i % 9 == 0 else i % 13},it\'s "{i % 5}"' for i in range(200)]
    (tmp_path / "in.csv").write_text(
        "id,name,amount,note\n" + "\n".join(line.replace('"', "") for line in lines) + "\n"
    )
    text = f"""
name: orders
extract: {{kind: csv, path: "{tmp_path}/in.csv"}}
steps:
  - {{id: s1, kind: nulls, strategy: drop, fields: [amount]}}
  - {{id: quoted, kind: filter, sql: "note <> 'it''s 3'"}}
  - {{id: skipped, kind: limit, rows: 1, enabled: false}}
  - {{id: s3, kind: derive, column: total, sql: "amount * 2"}}
  - {{id: s4, kind: dedup, match_fields: [name], merge_strategy: keep_last}}
rules:
  - {{id: r1, kind: range, columns: [total], min: 4}}
  - {{id: r2, kind: range, columns: [total], max: 5, enabled: false}}
load: {{kind: parquet, path: "{tmp_path}/yaml.parquet"}}
"""
    spec = PipelineSpec.parse(text)
    report = spec.to_pipeline().run().report
    script = tmp_path / "orders.py"
    script.write_text(spec.to_python().replace("yaml.parquet", "script.parquet"))
    compile(script.read_text(), "orders.py", "exec")
    done = subprocess.run([sys.executable, "-W", "error", str(script)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(report).replace("yaml", "script")
    by_yaml, by_script = (pl.read_parquet(tmp_path / f"{name}.parquet") for name in ("yaml", "script"))
    assert by_yaml.height == report.rows_out > 0
    assert by_yaml.hash_rows(1).equals(by_script.hash_rows(1))


def test_a_script_without_destination_previews(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("id,from\n1,a\n2,b\n")
    source = registry.build("source", "csv", {"path": str(tmp_path / "in.csv")})
    spec = PipelineSpec.from_pipeline(Pipeline().extract(source))
    script = tmp_path / "p.py"
    script.write_text(spec.to_python())
    done = subprocess.run([sys.executable, "-W", "error", str(script)], capture_output=True, text=True, check=True)
    assert "shape: (2, " in done.stdout

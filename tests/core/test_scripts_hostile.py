"""Exported scripts hold hostile names and odd values as values, and never as code."""

from __future__ import annotations

import ast
import json
from typing import Any

import pytest

from automic_core import workbench
from automic_core.scripting import arguments
from automic_core.spec import PipelineSpec
from automic_core.workbench.scripts import build_script, ingest_script, promotion_script

EVIL = 'a"""\n\'\'\'\nimport os; os.system("id")\n#\\'
USUAL = {"Expr", "Import", "ImportFrom", "Assign", "With"}


def scripts() -> dict[str, str]:
    step = {"id": EVIL, "kind": "derive", "column": EVIL, "sql": "'" + EVIL.replace("'", "''") + "'"}
    rule = {"id": EVIL + "2", "kind": "range", "columns": [EVIL], "min": 0.1}
    data = {"schema": {EVIL: "integer"}, "steps": [step], "rules": [rule]}
    spec = workbench.parse_promotion(json.dumps(data))
    source = {"kind": "csv", "path": EVIL, "types": {EVIL: "integer"}}
    groups = {"source": EVIL, "group_by": [EVIL], "aggregations": {EVIL: {"field": EVIL, "function": "sum"}}}
    return {
        "promotion": promotion_script(EVIL, spec),
        "build": build_script(EVIL, {"sql": f"SELECT '{EVIL}'"}),
        "groups": build_script(EVIL, groups),
        "odd": build_script(EVIL, {EVIL: EVIL, "class": 1}),
        "ingest": ingest_script({"table": EVIL, "mode": EVIL, "keys": [EVIL], "source": source}),
    }


@pytest.mark.parametrize("name", ["promotion", "build", "groups", "odd", "ingest"])
def test_names_are_only_ever_texts(name: str) -> None:
    tree = ast.parse(scripts()[name])
    assert {type(part).__name__ for part in tree.body} <= USUAL
    imported = {alias.name for part in ast.walk(tree) if isinstance(part, ast.Import) for alias in part.names}
    assert imported <= {"argparse", "datetime"}
    assert "system" not in {part.attr for part in ast.walk(tree) if isinstance(part, ast.Attribute)}
    assert EVIL in {part.value for part in ast.walk(tree) if isinstance(part, ast.Constant)}
    assert EVIL.split("\n")[0] in str(ast.get_docstring(tree))


def test_classes_come_from_the_package_where_it_gives_them_out() -> None:
    data = {"steps": [{"kind": "nulls", "strategy": "drop"}], "rules": [{"kind": "range", "columns": ["a"], "min": 1}]}
    text = promotion_script("t", workbench.parse_promotion(json.dumps(data)))
    assert "from automic_core import Lakehouse, NullRemover, Range\n" in text
    assert "automic_core.transforms" not in text
    pipeline = PipelineSpec.parse(json.dumps({"extract": {"kind": "csv", "path": "a.csv"}, **data})).to_python()
    assert pipeline.startswith("from automic_core import CSVSource, NullRemover, Pipeline, Range\n\n")


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), [1.5, float("inf")], {"a": (float("inf"), 2)}, "x"])
def test_a_value_is_written_as_python_that_makes_it(value: Any) -> None:
    assert eval(f"dict({arguments({'v': value})})", {}) == {"v": value}

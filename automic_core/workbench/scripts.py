"""Ingests, promotions and builds as Python scripts of real constructor calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from enum import Enum
from typing import Any

from automic_core import registry
from automic_core.contracts import Rule, Transformer
from automic_core.records import Field
from automic_core.scripting import arguments, import_lines, public_module
from automic_core.workbench.promotions import PromotionSpec

Imports = set[tuple[str, str]]
_ARGUMENTS = """\
parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("lake", nargs="?", default="lake", help="folder of the lake")
"""
_DRY = """\
parser.add_argument("--dry-run", action="store_true", help="compute and print the row hash, publish nothing")
"""


def promotion_script(table: str, spec: PromotionSpec) -> str:
    """A script that stages a promotion, prints the hash of its rows, and publishes it."""
    imports = {
        ("automic_core", "Lakehouse"),
        ("automic_core.lakehouse.rowhash", "row_hash"),
        ("automic_core.workbench", "PromotionSpec"),
    }
    columns = [f"    {name!r}: {_column(column, imports)}," for name, column in spec.columns.items()]
    steps = [f"    NamedStep({each.id!r}, {_part('step', each.step, imports)})," for each in spec.steps]
    rules = [f"    ({rule_id!r}, {_part('rule', rule, imports)})," for rule_id, rule in spec.rules]
    if steps:
        imports.add(("automic_core.planning", "NamedStep"))
    body = f"""\
columns = {_block("{", columns, "}")}
steps = {_block("[", steps, "]")}
rules = {_block("[", rules, "]")}
spec = PromotionSpec(columns, steps, rules)

{_ARGUMENTS}{_DRY}given = parser.parse_args()

with Lakehouse.open(given.lake) as lake:
    schema = spec.schema(lake.silver.infer({table!r})) if columns else None
    promotion = lake.silver.stage({table!r}, schema, spec.steps, spec.rules, spec_text=spec.text)
    print(promotion.report)
    print("hash:", row_hash(promotion.rows()))
    if given.dry_run:
        promotion.discard()
    else:
        print("snapshot:", promotion.publish())
"""
    return _script(f"Build silver.{table} from bronze.{table}.", imports, body)


def build_script(name: str, definition: Mapping[str, Any]) -> str:
    """A script that stages a gold table, prints the hash of its rows, and publishes it."""
    how = {key: value for key, value in definition.items() if value is not None}
    body = f"""\
{_ARGUMENTS}{_DRY}given = parser.parse_args()

with Lakehouse.open(given.lake) as lake:
    build = lake.gold.stage(
        {name!r},
        {arguments(how)},
    )
    print(build.report)
    print("hash:", row_hash(build.rows()))
    if given.dry_run:
        build.discard()
    else:
        print("snapshot:", build.publish())
"""
    imports = {("automic_core", "Lakehouse"), ("automic_core.lakehouse.rowhash", "row_hash")}
    return _script(f"Build gold.{name}.", imports, body)


def ingest_script(data: Mapping[str, Any]) -> str:
    """A script that takes the same source in."""
    source = dict(data["source"])
    imports = {("automic_core", "Lakehouse")}
    call = _call("source", source.pop("kind"), source, imports)
    how = f"mode={data['mode']!r}, keys={data['keys'] or None!r}"
    if "incremental" in data:
        imports.add(("automic_core", "Incremental"))
        how += f", incremental=Incremental({arguments(data['incremental'])})"
    body = f"""\
{_ARGUMENTS}given = parser.parse_args()

source = {call}
with Lakehouse.open(given.lake) as lake:
    done = lake.bronze.ingest(source, {data["table"]!r}, {how})
    for report in done.reports:
        print(report)
    for unchanged in done.unchanged:
        print(unchanged, "is there already")
"""
    return _script(f"Take a source into {data['table']}.", imports, body)


def _script(does: str, imports: Imports, body: str) -> str:
    standard = ["import argparse", *(["import datetime"] if "datetime." in body else [])]
    simple = not set(does) & set('"\\\n\r')
    return "\n".join([f'"""{does}"""' if simple else repr(does), "", *standard, "", *import_lines(imports), "", body])


def _block(start: str, lines: list[str], end: str) -> str:
    return "\n".join([start, *lines, end]) if lines else start + end


def _column(column: Field, imports: Imports) -> str:
    """A field with what it says beyond the defaults."""
    imports.update({("automic_core", "Field"), ("automic_core", "FieldType")})
    said = [f"{column.name!r}", f"FieldType.{column.type.name}"]
    for each in fields(Field):
        value = getattr(column, each.name)
        default = each.default_factory() if each.default_factory is not MISSING else each.default
        if each.name not in ("name", "type") and value != default:
            said.append(f"{each.name}={value!r}")
    return f"Field({', '.join(said)})"


def _part(group: registry.Group, part: Transformer | Rule, imports: Imports) -> str:
    return _call(group, part.kind, registry.options(part), imports)


def _call(group: registry.Group, kind: str, options: Mapping[str, Any], imports: Imports) -> str:
    """The constructor call of a kind."""
    path = registry.entries(group)[kind].path
    name = path.partition(":")[2]
    imports.add((public_module(path), name))
    return f"{name}({arguments({key: _literal(value) for key, value in options.items()})})"


def _literal(value: Any) -> Any:
    """A value whose ``repr`` is Python that makes it."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {key: _literal(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_literal(each) for each in value]
    return value

"""What the demo's promotions found, measured against the truth."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from automic_core import frames
from automic_core.demo.score import CELL, RECORD, Score, recall_by, score_cells, score_pairs, score_records
from automic_core.demo.truth import Truth
from automic_core.lake import Lakehouse
from automic_core.medallion import removals
from automic_core.medallion.context import RUN_ID
from automic_core.workbench import PromotionSpec

# No check can tell these from the row itself: the old values of a superseded row, a placeholder for what is truly
# missing, a plausible name.
NOT_TO_FIND = ("outdated", "na_token", "typo")
DERIVED = {"total_eur": "total"}
ENCODING = "UTF-8"
CELL_SCHEMA = dict.fromkeys(CELL, pl.String) | {"record": pl.Int64}


@dataclass(frozen=True)
class Measured:
    """Precision and recall of one kind of finding.

    Attributes:
        expected: How many there are that could be found.
        hits: How many of these were.
        reported: How many findings there are.
        right: How many of these are wrong indeed, be it in a way that is not expected to be found.
        kinds: Fault kind to (hits, expected).
    """

    what: str
    expected: int
    hits: int
    recall: float
    reported: int
    right: int
    precision: float
    kinds: dict[str, tuple[int, int]] = field(default_factory=dict)


def measure(lake: Lakehouse, truth: Truth, specs: dict[str, PromotionSpec], runs: dict[str, str]) -> list[Measured]:
    """Compare what was merged, set aside, flagged, warned about or repaired with the truth.

    Args:
        lake: The demo lake.
        truth: What is wrong in the files.
        specs: What each table's promotion did.
        runs: Table to the run that made it.
    """
    findings = [_Findings(lake, table, spec, runs[table]) for table, spec in specs.items()]
    pairs = pl.concat([each.duplicates() for each in findings])
    malformed = pl.concat([each.malformed() for each in findings])
    cells = pl.concat([each.cells() for each in findings]).unique()
    merged = pairs.select(RECORD)
    return [_duplicates(truth, pairs), _malformed(truth, malformed), _cells(truth, cells, merged)]


def _duplicates(truth: Truth, pairs: pl.DataFrame) -> Measured:
    kinds = {}
    for kind in ("exact", "version", "near"):
        part = score_pairs(truth.duplicates.filter(pl.col("kind") == kind), pairs)
        kinds[kind] = (part.hits, part.expected)
    return _measured("duplicate pairs", score_pairs(truth.duplicates, pairs), kinds)


def _malformed(truth: Truth, found: pl.DataFrame) -> Measured:
    kinds = recall_by(truth.malformed, found)
    return _measured("malformed records", score_records(truth.malformed, found), _by_kind(kinds))


def _cells(truth: Truth, found: pl.DataFrame, merged: pl.DataFrame) -> Measured:
    """Recall over the cells that could be found in rows that were not merged away; precision over all that is wrong."""
    wrong = truth.errors.with_columns(pl.col("column").str.extract(r"^([^.\[]+)"))
    found = found.join(merged, on=list(RECORD), how="anti")
    there = wrong.join(merged, on=list(RECORD), how="anti").filter(~pl.col("kind").is_in(NOT_TO_FIND))
    right = score_cells(wrong, found)
    part = score_cells(there, found)
    kinds = _by_kind(recall_by(there, found, on=CELL))
    return Measured(
        "wrong cells", part.expected, part.hits, part.recall, right.found, right.hits, right.precision, kinds
    )


def _measured(what: str, score: Score, kinds: dict[str, tuple[int, int]]) -> Measured:
    return Measured(what, score.expected, score.hits, score.recall, score.found, score.hits, score.precision, kinds)


def _by_kind(frame: pl.DataFrame) -> dict[str, tuple[int, int]]:
    return {kind: (hits, expected) for kind, expected, hits, _ in frame.iter_rows()}


class _Findings:
    """What one table's promotion says about its bronze records."""

    def __init__(self, lake: Lakehouse, table: str, spec: PromotionSpec, run_id: str) -> None:
        self._lake, self._table, self._spec, self._run = lake, table, spec, run_id
        self._bronze = lake.scan(f"bronze.{table}").collect()
        self._silver = lake.scan(f"silver.{table}").collect()
        self._quarantine = lake.quarantine(table)
        self._places = self._bronze.select(
            frames.RID,
            pl.lit(table).alias("table"),
            pl.col("_source").str.extract(r"([^/\\]+)$").alias("file"),
            pl.col("_source_row").alias("record"),
        )

    def duplicates(self) -> pl.DataFrame:
        """The record that went and the one it was merged into."""
        made = {RUN_ID: self._run}  # which read all rows
        gone = removals.removed(self._lake.context, self._table, made, pl.col("into").is_not_null())
        stays = self._places.select(
            pl.col(frames.RID).alias("into"),
            pl.col("file").alias("duplicate_of_file"),
            pl.col("record").alias("duplicate_of_record"),
        )
        joined = gone.select(frames.RID, "into").join(self._places, on=frames.RID).join(stays, on="into")
        return joined.select(*RECORD, "duplicate_of_file", "duplicate_of_record")

    def malformed(self) -> pl.DataFrame:
        """Records that could not be read as records; a wrong encoding is a fault of cells."""
        return self._at(self._rescued().filter(~self._encoding())).select(RECORD)

    def cells(self) -> pl.DataFrame:
        """Cells that were set aside, flagged, warned about or repaired."""
        found = [self._set_aside(), self._misread(), self._warned(), self._flagged(), self._changed()]
        if self._table == "orders":
            rows = self._lake.scan("gold.orders_to_check").select(pl.col("order_rid").alias(frames.RID)).collect()
            found.append(rows.with_columns(pl.lit("total").alias("column")))
        every = pl.concat([part.select(frames.RID, pl.col("column").cast(pl.String)) for part in found])
        every = every.with_columns(pl.col("column").replace(DERIVED))
        return self._at(every).select(pl.col(name).cast(dtype) for name, dtype in CELL_SCHEMA.items())

    def _at(self, rows: pl.DataFrame) -> pl.DataFrame:
        return rows.join(self._places, on=frames.RID)

    def _rescued(self) -> pl.DataFrame:
        return self._bronze.filter(pl.col(frames.RESCUED).str.json_path_match("$.reason").is_not_null())

    def _encoding(self) -> pl.Expr:
        return pl.col(frames.RESCUED).str.json_path_match("$.reason").str.contains(ENCODING, literal=True)

    def _misread(self) -> pl.DataFrame:
        """Cells with a letter beyond ASCII, in records that are not in the file's encoding."""
        rows = self._rescued().filter(self._encoding())
        data = frames.data_columns(rows.lazy())
        long = rows.select(frames.RID, *data).unpivot(index=frames.RID, variable_name="column", value_name="text")
        return long.filter(pl.col("text").str.contains(r"[^\x00-\x7F]"))

    def _set_aside(self) -> pl.DataFrame:
        reasons = self._quarantine.select(frames.RID, "reasons").explode("reasons").unnest("reasons")
        return reasons.filter(pl.col("column").is_not_null()).select(frames.RID, "column")

    def _warned(self) -> pl.DataFrame:
        rules = [rule for _, rule in self._spec.rules if rule.action == "warn" and rule.is_row_rule]
        empty = pl.DataFrame(schema={frames.RID: pl.Int64, "column": pl.String})
        parts = [rule.failures(self._silver.lazy()).select(frames.RID, "column").collect() for rule in rules]
        return pl.concat([empty, *parts])

    def _flagged(self) -> pl.DataFrame:
        if "_is_anomaly" not in self._silver.columns:
            return pl.DataFrame(schema={frames.RID: pl.Int64, "column": pl.String})
        marked = self._silver.filter("_is_anomaly").select(frames.RID, pl.col("_anomaly_reasons").alias("reason"))
        if isinstance(marked.schema["reason"], pl.List):
            marked = marked.explode("reason")
        return marked.select(frames.RID, pl.col("reason").str.extract(r"^(\w+)").alias("column"))

    def _changed(self) -> pl.DataFrame:
        """Cells whose text a step changed, or that a step emptied."""
        both = [n for n in frames.data_columns(self._bronze.lazy()) if n in self._silver.columns]
        pair = self._bronze.select(frames.RID, *both).join(
            self._silver.select(frames.RID, *(pl.col(n).alias(f"_new_{n}") for n in both)), on=frames.RID
        )
        parts = []
        for name in both:
            old, new = pl.col(name), pl.col(f"_new_{name}")
            emptied = new.is_null() & (old.cast(pl.String).str.strip_chars() != "")
            text = self._silver.schema[name] == pl.String and self._bronze.schema[name] == pl.String
            touched = emptied | (old != new) if text else emptied
            parts.append(pair.filter(touched).select(frames.RID, pl.lit(name).alias("column")))
        return pl.concat(parts)

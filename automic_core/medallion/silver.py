"""Silver: typed, validated, deduplicated; a function of bronze, the steps and a person's decisions."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Sequence
from typing import Any

import polars as pl

from automic_core import frames
from automic_core.contracts import Fitted, Pair, ReadRequest, Rule, SourceAdapter, Transformer
from automic_core.errors import CatalogError, ConflictError, translate
from automic_core.events import Event, Listener
from automic_core.inference import DEFAULT_NULL_TOKENS, infer_exact
from automic_core.inference.casting import is_null_token
from automic_core.lakehouse import tables
from automic_core.lakehouse.commits import head
from automic_core.medallion import quarantine, resolving
from automic_core.medallion.batches import CHANGES, RID_BITS, BronzeLayout, known_batches, layout
from automic_core.medallion.context import SOURCES as SOURCES
from automic_core.medallion.context import LakeContext, split_name, until_published
from automic_core.medallion.decisions import ABOUT_ONE, Decisions, apply_decisions
from automic_core.medallion.gates import judged
from automic_core.medallion.pairs import ABOUT_PAIRS, resolved
from automic_core.medallion.promotion import SPEC
from automic_core.medallion.promotion import Promotion as Promotion
from automic_core.medallion.staged import StagedTable
from automic_core.pipeline import Pipeline
from automic_core.planning import NamedStep
from automic_core.records import Schema
from automic_core.transforms.columns import Cast

ATTEMPTS = 5
MOST_PARTS = 100
"""So many batches are put in order by reading them one after the other; more are sorted."""
DEFINITION = "automic.definition"


class BronzeRows(SourceAdapter):
    """What silver reads of a bronze table: the batches that count, with a person's decisions applied."""

    kind = "bronze"
    tracked = True

    def __init__(self, lake: LakeContext, table: str) -> None:
        self._table = table
        self._stored = lake.need(f"bronze.{table}")
        self.layout: BronzeLayout = layout(self._stored)
        self.snapshot = head(self._stored)
        self.decided = Decisions(lake).snapshot()
        made = Decisions(lake).current(table, self.decided) if self.decided is not None else []
        self.decisions = [each for each in made if each.kind in ABOUT_ONE]
        self._paired = [each for each in made if each.kind in ABOUT_PAIRS]

    @property
    def name(self) -> str:
        return f"bronze.{self._table}"

    def raw(self) -> pl.LazyFrame:
        """The rows that count, as bronze has them, in the order in which they arrived."""
        stored = tables.scan(self._stored, self.snapshot)
        if self.layout.mode == CHANGES:
            return resolving.current(stored, self.layout.keys)
        frame = self._arrived(stored)
        if self.layout.mode == "snapshot":
            newest = list(self.layout.newest.values())
            frame = frame.filter((pl.col(frames.RID) // (1 << RID_BITS)).is_in(newest))
        names = frame.collect_schema().names()
        return frame.select(n for n in names if not frames.is_hidden(n) or n in (frames.RID, frames.RESCUED))

    def pairs(self) -> list[Pair]:
        """What people decided about pairs of the rows, for the steps that compare rows with each other."""
        return resolved(self.raw(), self._paired) if self._paired else []

    def _arrived(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Older batches first: a scan begins with the newest files, and "first" and "last" mean arrival."""
        first = [number << RID_BITS for number in sorted(known_batches(self._stored).values())]
        if not 1 < len(first) <= MOST_PARTS:
            return frame if len(first) < 2 else frame.sort(frames.RID, maintain_order=True)
        rid = pl.col(frames.RID)
        middle = [(rid >= low) & (rid < high) for low, high in itertools.pairwise(first[1:])]
        # Together they are all rows, whatever numbers they carry.
        parts = [(rid < first[1]) | rid.is_null(), *middle, rid >= first[-1]]
        return pl.concat([frame.filter(part) for part in parts])

    def scan(self, request: ReadRequest = ReadRequest()) -> pl.LazyFrame:
        frame = self.raw()
        return apply_decisions(frame, self.decisions) if self.decisions else frame


class _Newest(Fitted):
    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        if self.keys is None or not self.keys.height:
            return frame
        joined = frame.join(self.keys.lazy(), on=frames.RID, how="left", maintain_order="left")
        return frames.condemn(joined, pl.col("_into").is_not_null(), f"{frames.MERGED}:version", pl.col("_into")).drop(
            "_into"
        )


class LatestVersion(Transformer):
    """Keeps the last delivered version of each key; rows that lack a part of it stay for the rules to judge."""

    kind = "latest"

    def __init__(self, keys: Sequence[str]) -> None:
        self.keys = list(keys)

    def digest(self, schema: pl.Schema) -> list[pl.Expr]:
        missing = [
            is_null_token(pl.col(k), DEFAULT_NULL_TOKENS) if schema[k] == pl.String else pl.lit(False)
            for k in self.keys
        ]
        whole = pl.all_horizontal(pl.col(k).is_not_null() & ~none for k, none in zip(self.keys, missing, strict=True))
        key = pl.struct(self.keys)
        return [pl.when(whole).then(key.hash(seed)).alias(f"h{seed}") for seed in (1, 99991)]

    def learn(self, digest: pl.DataFrame) -> Fitted:
        rows = digest.filter(pl.col("h1").is_not_null()).select(frames.RID, "h1", "h99991")
        rows = rows.filter(pl.col("h1").is_duplicated())
        newest = pl.col(frames.RID).max().over("h1", "h99991")
        keys = rows.select(frames.RID, newest.alias("_into")).filter(pl.col(frames.RID) != pl.col("_into"))
        return _Newest({"superseded": keys.height}, keys)


class Silver:
    """Builds trusted tables from bronze. Get it as ``lake.silver``."""

    def __init__(self, context: LakeContext) -> None:
        self._lake = context

    def promote(
        self,
        table: str,
        schema: Schema | None = None,
        steps: Sequence[Transformer | NamedStep] = (),
        rules: Sequence[Rule | tuple[str, Rule]] = (),
        on_event: Listener | None = None,
        spec_text: str = "",
    ) -> Promotion:
        """Stage and publish; when another promotion was faster, do it again on the new state.

        Args:
            table: The table's name, the same in bronze and silver.
            schema: The accepted schema. None = the inferred one; a column in which a value does not fit stays text.
            steps: What to do after typing.
            rules: What must hold in the end.
            on_event: Called with signs of life.
            spec_text: The same as YAML, to be kept with the snapshot.

        Raises:
            GateError: A rule with action "fail" did not pass; nothing was published.
            ConflictError: Others kept publishing.
        """
        name = split_name(table, "silver")
        with self._lake.recording(f"promote {name}", f"silver.{name}"):
            return self._promote(table, schema, steps, rules, on_event, spec_text)

    def _promote(
        self,
        table: str,
        schema: Schema | None,
        steps: Sequence[Transformer | NamedStep],
        rules: Sequence[Rule | tuple[str, Rule]],
        on_event: Listener | None,
        spec_text: str,
    ) -> Promotion:
        for attempt in range(ATTEMPTS):
            promotion = self.stage(table, schema, steps, rules, on_event, spec_text)
            try:
                promotion.publish()
            except ConflictError:
                promotion.discard()
                if attempt + 1 == ATTEMPTS:
                    raise
                continue
            except BaseException:
                promotion.discard()
                raise
            if on_event is not None:
                on_event(Event("finished", promotion.report.run_id, promotion.report.rows_out))
            return promotion
        raise AssertionError("unreachable: the last attempt returns or raises")

    def stage(
        self,
        table: str,
        schema: Schema | None = None,
        steps: Sequence[Transformer | NamedStep] = (),
        rules: Sequence[Rule | tuple[str, Rule]] = (),
        on_event: Listener | None = None,
        spec_text: str = "",
    ) -> Promotion:
        """Compute the promotion and hold it for review; readers see nothing yet. Arguments as for ``promote``."""
        name = split_name(table, "silver")
        source = BronzeRows(self._lake, name)
        schema = schema or self.infer(name, source)
        pipeline = assembled(name, source, source.layout.keys, schema, steps, rules, source.pairs())
        staged = StagedTable(self._lake, f"silver.{name}")
        run_id = uuid.uuid4().hex[:12]
        token = frames.waivers_present.set(bool(source.decisions))
        try:
            with self._lake.resolving():
                pipeline.load(staged, metadata=True).run(until_published(on_event), run_id)
                quarantined = quarantine.describe(pipeline, source, source.layout.keys)
        except BaseException:
            staged.rollback()
            raise
        finally:
            frames.waivers_present.reset(token)
        report = pipeline.report
        report.notes.append("The schema was inferred; nobody has accepted it yet.") if schema.inferred else None
        if source.layout.mode == "snapshot" and source.layout.older:
            report.notes.append(f"{source.layout.older} older batches are superseded by newer ones of their source.")
        properties = {
            SOURCES: f'{{"bronze.{name}": {source.snapshot}}}',
            DEFINITION: _definition(schema, pipeline),
            quarantine.DECIDED: str(source.decided or ""),
        }
        if spec_text:
            properties[SPEC] = spec_text
        return Promotion(
            f"silver.{name}",
            report,
            schema,
            quarantined,
            pipeline.removed_sources(),
            pipeline.fitted,
            properties,
            staged,
            self._lake,
            source.layout.keys,
            judged(pipeline.active_rules(), report, quarantined),
        )

    def infer(self, table: str, source: BronzeRows | None = None) -> Schema:
        """The schema every value of the bronze table fits; the rest stays text."""
        rows = (source or BronzeRows(self._lake, split_name(table, "silver"))).scan()
        if frames.RESCUED in rows.collect_schema():
            rows = rows.filter(pl.col(frames.RESCUED).str.json_path_match("$.reason").is_null())
        data = rows.select(frames.data_columns(rows))
        with translate(CatalogError, f"Reading bronze.{table}"):
            schema = infer_exact(data, null_tokens=DEFAULT_NULL_TOKENS, name=table)
        schema.inferred = True
        return schema


def assembled(
    name: str,
    source: SourceAdapter,
    keys: Sequence[str],
    schema: Schema,
    steps: Sequence[Transformer | NamedStep] = (),
    rules: Sequence[Rule | tuple[str, Rule]] = (),
    pairs: Sequence[Pair] = (),
) -> Pipeline:
    """What a promotion does to bronze rows, in order: newest version of each key, types, steps, rules.

    Steps that compare rows with each other are told what people decided about ``pairs``.
    """
    pipeline = Pipeline(f"promote {name}").extract(source)
    if keys:
        pipeline.transform(LatestVersion(keys), id="latest")
    pipeline.transform(Cast.from_schema(schema), id="cast")
    for step in steps:
        named = step if isinstance(step, NamedStep) else NamedStep("", step)
        pipeline.transform(named.step.taught(pairs) if pairs else named.step, id=named.id or None)
    for rule in rules:
        rule_id, checked = rule if isinstance(rule, tuple) else (None, rule)
        pipeline.check(checked, id=rule_id)
    return pipeline


def _definition(schema: Schema, pipeline: Pipeline) -> str:
    """What the promotion did, for the snapshot: schema and fitted numbers as JSON."""
    import json
    from dataclasses import asdict

    learned: dict[str, Any] = {step: fitted.state for step, fitted in pipeline.fitted.items()}
    steps = [{"id": named.id, "kind": named.label} for named in pipeline.steps]
    return json.dumps({"schema": asdict(schema), "steps": steps, "fitted": learned}, default=str)

"""Silver: typed, validated, deduplicated; a function of bronze, the steps and a person's decisions."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from automic_core import frames
from automic_core.contracts import Pair, Rule, SourceAdapter, Transformer
from automic_core.errors import CatalogError, ConflictError, SchemaError, translate
from automic_core.events import Event, Listener
from automic_core.inference import DEFAULT_NULL_TOKENS, Inference, infer_exactly
from automic_core.inference.almost import almost_typed
from automic_core.inference.emptied import emptied_notes
from automic_core.lakehouse import tables
from automic_core.medallion import continuing, quarantine, removals, separable, taking_on
from automic_core.medallion.context import SOURCES as SOURCES
from automic_core.medallion.context import LakeContext, split_name, until_published
from automic_core.medallion.continuing import LATEST
from automic_core.medallion.decisions import Decisions
from automic_core.medallion.gates import judged
from automic_core.medallion.promotion import SPEC
from automic_core.medallion.promotion import Promotion as Promotion
from automic_core.medallion.reading import BronzeRows as BronzeRows
from automic_core.medallion.separable import Given, MustBeWholeError
from automic_core.medallion.staged import StagedIncrement, StagedTable
from automic_core.medallion.taking_on import DEFINITION as DEFINITION
from automic_core.medallion.taking_on import INCREMENTS, PLAN, Base
from automic_core.medallion.versions import LatestVersion as LatestVersion
from automic_core.pipeline import RULES, Pipeline
from automic_core.planning import NamedStep
from automic_core.records import Schema
from automic_core.transforms.columns import Cast

CAST = "cast"
ATTEMPTS = 5
EVERY = (LATEST, CAST)
TEXTS = "texts"


@dataclass(frozen=True)
class _Asked:
    """What was asked for: arguments of ``promote``."""

    name: str
    given: Given
    steps: Sequence[Transformer | NamedStep]
    rules: Sequence[Rule | tuple[str, Rule]]
    on_event: Listener | None
    text: str


class Silver:
    """Builds trusted tables from bronze. Get it as ``lake.silver``."""

    def __init__(self, context: LakeContext) -> None:
        self._lake = context

    def promote(
        self,
        table: str,
        schema: Given = None,
        steps: Sequence[Transformer | NamedStep] = (),
        rules: Sequence[Rule | tuple[str, Rule]] = (),
        on_event: Listener | None = None,
        spec_text: str = "",
        full: bool = False,
    ) -> Promotion:
        """Stage and publish; when another promotion was faster, do it again on the new state.

        Only the rows are read that bronze gained since the last promotion, where this gives the same rows as reading
        all of them by the same schema and what the steps learned then; else all rows, and the report says why.

        Args:
            table: The table's name, the same in bronze and silver.
            schema: The accepted schema. None = the inferred one; a column in which a value does not fit stays text.
                Or what is accepted of it: something with ``columns`` and ``schema(inferred)``.
            steps: What to do after typing.
            rules: What must hold in the end.
            on_event: Called with signs of life.
            spec_text: The same as YAML, to be kept with the snapshot.
            full: Read all rows, and learn from them anew.

        Raises:
            GateError: A rule with action "fail" did not pass; nothing was published.
            ConflictError: Others kept publishing.
        """
        name = split_name(table, "silver")
        with self._lake.recording(f"promote {name}", f"silver.{name}"):
            for attempt in range(ATTEMPTS):
                promotion = self.stage(table, schema, steps, rules, on_event, spec_text, full)
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
        schema: Given = None,
        steps: Sequence[Transformer | NamedStep] = (),
        rules: Sequence[Rule | tuple[str, Rule]] = (),
        on_event: Listener | None = None,
        spec_text: str = "",
        full: bool = True,
    ) -> Promotion:
        """Compute the promotion and hold it for review; readers see nothing yet. Arguments as for ``promote``."""
        name = split_name(table, "silver")
        asked = _Asked(name, schema, steps, rules, on_event, spec_text)
        source = BronzeRows(self._lake, name)
        if full:
            return self._whole(asked, source)
        try:
            return self._increment(asked, source, taking_on.base(self._lake, name))
        except MustBeWholeError as why:
            promotion = self._whole(asked, source)
            if str(why):
                promotion.report.notes.append(f"All {promotion.report.rows_in:,} rows were read: {why}.")
            return promotion

    def _whole(self, asked: _Asked, source: BronzeRows) -> Promotion:
        """All rows of bronze."""
        schema = asked.given
        texts: list[str] = []
        emptied: list[str] = []
        if not isinstance(schema, Schema):
            inferred = self._inferred(asked.name, source)
            texts = almost_typed(inferred, _settled(asked))
            schema = inferred.schema if schema is None else schema.schema(inferred.schema)
            emptied = emptied_notes(_readable(source.scan()), schema, inferred)
        keys = source.layout.keys
        pipeline = assembled(asked.name, source, keys, schema, asked.steps, asked.rules, source.pairs())
        staged = StagedTable(self._lake, f"silver.{asked.name}")
        quarantined = self._run(pipeline, staged, source, asked)
        definition = _definition(schema, pipeline, texts)
        pipeline.report.notes += [*texts, *emptied]
        plan = separable.plan(asked.given, _own(pipeline), pipeline.rules, source.layout, asked.text)
        properties = {PLAN: plan} if plan is not None else {}
        found = continuing.Outcome(pipeline.report, pipeline.removed_sources(), quarantined, pipeline.fitted)
        return self._promotion(asked, source, schema, pipeline, staged, found, {DEFINITION: definition, **properties})

    def _increment(self, asked: _Asked, source: BronzeRows, base: Base) -> Promotion:
        """The rows that bronze gained.

        Raises:
            MustBeWholeError: They do not suffice.
        """
        keys, whole = (
            source.layout.keys,
            assembled(asked.name, source, source.layout.keys, base.schema, asked.steps, asked.rules),
        )
        plan = separable.plan(asked.given, _own(whole), whole.rules, source.layout, asked.text)
        if plan is None or plan != base.made[PLAN]:
            raise MustBeWholeError("the promotion is not the one that was made last")
        if not _decided_alike(Decisions(self._lake), asked.name, base, source):
            raise MustBeWholeError("people have decided about rows since")
        gained = taking_on.gained(self._lake.need(source.name), base.bronze, source.layout)
        steps = separable.for_some_rows(_own(whole), base.definition["fitted"])
        new, before = source.gained(gained.batches), tables.scan(base.table, base.snapshot)
        continuing.check_schema(base, asked.given, _readable(new.scan()), before)
        pipeline = assembled(asked.name, new, keys, base.schema, steps, separable.removing(whole.rules))
        staged = StagedIncrement(self._lake, f"silver.{asked.name}", base.snapshot)
        try:
            quarantined = self._run(pipeline, staged, new, asked)
            continuing.check_fit(base, asked.given, pipeline)
            taken = continuing.TakingOn(self._lake, asked.name, base, gained, pipeline, staged)
            old = source.before(gained.batches) if gained.batches else new.scan()
            found = taken.run(keys, old, new.scan(), quarantined, whole.rules)
        except SchemaError as exc:
            staged.rollback()
            raise MustBeWholeError("the columns are not those of silver any more") from exc
        except BaseException:
            staged.rollback()
            raise
        found.report.notes += [continuing.read(base, gained, keys, steps), *base.definition.get(TEXTS, [])]
        count = str(int(base.made.get(INCREMENTS, 0)) + 1)
        properties = {DEFINITION: continuing.definition(base, found.report), PLAN: plan, INCREMENTS: count}
        properties |= removals.beside(found.holding, found.report.run_id)
        return self._promotion(asked, source, base.schema, whole, staged, found, properties)

    def _run(self, pipeline: Pipeline, staged: StagedTable, source: BronzeRows, asked: _Asked) -> pl.DataFrame:
        """Run the pipeline into the staged table; returns the rows it set aside."""
        token = frames.waivers_present.set(bool(source.decisions))
        try:
            with self._lake.resolving():
                pipeline.load(staged, metadata=True).run(until_published(asked.on_event), uuid.uuid4().hex[:12])
                aside = quarantine.describe(pipeline, source, source.layout.keys)
        except BaseException:
            staged.rollback()
            raise
        finally:
            frames.waivers_present.reset(token)
        for line in pipeline.report.steps:
            if line.id == RULES:
                line.broken = dict(removals.broken(aside))
        return aside

    def _promotion(
        self,
        asked: _Asked,
        source: BronzeRows,
        schema: Schema,
        pipeline: Pipeline,
        staged: StagedTable,
        found: continuing.Outcome,
        properties: dict[str, str],
    ) -> Promotion:
        report = found.report
        report.notes.append("The schema was inferred; nobody has accepted it yet.") if schema.inferred else None
        if source.layout.mode == "snapshot" and source.layout.older:
            report.notes.append(f"{source.layout.older} older batches are superseded by newer ones of their source.")
        said = {
            SOURCES: f'{{"{source.name}": {source.snapshot}}}',
            quarantine.DECIDED: str(source.decided or ""),
            **properties,
            **({SPEC: asked.text} if asked.text else {}),
        }
        return Promotion(
            f"silver.{asked.name}",
            report,
            schema,
            found.quarantined,
            found.removed,
            found.fitted,
            said,
            staged,
            self._lake,
            source.layout.keys,
            judged(pipeline.active_rules(), report, staged.shape),
        )

    def infer(self, table: str, source: BronzeRows | None = None) -> Schema:
        """The schema every value of the bronze table fits; the rest stays text."""
        return self._inferred(table, source or BronzeRows(self._lake, split_name(table, "silver"))).schema

    def _inferred(self, table: str, source: BronzeRows) -> Inference:
        rows = _readable(source.scan())
        data = rows.select(frames.data_columns(rows))
        with translate(CatalogError, f"Reading bronze.{table}"):
            return infer_exactly(data, null_tokens=DEFAULT_NULL_TOKENS, name=table)


def _readable(rows: pl.LazyFrame) -> pl.LazyFrame:
    """The rows without records that could not be read."""
    if frames.RESCUED not in rows.collect_schema():
        return rows
    return rows.filter(pl.col(frames.RESCUED).str.json_path_match("$.reason").is_null())


def _own(pipeline: Pipeline) -> list[NamedStep]:
    """The steps that were asked for, without those that every promotion makes."""
    return [named for named in pipeline.steps if named.id not in EVERY]


def _decided_alike(decisions: Decisions, table: str, base: Base, source: BronzeRows) -> bool:
    """Whether the decisions that were applied are those in force."""
    noted = base.made.get(quarantine.DECIDED)
    if noted is None or noted == str(source.decided or ""):
        return noted is not None
    then = {each.id for each in decisions.current(table, int(noted))} if noted else set()
    return source.decided is not None and then == {each.id for each in decisions.current(table, source.decided)}


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
        pipeline.transform(LatestVersion(keys), id=LATEST)
    pipeline.transform(Cast.from_schema(schema), id=CAST)
    for step in steps:
        named = step if isinstance(step, NamedStep) else NamedStep("", step)
        pipeline.transform(named.step.taught(pairs) if pairs else named.step, id=named.id or None)
    for rule in rules:
        rule_id, checked = rule if isinstance(rule, tuple) else (None, rule)
        pipeline.check(checked, id=rule_id)
    return pipeline


def _settled(asked: _Asked) -> set[str]:
    """Columns whose type a person accepted or a step sets."""
    accepted = set() if asked.given is None or isinstance(asked.given, Schema) else set(asked.given.columns)
    steps = [each.step if isinstance(each, NamedStep) else each for each in asked.steps]
    casts = [step for step in steps if isinstance(step, Cast)]
    return accepted.union(*(step.types for step in casts), *([field.name for field in step.fields] for step in casts))


def _definition(schema: Schema, pipeline: Pipeline, texts: Sequence[str]) -> str:
    """What the promotion did, for the snapshot: schema, fitted numbers and notes on columns that stay text, as JSON."""
    learned: dict[str, Any] = {step: fitted.state for step, fitted in pipeline.fitted.items()}
    steps = [{"id": named.id, "kind": named.label} for named in pipeline.steps]
    return json.dumps({"schema": asdict(schema), "steps": steps, "fitted": learned, TEXTS: list(texts)}, default=str)

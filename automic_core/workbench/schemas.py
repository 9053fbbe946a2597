"""The schema of a table under decision: what its columns hold, what is proposed, what is accepted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import polars as pl

from automic_core.inference import DEFAULT_NULL_TOKENS, infer, infer_exact
from automic_core.inference.casting import cast_stripped
from automic_core.inference.evidence import ColumnEvidence, ColumnKind, PersonalData
from automic_core.inference.histograms import histogram
from automic_core.inference.meaning import Meaning, meaning
from automic_core.lake import Lakehouse
from automic_core.records import Field, FieldType
from automic_core.workbench.drafts import DraftView, draft
from automic_core.workbench.fields import FieldChange, change_of, entry_of
from automic_core.workbench.schema_costs import measured
from automic_core.workbench.schema_edits import final_names, required_columns
from automic_core.workbench.schema_rows import cut, readable, schema_columns, spread, texts_of, unreadable
from automic_core.workbench.values import all_rows

CELLS = 1_000_000
"""Cells that are looked at to propose types; of larger tables a spread sample."""
PAGE = 100
SMALL_BINS = 12
_LOOKED = 5_000


@dataclass(frozen=True)
class Reading:
    """How well one type fits, as shares of the values: that cast, and that print back as they were written."""

    label: str
    share: float
    round_trip: float


@dataclass(frozen=True)
class ColumnFacts:
    """What the data says about a column.

    Attributes:
        source_type: Its type in bronze.
        proposed: What most values fit.
        proven: What every value fits and prints back from: a promotion takes it if nobody decides.
        contested: Whether two readings are as good.
        rows: Rows looked at.
        nulls: Rows without a value, null words included.
        misfits: Values that do not fit the proposed type.
        changed: Values that fit it and do not print back.
        against: The type or pattern that the counter-examples are counter-examples to.
        counter: Those values with the number of their rows.
        kind: What the column is for: a proposal with its evidence.
        personal: What it says about people, if anything.
        bars: A small histogram: counts in equal bins, or of the most frequent texts.
    """

    name: str
    source_type: str
    proposed: FieldChange
    proven: FieldChange
    contested: bool
    reason: str
    rows: int
    nulls: int
    misfits: int
    changed: int
    distinct: int | None
    pattern: str
    pattern_share: float | None
    meaning: Meaning
    against: str
    counter: list[tuple[str, int]] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    bars: list[int] = field(default_factory=list)
    kind: ColumnKind | None = None
    personal: PersonalData | None = None

    @property
    def values(self) -> int:
        """Rows that hold a value."""
        return self.rows - self.nulls


@dataclass(frozen=True)
class SchemaFacts:
    """Facts about some columns of a table.

    Attributes:
        looked: Rows they come from.
        total: Rows that could be read.
        unread: Rows that could not.
    """

    table: str
    columns: list[ColumnFacts]
    looked: int
    total: int
    unread: int = 0

    @property
    def sample(self) -> str:
        """Which rows these are, in words."""
        said = all_rows(self.total)
        if self.looked != self.total:
            said = f"{self.looked:,} rows spread over {self.total:,}"
        if not self.unread:
            return said
        return (
            f"{said} that could be read; {self.unread:,} that could not {'is' if self.unread == 1 else 'are'} left out"
        )


class Fit(NamedTuple):
    """How a type fits, as shares of the values."""

    share: float
    round_trip: float

    @classmethod
    def of(cls, values: int, misfits: int, changed: int) -> Fit:
        """From counts; a column without values fits anything."""
        return cls(1 - misfits / values, 1 - (misfits + changed) / values) if values else cls(1.0, 1.0)


@dataclass(frozen=True)
class SchemaColumn:
    """One row of the page.

    Attributes:
        facts: What the data says.
        field: What the column is to be: as accepted, else as proposed.
        accepted: Whether somebody decided.
        fits: Share of the values that can be read as ``field``; the others would put their rows in quarantine.
        round_trip: Share of the values that are also written the same afterwards.
        need: Why a person must decide; empty if nothing is open.
    """

    facts: ColumnFacts
    field: FieldChange
    accepted: bool
    fits: float
    round_trip: float
    need: str = ""

    @property
    def name(self) -> str:
        """The column's name in bronze."""
        return self.facts.name

    @property
    def quality(self) -> tuple[float, float, float]:
        """Shares of the rows: fitting values, no value, values that do not fit."""
        rows = max(self.facts.rows, 1)
        bad, none = (1 - self.fits) * self.facts.values / rows, self.facts.nulls / rows
        return max(0.0, 1 - bad - none) if self.facts.rows else 0.0, none, bad


@dataclass(frozen=True)
class SchemaView:
    """The page.

    Attributes:
        columns: Those shown, in the table's order.
        open: How many columns of this page need a decision, shown or not.
        found: Columns that the search found.
        all_columns: Columns of the table.
        gone: Columns of the draft that the table does not have.
    """

    table: str
    columns: list[SchemaColumn]
    found: int
    all_columns: int
    sample: str
    version: int
    open: int
    gone: list[str] = field(default_factory=list)

    @property
    def proposals(self) -> dict[str, FieldChange]:
        """Proposals nobody has decided on; where two readings are as good there is nothing to accept."""
        waiting = [c for c in self.columns if not c.accepted and not c.facts.contested]
        return {column.name: column.field for column in waiting}


def page_of(names: Sequence[str], search: str = "", page: int = 1) -> tuple[list[str], int]:
    """The columns of one page whose name contains a text, and how many there are on all pages."""
    found = [name for name in names if search.strip().lower() in name.lower()]
    return found[(page - 1) * PAGE : page * PAGE], len(found)


def schema_facts(lake: Lakehouse, table: str, columns: Sequence[str]) -> SchemaFacts:
    """Types, meanings and counter-examples of columns, from all rows or a sample of about a million cells."""
    rows = readable(lake, table)
    total = int(rows.select(pl.len()).collect().item())
    unread = unreadable(lake, table)
    step = -(-total * max(len(columns), 1) // CELLS)
    data = spread(rows, step).select(*columns).collect()
    if not columns:
        return SchemaFacts(table, [], data.height, total, unread)
    loose = infer(data, name=table)
    exact = infer_exact(data, null_tokens=DEFAULT_NULL_TOKENS, name=table)
    found = [
        _facts(data, evidence, proposed, proven)
        for evidence, proposed, proven in zip(loose.columns, loose.schema.fields, exact.fields, strict=True)
    ]
    return SchemaFacts(table, found, data.height, total, unread)


def schema_fits(lake: Lakehouse, table: str, chosen: Mapping[str, FieldChange]) -> dict[str, Fit]:
    """How accepted columns fit their types, over all rows that could be read."""
    found = measured(readable(lake, table), chosen)
    return {name: Fit.of(each.values, each.misfits, each.changed) for name, each in found.items()}


def differing(facts: SchemaFacts, saved: DraftView) -> dict[str, FieldChange]:
    """Accepted columns whose type is not the proposed one, so that the facts do not tell how it fits."""
    accepted = accepted_fields(saved)
    return {
        each.name: accepted[each.name]
        for each in facts.columns
        if each.name in accepted and not accepted[each.name].same_reading(each.proposed)
    }


def accepted_fields(saved: DraftView) -> dict[str, FieldChange]:
    """The columns of a draft by their names in bronze."""
    return {str(name): entry_of(str(name), entry) for name, entry in (saved.data.get("schema") or {}).items()}


def compose(
    facts: SchemaFacts,
    saved: DraftView,
    fits: Mapping[str, Fit],
    names: Sequence[str],
    *,
    found: int | None = None,
    only_open: bool = False,
) -> SchemaView:
    """The draft over the facts.

    Args:
        facts: Of the columns shown.
        saved: The draft.
        fits: Of the columns `differing` names, from `schema_fits`.
        names: All columns of the table.
        found: Columns the search found; default all.
        only_open: Show only those that need a decision.
    """
    accepted, final, required = accepted_fields(saved), final_names(saved.data, names), required_columns(saved.data)
    columns = []
    for each in facts.columns:
        chosen = accepted.get(each.name)
        fit = fits.get(each.name) or Fit.of(each.values, each.misfits, each.changed)
        now = replace(chosen or each.proposed, nullable=final[each.name] not in required, name=final[each.name])
        need = "" if chosen is not None else _need(each)
        columns.append(SchemaColumn(each, now, chosen is not None, fit.share, fit.round_trip, need))
    waiting = [column for column in columns if column.need]
    shown = waiting if only_open else columns
    gone = [name for name in accepted if name not in set(names)]
    counted = len(names) if found is None else found
    return SchemaView(facts.table, shown, counted, len(names), facts.sample, saved.version, len(waiting), gone)


def joined(views: Sequence[SchemaView]) -> SchemaView:
    """Several pages as one."""
    columns = [column for view in views for column in view.columns]
    return replace(views[0], columns=columns, open=sum(view.open for view in views))


def schema_view(lake: Lakehouse, table: str, *, search: str = "", page: int = 1, only_open: bool = False) -> SchemaView:
    """The schema of a table as it is being decided.

    Args:
        lake: The lake.
        table: A bronze table.
        search: Only columns whose name contains this.
        page: Of `PAGE` columns each, from 1.
        only_open: Of that page, only columns that need a decision.
    """
    names = schema_columns(lake, table)
    shown, found = page_of(names, search, page)
    facts, saved = schema_facts(lake, table, shown), draft(lake, table)
    fits = schema_fits(lake, table, differing(facts, saved))
    return compose(facts, saved, fits, names, found=found, only_open=only_open)


def _facts(data: pl.DataFrame, evidence: ColumnEvidence, proposed: Field, proven: Field) -> ColumnFacts:
    texts = texts_of(data, evidence.name) if evidence.source_type == "String" else data[evidence.name].drop_nulls()
    chosen, values = change_of(proposed), evidence.values
    pattern = proposed.pattern or ""
    return ColumnFacts(
        evidence.name,
        evidence.source_type,
        chosen,
        change_of(proven),
        evidence.contested,
        _reason(evidence),
        evidence.rows,
        evidence.nulls,
        round((1 - evidence.confidence) * values),
        round((evidence.confidence - evidence.round_trip) * values) if proposed.type is not FieldType.ARRAY else 0,
        evidence.distinct,
        pattern,
        evidence.patterns.get(pattern),
        meaning(evidence, proposed, texts.head(_LOOKED)),
        evidence.against,
        [(cut(each.value), each.count) for each in evidence.counter_examples],
        _readings(evidence),
        _bars(proposed, evidence, texts),
        evidence.kind,
        evidence.personal,
    )


def _reason(evidence: ColumnEvidence) -> str:
    """The reason as a sentence of its own."""
    text = evidence.reason.replace("stays text: ", "kept as text: ").replace("text: most", "text: most")
    return text[:1].upper() + text[1:] if text else ""


def _readings(evidence: ColumnEvidence) -> list[Reading]:
    made = [
        Reading(f"{each.type} {each.format}" if each.format else str(each.type), each.confidence, each.round_trip)
        for each in evidence.candidates
    ]
    return list({each.label: each for each in made}.values())


def _bars(proposed: Field, evidence: ColumnEvidence, texts: pl.Series) -> list[int]:
    typed: Any = texts
    if texts.dtype == pl.String and proposed.type is not FieldType.STRING:
        typed = texts.to_frame("0").select(cast_stripped(proposed, pl.col("0")).alias("0"))["0"]
    return histogram(typed, SMALL_BINS).counts or [count for _, count in evidence.top_values[:SMALL_BINS]]


def _need(facts: ColumnFacts) -> str:
    """Why a person must decide about a column nobody has decided on."""
    if facts.contested:
        return "Two readings are as good: choose one, or keep text."
    if facts.proposed.same_reading(facts.proven) or facts.proposed.type == facts.proven.type == "string":
        return ""
    if facts.misfits:
        plural = "s do" if facts.misfits > 1 else " does"
        return f"{facts.misfits:,} value{plural} not fit {facts.proposed.label}: quarantine, or keep text?"
    return f"Values would not print back from {facts.proposed.label} as they were written."

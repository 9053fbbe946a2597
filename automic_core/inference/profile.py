"""The whole of inference: counts, decisions, evidence, schema."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from automic_core.inference.candidates import Candidate
from automic_core.inference.casting import DEFAULT_NULL_TOKENS
from automic_core.inference.columns import Counts, count_columns
from automic_core.inference.deciding import Verdict, boolean_format, decide
from automic_core.inference.detail import Question, detail_texts
from automic_core.inference.evidence import CandidateShare, ColumnEvidence, Inference
from automic_core.inference.keys import infer_primary_key
from automic_core.inference.kinds import propose_kinds
from automic_core.inference.kinds.facts import table_facts
from automic_core.inference.names import snake
from automic_core.inference.patterns import DESCRIPTIONS
from automic_core.inference.personal import personal_data
from automic_core.inference.screening import Look
from automic_core.inference.typed import ORDERED, describe_typed
from automic_core.records import Field, FieldType, Schema

_ENUM_VALUES = 20
_ENUM_REPEATS = 3  # mean rows a value needs before a column counts as categorical
_PATTERN_NAMES = {
    "email": ("email", "mail"),
    "url": ("url", "link", "website", "homepage", "uri"),
    "phone_us": ("phone", "tel", "mobile", "cell", "fax"),
    "ipv4": ("ip", "ipv4"),
    "uuid": ("uuid", "guid"),
    "credit_card": ("card", "pan", "ccn"),
    "ssn": ("ssn",),
}
_IDENTIFIERS = ("credit_card", "phone_us", "ssn")


def infer(
    frame: pl.LazyFrame | pl.DataFrame,
    *,
    sample_rows: int | None = None,
    null_tokens: Sequence[str] = DEFAULT_NULL_TOKENS,
    detect_patterns: bool = True,
    infer_constraints: bool = True,
    suggest_enums: bool = True,
    confidence_threshold: float = 0.8,
    name: str = "",
    exact: bool = False,
    detect_kinds: bool = True,
) -> Inference:
    """Schema of a frame with the evidence for it. Text columns are examined, typed columns keep their type.

    Args:
        frame: Text or typed columns; read two or three times if lazy and not sampled.
        sample_rows: Look at the first rows only; None looks at all.
        null_tokens: Texts that mean "no value", compared without blanks and case.
        detect_patterns: Look for the nine patterns.
        infer_constraints: Set minimum, maximum and nullable.
        suggest_enums: List the values of columns with few.
        confidence_threshold: Share of non-null values that must fit a type before it is proposed, 0 to 1.
        name: Name of the table; evidence for its key.
        exact: A type is taken only if every value fits and prints back; no detail is gathered.
        detect_kinds: Propose a kind for each column, and find personal data (not if ``exact``); reads the first rows
            twice more.
    """
    lazy = frame.lazy()
    rows = frame.height if isinstance(frame, pl.DataFrame) else None
    if sample_rows is not None:
        batch = lazy.head(sample_rows).collect()
        lazy, rows = batch.lazy(), batch.height
    kinds = lazy.collect_schema()
    # Expressions name columns by position: a column called "^a$" or "*" would mean a selection to Polars.
    lazy = lazy.rename({column: str(i) for i, column in enumerate(kinds)}) if kinds else lazy
    known = {str(i): column for i, column in enumerate(kinds)}
    evidence = {key: ColumnEvidence(column, str(kinds[column])) for key, column in known.items()}
    texts = {key: column for key, column in known.items() if kinds[column] == pl.String}
    counts = count_columns(lazy, texts, null_tokens, Look(detect_patterns, exact), rows) if texts else {}
    fields: dict[str, Field] = {}
    questions: dict[str, Question] = {}
    for key, column in texts.items():
        verdict = decide(counts[key], exact=exact, threshold=confidence_threshold)
        pattern = _pattern(counts[key], column, confidence_threshold)
        if pattern in _IDENTIFIERS and verdict.chosen is not None:
            verdict = Verdict(None, f"stays text: values are identifiers ({pattern}), not quantities")
        fields[key] = _record(evidence[key], counts[key], verdict, pattern)
        questions[key] = _question(verdict, pattern, counts[key], exact=exact)
        evidence[key].against = str(questions[key].misfits or "")
    detail_texts(lazy, questions, evidence, null_tokens)
    fields |= describe_typed(lazy, {key: kinds[column] for key, column in known.items() if key not in texts}, evidence)
    for key, column_evidence in evidence.items():
        _constrain(fields[key], column_evidence, ranges=infer_constraints, enums=suggest_enums and not exact)
    if detect_kinds and not exact:
        _propose_kinds(lazy, evidence, fields, null_tokens)
    schema = Schema(name, [fields[key] for key in evidence], inferred=True)
    inference = Inference(schema, list(evidence.values()))
    schema.primary_key = None if exact else infer_primary_key(inference)
    return inference


def _propose_kinds(
    frame: pl.LazyFrame, evidence: dict[str, ColumnEvidence], fields: dict[str, Field], tokens: Sequence[str]
) -> None:
    for key, found in zip(evidence, propose_kinds(table_facts(frame, evidence, tokens)), strict=True):
        evidence[key].kind = found
        if found is not None:
            fields[key].kind, fields[key].kind_confidence = found.name, found.confidence
    named = frame.select(pl.col(key).alias(each.name) for key, each in evidence.items())
    personal = {each.column: each for each in personal_data(named, tokens)}
    for each in evidence.values():
        each.personal = personal.get(each.name)


def _pattern(counts: Counts, column: str, threshold: float) -> str | None:
    """The pattern most values follow; a telling name needs only half of them. Bare digits are a phone only by name."""
    words = set(snake(column).split("_"))
    best: tuple[int, str | None] = (0, None)
    for pattern, number in counts.patterns.items():
        named = not words.isdisjoint(_PATTERN_NAMES.get(pattern, ()))
        digits = any(
            option.type is FieldType.INTEGER and fit * 2 > counts.values for option, fit in counts.fits.items()
        )
        if pattern == "phone_us" and digits and not named:
            continue
        if number >= (min(threshold, 0.5) if named else threshold) * counts.values and number > best[0]:
            best = (number, pattern)
    return best[1]


def _record(evidence: ColumnEvidence, counts: Counts, verdict: Verdict, pattern: str | None) -> Field:
    values = max(counts.values, 1)
    evidence.rows, evidence.nulls = counts.rows, counts.rows - counts.values
    evidence.reason, evidence.contested, evidence.identifier = verdict.reason, verdict.contested, verdict.identifier
    ranked = sorted(counts.fits, key=lambda option: -counts.fits[option])
    evidence.candidates = [
        CandidateShare(
            option.type,
            option.format,
            counts.fits[option] / values,
            counts.round_trips.get(option, counts.fits[option]) / values,
        )
        for option in ranked
        if counts.fits[option]
    ]
    evidence.patterns = {p: number / values for p, number in counts.patterns.items() if number}
    field = verdict.chosen.field(evidence.name) if verdict.chosen else Field(evidence.name)
    if verdict.chosen:
        evidence.confidence = counts.fits[verdict.chosen] / values
        evidence.round_trip = counts.round_trips.get(verdict.chosen, counts.fits[verdict.chosen]) / values
        if field.type is FieldType.BOOLEAN and field.format is None:
            field.format = boolean_format(counts)
    evidence.type, evidence.format = field.type, field.format
    field.confidence = evidence.confidence
    field.pattern = pattern
    field.description = DESCRIPTIONS[pattern] if pattern else None
    return field


def _question(verdict: Verdict, pattern: str | None, counts: Counts, *, exact: bool) -> Question:
    target = verdict.chosen or verdict.tried
    misfits: Candidate | str | None = None
    if target is not None:
        kept = counts.round_trips.get(target, counts.fits[target]) if exact else counts.fits[target]
        misfits = target if kept < counts.values else None
    elif pattern and counts.patterns[pattern] < counts.values:
        misfits = pattern
    typed = verdict.chosen if verdict.chosen and verdict.chosen.type in ORDERED and not exact else None
    return Question(misfits, exact, typed, describe=not exact)


def _constrain(field: Field, evidence: ColumnEvidence, *, ranges: bool, enums: bool) -> None:
    if ranges:
        field.nullable = evidence.nulls > 0 or not evidence.rows
        if evidence.quantiles:
            field.min_value, field.max_value = evidence.quantiles[0], evidence.quantiles[-1]
    few = evidence.distinct is not None and 2 <= evidence.distinct <= _ENUM_VALUES
    if enums and few and field.type is FieldType.STRING and field.pattern is None:
        assert evidence.distinct is not None
        if evidence.values >= _ENUM_REPEATS * evidence.distinct:
            field.enum_values = [value for value, _ in evidence.top_values[: evidence.distinct]]

"""Duplicates: equal rows found by two 64-bit hashes a row, alike ones by matching; merged into one survivor."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

import polars as pl
from pydantic import Field

from automic_core import frames
from automic_core.contracts import Fitted, Pair, Scope, Transformer, configured
from automic_core.matching.engine import Matching
from automic_core.transforms import _fuzzy, _golden, _obeying
from automic_core.transforms._golden import Golden
from automic_core.transforms._keylike import key_candidates
from automic_core.transforms._merging import INTO, MERGED_RIDS, ORDER, QUALITY, Deduplicated, ranked, removed
from automic_core.transforms._names import data_names, require

__all__ = ["INTO", "MERGED_RIDS", "Deduplicator"]

_SEEDS = (1, 99991)
_COMPARED, _SECOND, _KEY = "compared:", "second", "key:"  # digest columns


@configured
class Deduplicator(Transformer):
    """Merges rows that are equal in the compared columns, or that are probably the same thing.

    Exact: null equals null. Rows in which every one of the match_fields is null are left alone: two unknown addresses
    are not the same address. Without match_fields every column is compared but the inferred primary key: a column named
    like a key whose values are unique and never missing. The survivor keeps its place and lists the rows merged into it
    in ``_merged_rids``.

    What a person decided about pairs (``labels``) holds in both modes: rows told to be different are never merged by
    this step, rows told to be the same always are. The survivor may be completed into a golden record.

    Rows are equal if two 64-bit hashes with different seeds are; hashes live only as long as a run.

    Fuzzy: what a column holds (names, dates, addresses, phones, mail addresses, titles …) and how much each of them
    tells is learned from the rows. Labels say for certain which pairs are the same, and teach the rest.
    """

    kind: ClassVar[str] = "dedup"
    scope: ClassVar[Scope] = "table"

    match_mode: Annotated[Literal["exact", "fuzzy"], Field(description="How rows are compared.")] = "exact"
    similarity_threshold: Annotated[
        float,
        Field(gt=0, lt=1, description="Fuzzy: the probability of being the same from which rows are merged."),
    ] = 0.5
    match_fields: Annotated[
        list[str] | None, Field(description="Columns to compare; empty = all but an inferred primary key.")
    ] = None
    merge_strategy: Annotated[
        Literal["keep_first", "keep_last", "keep_best_quality"],
        Field(
            description="Which of equal rows survives. Best quality is the highest _quality_score if an earlier step "
            "made one, else the fewest nulls; the first row of a tie."
        ),
    ] = "keep_first"
    ignore_case: Annotated[bool, Field(description="Compare texts whatever their case.")] = False
    ignore_blanks: Annotated[
        bool, Field(description="Compare texts without blanks around them, runs of blanks inside as one.")
    ] = False
    comparison: Annotated[
        Literal["default", "embedding"],
        Field(description="Fuzzy: by the kind of each column, or all of them as one text by a language model."),
    ] = "default"
    embedding_model: Annotated[
        str, Field(description="Model of comparison by embedding: its name, folder, or the installed package with it.")
    ] = "all-MiniLM-L6-v2"
    labels: Annotated[
        list[tuple[Any, Any, bool]],
        Field(description="What is known of pairs: [one row id, another row id, true if the same]."),
    ] = dataclasses.field(default_factory=list)
    order_by: Annotated[
        str | None,
        Field(
            description="Column that says which row is first and last (an update time); empty = the order of the rows."
        ),
    ] = None
    golden: Annotated[
        Golden,
        Field(
            description="Values of the survivor: its own; gaps filled from the next row that has a value; what most "
            "rows hold; those of the newest row. Columns named like a key stay."
        ),
    ] = "survivor"
    golden_columns: Annotated[
        dict[str, Golden], Field(description="The same for single columns, where they differ from the rest.")
    ] = dataclasses.field(default_factory=dict)

    @property
    def rewrites(self) -> bool:
        """A golden record changes survivors."""
        return self.golden != "survivor" or any(rule != "survivor" for rule in self.golden_columns.values())

    def taught(self, pairs: Sequence[Pair]) -> Deduplicator:
        """The step with more labels; the last word on a pair holds."""
        return dataclasses.replace(self, labels=[*self.labels, *pairs]) if pairs else self

    @property
    def reads_marks(self) -> bool:
        """The best row is told by ``_quality_score``."""
        return self.merge_strategy == "keep_best_quality"

    def digest(self, schema: pl.Schema) -> list[pl.Expr]:
        """Two hashes of what is compared, one of each column that may be the primary key, and what ranks equal rows.

        The names of the compared columns ride as the name of the first hash.
        """
        columns, candidates = self._columns(schema)
        if self.match_mode == "fuzzy":
            return [*_fuzzy.digest(columns), *self._beside(schema)]
        fixed = [self._folded(name, schema[name]) for name in columns if name not in candidates] or [pl.lit(0)]
        names = (_COMPARED + json.dumps(columns), _SECOND)
        hashes = [pl.struct(fixed).hash(seed) for seed in _SEEDS]
        if self.match_fields:
            hashes[0] = pl.when(pl.any_horizontal(pl.col(name).is_not_null() for name in columns)).then(hashes[0])
        wanted = [value.alias(name) for value, name in zip(hashes, names, strict=True)]
        for name in candidates:
            one = pl.struct(self._folded(name, schema[name])).hash(_SEEDS[0])
            wanted.append(pl.when(pl.col(name).is_not_null()).then(one).alias(_KEY + name))
        return [*wanted, *self._beside(schema)]

    def _beside(self, schema: pl.Schema) -> list[pl.Expr]:
        """What ranks rows that are the same, completes the survivor, and tells which rows the labels are about."""
        wanted = _golden.digest(self._golden_rules(schema))
        if self.labels and frames.ORIGIN in schema:
            wanted.append(pl.col(frames.ORIGIN).alias(_obeying.ORIGIN))
        if self.order_by is not None:
            require([self.order_by], schema, "Deduplicator, order_by")
            wanted.append(pl.col(self.order_by).alias(ORDER))
        if self.merge_strategy == "keep_best_quality":
            nulls = pl.sum_horizontal(pl.col(name).is_null() for name in data_names(schema))
            best = pl.col("_quality_score") if "_quality_score" in schema else -nulls.cast(pl.Int32)
            wanted.append(best.alias(QUALITY))
        return wanted

    def learn(self, digest: pl.DataFrame) -> Fitted:
        """Which rows are merged into which, and which columns decided it."""
        if self.match_mode == "fuzzy":
            return _fuzzy.learn(self, digest)
        first = next(name for name in digest.columns if name.startswith(_COMPARED))
        columns: list[str] = json.loads(first.removeprefix(_COMPARED))
        living = digest if digest[frames.FATE].null_count() == digest.height else digest.filter(frames.alive())
        candidates = [name.removeprefix(_KEY) for name in living.columns if name.startswith(_KEY)]
        key = next((name for name in candidates if len(columns) > 1 and _is_key(living[_KEY + name])), None)
        hashes = [pl.col(first), pl.col(_SECOND)]
        for name in candidates:
            if name != key:  # named like a key, but none: compared like the others
                value = pl.col(_KEY + name).fill_null(0)
                hashes = [h ^ value.hash(seed) for h, seed in zip(hashes, _SEEDS, strict=True)]
        h1, h2 = (h.alias(name) for h, name in zip(hashes, ("h1", "h2"), strict=True))
        rest = [name for name in (frames.RID, ORDER, QUALITY) if name in living.columns]
        alike, group = living.select(h1, h2, *rest), ["h1", "h2"]
        if labels := _obeying.told(self.labels, living):
            alike, group = _obeying.grouped(alike, group, labels), [_obeying.GROUP]
        alike = alike.filter(pl.col(group[0]).is_duplicated() & pl.col(group[0]).is_not_null())
        return self.deduplicated(alike, group, living, [n for n in columns if n != key], [key] if key else [], None)

    def deduplicated(
        self,
        alike: pl.DataFrame,
        group: list[str],
        living: pl.DataFrame,
        compared: list[str],
        left_out: list[str],
        learned: dict[str, Any] | None,
    ) -> Deduplicated:
        """The fitted step, once it is known which rows are the same.

        Args:
            alike: Rows with ``_rid``, their group and what ranks them.
            group: Columns equal within a group.
            living: The digest of the living rows.
            compared: Columns that decided it.
            left_out: Inferred keys that did not.
            learned: What matching learned.
        """
        members, golden = self._settled(alike, group, living)
        known = set(living[frames.RID]) if self.labels else set()
        heard = sum(one in known and other in known for one, other, _ in _obeying.told(self.labels, living))
        return Deduplicated(removed(members), compared, left_out, learned, golden, heard)

    def settled(self, rows: pl.DataFrame, groups: Sequence[int]) -> tuple[pl.DataFrame, pl.DataFrame | None]:
        """What would become of rows if it were known which of them are the same.

        Args:
            rows: Living rows with ``_rid``, in order.
            groups: A number for each row, equal within a group.

        Returns:
            ``_rid``, ``_into`` and ``_rank`` of all rows in groups of several; and what changes in the survivors
            (``_rid``, the changed columns and ``_values_from``), or None if nothing can change.
        """
        beside = rows.select(frames.RID, *self._beside(rows.schema))
        alike = beside.with_columns(pl.Series(_obeying.GROUP, groups, dtype=pl.Int64))
        return self._settled(alike, [_obeying.GROUP], beside)

    def _settled(
        self, alike: pl.DataFrame, group: list[str], living: pl.DataFrame
    ) -> tuple[pl.DataFrame, pl.DataFrame | None]:
        members = ranked(alike, group, self.merge_strategy)
        names = [name.removeprefix(_golden.VALUE) for name in living.columns if name.startswith(_golden.VALUE)]
        rules = {name: self._rule(name) for name in names}
        return members, _golden.completed(living, members, rules) if rules else None

    def _golden_rules(self, schema: pl.Schema) -> dict[str, Golden]:
        """Columns that are completed, with their rule."""
        require(self.golden_columns, schema, "Deduplicator, golden_columns")
        kept = [] if self.golden == "survivor" else key_candidates(schema)
        names = [n for n in data_names(schema) if n in self.golden_columns or n not in kept]
        return {name: self._rule(name) for name in names if self._rule(name) != "survivor"}

    def _rule(self, name: str) -> Golden:
        return self.golden_columns.get(name, self.golden)

    def matching(self, frame: pl.LazyFrame | pl.DataFrame) -> Matching:
        """The fuzzy matching of a frame, to be asked for estimates, pairs, curves and explanations.

        Rows are named by ``_rid`` where the frame has it, else by their number from 0.
        """
        return _fuzzy.matching_of(self, frame)

    def cluster(self, frame: pl.LazyFrame | pl.DataFrame) -> pl.LazyFrame:
        """All rows and columns, with ``_cluster_id`` and ``_match_probability`` (null for a row alone)."""
        return _fuzzy.cluster(self, frame)

    def link(
        self, left: pl.LazyFrame | pl.DataFrame, right: pl.LazyFrame | pl.DataFrame, one_to_one: bool = True
    ) -> pl.LazyFrame:
        """Pairs of rows of two tables that are the same thing: ``left_id``, ``right_id``, ``_match_probability``.

        Ids are those of an inferred key (else of ``_rid``, else row numbers from 0); labels name a left and a right id.
        Columns are compared by name; without common names, in their order.

        Args:
            left: One table.
            right: The other.
            one_to_one: Whether a row has at most one partner.
        """
        return _fuzzy.link(self, left, right, one_to_one)

    def assign(
        self, existing: pl.LazyFrame | pl.DataFrame, new: pl.LazyFrame | pl.DataFrame, learned: Mapping[str, Any]
    ) -> pl.LazyFrame:
        """New rows with the ``_cluster_id`` of the existing rows they match; nothing is learned or clustered again.

        Args:
            existing: Rows with their ``_cluster_id``.
            new: Rows to place; those that fit no cluster get new numbers.
            learned: ``Matching.state()`` or ``Fitted.state["learned"]`` of the run that made the clusters.
        """
        return _fuzzy.assign_rows(self, existing, new, learned)

    def _columns(self, schema: pl.Schema) -> tuple[list[str], list[str]]:
        """Columns to compare, and those of them that may turn out to be the primary key."""
        if self.match_fields:
            return require(self.match_fields, schema, "Deduplicator"), []
        return data_names(schema), key_candidates(schema)

    def _folded(self, name: str, dtype: Any) -> pl.Expr:
        column = pl.col(name)
        if dtype != pl.String:
            return column
        if self.ignore_blanks:
            column = column.str.strip_chars().str.replace_all(r"\s+", " ")
        return column.str.to_lowercase() if self.ignore_case else column


def _is_key(hashes: pl.Series) -> bool:
    return hashes.null_count() == 0 and hashes.n_unique() == hashes.len()

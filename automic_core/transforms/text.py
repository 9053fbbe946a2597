"""Steps on text: clean it, split it."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import polars as pl
from pydantic import Field

from automic_core import frames
from automic_core.contracts import Transformer, configured
from automic_core.errors import ConfigError, translate
from automic_core.transforms._cast import rescue
from automic_core.transforms._checks import new_names, of_type
from automic_core.transforms._names import data_names

_HINT = "Cast it to string first."
_MARK = "\x1f"  # the ASCII unit separator: stands for a regex match while splitting


@configured
class Replacement:
    """One replacement."""

    find: Annotated[str, Field(min_length=1, description="Text or regular expression.")]
    by: Annotated[str, Field(description="New text; $1 is the first group of a regular expression.")] = ""
    regex: Annotated[bool, Field(description="Whether find is a regular expression.")] = False

    def __post_init__(self) -> None:
        """Check the regular expression.

        Raises:
            ConfigError: It cannot be read.
        """
        if self.regex:
            check_regex(self.find)


def check_regex(pattern: str) -> None:
    """Try a pattern on nothing.

    Raises:
        ConfigError: It cannot be read.
    """
    with translate(ConfigError, f"Regular expression {pattern!r}", "Escape special characters with a backslash."):
        pl.Series([""]).str.contains(pattern)


@configured
class Text(Transformer):
    """Cleans text columns.

    What is chosen runs in this order: unicode form, accents, replacements, spaces, trim, case.
    """

    kind: ClassVar[str] = "text"

    columns: Annotated[list[str], Field(description="Text columns; empty = all of them.")] = Field(default_factory=list)
    trim: Annotated[bool, Field(description="Remove blanks at both ends.")] = False
    collapse: Annotated[bool, Field(description="Make runs of blanks one space.")] = False
    case: Annotated[Literal["lower", "upper", "title"] | None, Field(description="Letter case.")] = None
    replace: Annotated[list[Replacement], Field(description="Replacements, one after the other.")] = Field(
        default_factory=list
    )
    unicode: Annotated[
        Literal["NFC", "NFKC", "NFD", "NFKD"] | None, Field(description="Unicode normal form; NFC is usual.")
    ] = None
    strip_accents: Annotated[bool, Field(description="é becomes e.")] = False

    def __post_init__(self) -> None:
        """Check that something is to be done.

        Raises:
            ConfigError: No operation is chosen.
        """
        if not (self.trim or self.collapse or self.case or self.replace or self.unicode or self.strip_accents):
            raise ConfigError("Step text: nothing to do.", "Choose trim, collapse, case, replace, unicode …")

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Clean the living rows."""
        schema = frame.collect_schema()
        chosen = self.columns or [name for name in data_names(schema) if schema[name] == pl.String]
        of_type(self.kind, chosen, schema, _is_text, "text", _HINT)
        return frame.with_columns(
            pl.when(frames.alive()).then(self._clean(pl.col(name))).otherwise(pl.col(name)).alias(name)
            for name in chosen
        )

    def _clean(self, value: pl.Expr) -> pl.Expr:
        if self.unicode:
            value = value.str.normalize(self.unicode)
        if self.strip_accents:
            value = value.str.normalize("NFD").str.replace_all(r"\p{M}", "").str.normalize("NFC")
        for item in self.replace:
            value = value.str.replace_all(item.find, item.by, literal=not item.regex)
        if self.collapse:
            value = value.str.replace_all(r"\s+", " ")
        if self.trim:
            value = value.str.strip_chars()
        if self.case == "lower":
            return value.str.to_lowercase()
        if self.case == "upper":
            return value.str.to_uppercase()
        return value.str.to_titlecase() if self.case == "title" else value


@configured
class Split(Transformer):
    """Splits a text column into several.

    A row with fewer parts gets nulls. One with more keeps the rest, unsplit, in the last column; or, with extra
    "rescue", the whole text goes to ``_rescued`` beside the parts that have a column.
    """

    kind: ClassVar[str] = "split"

    column: Annotated[str, Field(description="Column to split.")]
    into: Annotated[list[str], Field(min_length=1, description="Names of the parts.")]
    by: Annotated[str, Field(min_length=1, description="Separator, or a regular expression.")] = " "
    regex: Annotated[bool, Field(description="Whether the separator is a regular expression.")] = False
    keep: Annotated[bool, Field(description="Keep the original column too.")] = False
    extra: Annotated[Literal["last", "rescue"], Field(description="Where parts without a name go.")] = "last"

    def __post_init__(self) -> None:
        """Check names and separator.

        Raises:
            ConfigError: A name is there twice, or the regular expression cannot be read.
        """
        new_names(self.kind, self.into)
        if self.regex:
            check_regex(self.by)

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Add the parts where the column stood."""
        schema = frame.collect_schema()
        of_type(self.kind, [self.column], schema, _is_text, "text", _HINT)
        new_names(self.kind, self.into, [name for name in schema if name != self.column or self.keep])
        rescues = self.extra == "rescue"
        parts = self._parts(len(self.into) + rescues)
        split = frame.with_columns(parts.alias("_parts"))
        made = [pl.col("_parts").struct[i].alias(name) for i, name in enumerate(self.into)]
        rest = pl.col("_parts").struct[-1].is_not_null() if rescues else None
        out: list[pl.Expr] = []
        for name in schema:
            if name == self.column:
                out += [*([pl.col(name)] if self.keep else []), *made]
            elif name != frames.RESCUED or rest is None:
                out.append(pl.col(name))
        if rest is not None:
            out.append(self._rescued(rest, schema))
        return split.select(out)

    def _parts(self, count: int) -> pl.Expr:
        value = pl.col(self.column)
        if not self.regex:
            return value.str.splitn(self.by, count)
        # Polars has no regex split with a limit: the first matches become a mark, one after the other
        marked = value
        for _ in range(count - 1):
            marked = marked.str.replace(self.by, _MARK)
        return marked.str.splitn(_MARK, count)

    def _rescued(self, rest: pl.Expr, schema: pl.Schema) -> pl.Expr:
        before = pl.col(frames.RESCUED) if frames.RESCUED in schema else pl.lit(None, dtype=pl.String)

        def merge(row: dict[str, Any]) -> str:
            return rescue(row["before"], {self.column: row["raw"]})

        changed = (
            pl.when(frames.alive() & rest)
            .then(pl.struct(before.alias("before"), pl.col(self.column).alias("raw")))
            .map_elements(merge, return_dtype=pl.String)
        )
        return pl.coalesce(changed, before).alias(frames.RESCUED)


def _is_text(dtype: Any) -> bool:
    return bool(dtype == pl.String)

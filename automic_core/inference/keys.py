"""A primary key from evidence: only columns that are unique, never null, and named like a key."""

from __future__ import annotations

from automic_core.inference.evidence import ColumnEvidence, Inference
from automic_core.inference.names import KEY_ENDING, WHOLE_KEY, snake
from automic_core.records import FieldType

_CODE_LENGTH = 64  # longer texts are content, not codes


def infer_primary_key(profile: Inference) -> list[str] | None:
    """The column that identifies a row, if the evidence is strong; never a guess over several columns.

    A column qualifies if its values are unique and none is missing, and it holds integers, UUIDs or short codes: no
    amount, date, sentence, mail address or phone number. Of those, a column named like a whole key ("id", "uuid") wins,
    then one named after the table ("order_id" in orders), then a first column with a key's ending ("invoice_number").
    Without such a name only a first column that counts up without gaps is taken. Foreign keys that happen to be unique
    in a small table are thus left alone.

    Args:
        profile: Evidence over all rows.

    Returns:
        A list of one name, or None.
    """
    ranked = [
        (rank, i, column.name)
        for i, column in enumerate(profile.columns)
        if _qualifies(column) and (rank := _rank(column, i, profile.schema.name)) is not None
    ]
    return [min(ranked)[2]] if ranked else None


def _qualifies(column: ColumnEvidence) -> bool:
    if not column.rows or column.nulls or column.distinct != column.rows or column.misfits:
        return False
    if column.type is FieldType.INTEGER:
        return True
    if column.type is not FieldType.STRING or column.longest is None or column.longest > _CODE_LENGTH:
        return False
    other = max((share for pattern, share in column.patterns.items() if pattern != "uuid"), default=0.0)
    return not column.spaced and other < 0.5


def _rank(column: ColumnEvidence, position: int, table: str) -> int | None:
    name = snake(column.name)
    if WHOLE_KEY.match(name):
        return 0
    ending = KEY_ENDING.search(name)
    if ending and _same_thing(name[: ending.start()], snake(table)):
        return 1
    if position == 0 and (ending or _counts_up(column)):
        return 2
    return None


def _same_thing(stem: str, table: str) -> bool:
    return bool(stem) and stem in (table, table.removesuffix("s"), table.removesuffix("es"), table.replace("ies", "y"))


def _counts_up(column: ColumnEvidence) -> bool:
    if column.type is not FieldType.INTEGER or len(column.quantiles) < 2 or column.rows < 3:
        return False
    return bool(column.quantiles[-1] - column.quantiles[0] + 1 == column.rows)

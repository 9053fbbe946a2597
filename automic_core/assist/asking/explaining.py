"""A query in words, so that a person sees how a question was read."""

from __future__ import annotations

from automic_core.assist.asking.query import Condition, Item, Mention, Order, Query, Related

_AGGREGATES = {"avg": "the average of", "min": "the least", "max": "the most", "sum": "the sum of"}
_OPERATORS = {
    "=": "is",
    "!=": "is not",
    ">": "is more than",
    ">=": "is at least",
    "<": "is less than",
    "<=": "is at most",
    "like": "is like",
    "in": "is one of",
    "> average": "is more than the average",
    "< average": "is less than the average",
}


def explain(query: Query) -> str:
    """One sentence: what is shown, of which rows, in which groups and order."""
    shown = _listed([_item(item) for item in query.items]) or f"the names of {_plain(query.entity or '')}"
    text = f"Shows {'different ' if query.distinct else ''}{shown}"
    told = [_condition(each) for each in query.conditions] + [_related(each) for each in query.related]
    if told:
        text += " where " + (" or " if query.either else " and ").join(told)
    groups = [_column(each) for each in query.groups] + [_plain(each) for each in query.group_tables]
    if groups:
        text += f", for each {_listed(groups)}"
    if query.orders:
        text += f", by {_listed([_order(each) for each in query.orders])}"
    if query.limit is not None:
        text += f", the first {query.limit if query.limit > 1 else 'one'} only"
    return text + "."


def _item(item: Item) -> str:
    if item.mention is None:
        return f"the number of {_plain(item.of or 'rows')}"
    if item.aggregate == "count":
        return f"the number of different {_column(item.mention)}"
    said = _AGGREGATES.get(item.aggregate or "")
    return f"{said} {_column(item.mention)}" if said else _column(item.mention)


def _condition(condition: Condition) -> str:
    operator, values = condition.operator, condition.values
    if operator == "between":
        said = f"is between {values[0]} and {values[1]}"
    else:
        said = f"{_OPERATORS[operator]} {', '.join(map(str, values))}".rstrip()
    return f"{'not: ' if condition.negated else ''}{_column(condition.mention)} {said}"


def _related(related: Related) -> str:
    if related.number is not None and related.operator is not None:
        return f"the number of their {_plain(related.table)} {_OPERATORS[related.operator]} {related.number:g}"
    inner = " and ".join(_condition(each) for each in related.conditions)
    return f"there is {'no ' if related.negated else 'a row of '}{_plain(related.table)}" + (
        f" ({inner})" if inner else ""
    )


def _order(order: Order) -> str:
    what = _column(order.mention) if order.mention else f"the number of {_plain(order.of or 'rows')}"
    return f"{what}, {'highest' if order.descending else 'lowest'} first"


def _column(mention: Mention) -> str:
    column = mention.column
    return f"{_plain(column.table)}.{column.name}"


def _plain(table: str) -> str:
    return table.rpartition(".")[2]


def _listed(parts: list[str]) -> str:
    return ", ".join(parts[:-1]) + (" and " if len(parts) > 1 else "") + parts[-1] if parts else ""

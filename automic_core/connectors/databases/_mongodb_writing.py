"""Frames into MongoDB collections: values, appending, replacing, upserting, all or nothing."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, time
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from automic_core.connectors import _plain
from automic_core.connectors.databases._mongodb_catalog import STAGE
from automic_core.connectors.databases._names import WATERMARKS
from automic_core.errors import LoadError

if TYPE_CHECKING:
    from pymongo import MongoClient
    from pymongo.client_session import ClientSession
    from pymongo.collection import Collection

Times = Literal["exact", "milliseconds", "text"]
_PIECE = 10_000  # rows a command
_LARGE = (pl.UInt64, pl.Int128, pl.UInt128)
_DECIMAL_DIGITS = 34


class Cells:
    """Turns batches into documents.

    Args:
        times: What becomes of times: exact = a Date, which has milliseconds, and an error where that is not enough;
            milliseconds = a Date, cut; text = ISO 8601.

    Raises:
        LoadError: A value cannot be held; names row (from 1) and column.
    """

    def __init__(self, times: Times) -> None:
        self._times = times
        self._rows = 0

    def documents(self, batch: pl.DataFrame) -> list[dict[str, Any]]:
        """The rows of a batch."""
        names = batch.columns
        columns = [self._column(column) for column in batch.get_columns()]
        self._rows += batch.height
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]

    def _column(self, column: pl.Series) -> list[Any]:
        dtype = column.dtype
        if dtype in (pl.Duration, pl.Categorical, pl.Enum, pl.Null):
            return _plain.flat(column.to_frame()).to_series().to_list()
        values = column.to_list()
        if dtype in (pl.String, pl.Boolean, pl.Binary) or dtype.is_float():
            return values
        return [None if value is None else self._value(value, column.name, row) for row, value in enumerate(values)]

    def _value(self, value: Any, name: str, row: int) -> Any:
        from bson.int64 import Int64

        match value:
            case bool() | str() | bytes() | float() | None:
                return value
            case int():
                return Int64(value) if -(2**63) <= value < 2**63 else self._decimal(Decimal(value), name, row)
            case Decimal():
                return self._decimal(value, name, row)
            case datetime():
                return self._moment(value, name, row)
            case time():
                return value.isoformat()
            case dict():
                return {key: self._value(each, name, row) for key, each in value.items()}
            case list() | pl.Series():
                return [self._value(each, name, row) for each in value]
        if hasattr(value, "toordinal"):  # a date
            whole = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - the driver takes it for UTC
            return value.isoformat() if self._times == "text" else whole
        return _plain.json_text(value).strip('"')

    def _moment(self, value: datetime, name: str, row: int) -> Any:
        if self._times == "text":
            return value.isoformat()
        moment = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        if moment.microsecond % 1000 and self._times == "exact":
            raise LoadError(
                f"Row {self._rows + row + 1:,}, column {name!r}: {value} is finer than the milliseconds of a Date.",
                "Give times: milliseconds to cut them, or times: text to keep them as text.",
            )
        return moment

    def _decimal(self, value: Decimal, name: str, row: int) -> Any:
        from bson.decimal128 import Decimal128

        if len(value.as_tuple().digits) > _DECIMAL_DIGITS:
            raise LoadError(
                f"Row {self._rows + row + 1:,}, column {name!r}: {value} has more than {_DECIMAL_DIGITS} digits.",
                "Round it, or cast the column to text.",
            )
        return Decimal128(value)


class Unit:
    """What is loaded together, and seen together or not at all.

    Rows for a collection that is there go in by a transaction. A collection that is new or replaced is filled beside
    its place and then renamed, with its indexes; so is, with a copy of what it has, any one of a server that has no
    transactions.

    Attributes:
        transactions: Whether the server has them.
    """

    def __init__(self, client: MongoClient[dict[str, Any]], database: str, name: str) -> None:
        self._database = client[database]
        self._name = name
        hello = client.admin.command("hello")
        self.transactions = "setName" in hello or hello.get("msg") == "isdbgrid"
        self._session: ClientSession | None = client.start_session() if self.transactions else None
        self._stage = ""
        self._replaces = self._written = False
        self._recalled: dict[str, str | None] = {}
        self._marks: dict[str, str] = {}

    def insert(self, batches: Iterable[pl.DataFrame], cells: Cells, *, replace: bool) -> int:
        """Add rows; with ``replace`` the collection holds just these."""
        target = self._target(replace)
        rows = 0
        for documents in _pieces(batches, cells):
            self._write(partial(target.insert_many, documents))
            rows += len(documents)
        return rows

    def upsert(self, batches: Iterable[pl.DataFrame], cells: Cells, keys: Sequence[str], names: Sequence[str]) -> int:
        """Update documents with the same keys (null equals null), insert the others; an index of the keys is made.

        Raises:
            LoadError: No keys are given, one is no column, or a field's name would be a path.
        """
        from pymongo import UpdateOne

        if not keys or (unknown := [key for key in keys if key not in names]):
            what = f"the rows have no column {unknown[0]!r}" if keys else "no keys are given"
            raise LoadError(f"Cannot upsert into {self._name!r}: {what}.", f"Columns: {', '.join(names)}.")
        if odd := [name for name in names if "." in name or name.startswith("$")]:
            raise LoadError(f"Cannot upsert a field named {odd[0]!r}: it would be a path.", "Rename the column.")
        target = self._target(False)
        if not self._written and list(keys) != ["_id"]:
            target.create_index([(key, 1) for key in keys])
        rows = 0
        for documents in _pieces(batches, cells):
            changes = []
            for each in documents:
                rest = {name: value for name, value in each.items() if name not in keys}
                changes.append(
                    UpdateOne(
                        {key: {"$eq": each[key]} for key in keys},
                        {"$set": rest} if rest else {"$setOnInsert": {key: each[key] for key in keys}},
                        upsert=True,
                    )
                )
            self._write(partial(target.bulk_write, changes, ordered=True))
            rows += len(documents)
        return rows

    def recall(self, name: str) -> str | None:
        """What is kept under a name; in a transaction nobody else changes it until the end."""
        kept = self._database[WATERMARKS]
        if self._session is None:
            found = kept.find_one({"_id": name})
        else:
            self._begin()
            found = kept.find_one_and_update({"_id": name}, {"$inc": {"turn": 1}}, upsert=True, session=self._session)
        self._recalled[name] = (found or {}).get("said")
        return self._recalled[name]

    def remember(self, name: str, text: str) -> None:
        """Keep a text under a name."""
        self._marks[name] = text

    def commit(self) -> None:
        """Make everything visible."""
        if self._stage:
            for index in self._indexes():
                self._database[self._stage].create_index(list(index.pop("key").items()), **index)
            self._database[self._stage].rename(self._name, dropTarget=self._replaces)
            self._stage = ""
        for name, text in self._marks.items():
            self._begin()
            change = {"$set": {"said": text}}
            self._database[WATERMARKS].update_one({"_id": name}, change, upsert=True, session=self._session)
        if self._session is not None and self._session.in_transaction:
            self._session.commit_transaction()
        self.close()

    def close(self) -> None:
        """Give up what was not committed."""
        if self._session is not None:
            self._session.end_session()  # ends a transaction, too
        if self._stage:
            self._database[self._stage].drop()
            self._stage = ""

    def _target(self, replace: bool) -> Collection[dict[str, Any]]:
        """Where rows go."""
        if self._stage and not replace:
            return self._database[self._stage]
        there = self._name in self._database.list_collection_names(filter={"name": self._name})
        if there and not replace and self._session is not None:
            return self._database[self._name]
        if self._stage:
            self._database[self._stage].drop()
        self._stage, self._replaces = f"{STAGE}{uuid.uuid4().hex}", there
        self._database.create_collection(self._stage)
        if there and not replace:
            self._database[self._name].aggregate([{"$out": self._stage}])
        return self._database[self._stage]

    def _indexes(self) -> Iterator[dict[str, Any]]:
        """What the collection that is replaced is found by, besides _id."""
        if self._replaces:
            for about in self._database[self._name].list_indexes():
                if about["name"] != "_id_":
                    yield {key: value for key, value in about.items() if key not in ("v", "ns")}

    def _write(self, write: Callable[..., object]) -> None:
        """Write some rows, those for a collection that is there in the transaction.

        A transaction that met another one is begun again, as long as it has no rows yet.
        """
        from pymongo.errors import PyMongoError

        if self._stage:
            write()
            return
        self._begin()
        try:
            write(session=self._session)
        except PyMongoError as exc:
            if self._written or self._session is None or not exc.has_error_label("TransientTransactionError"):
                raise
            if self._session.in_transaction:
                self._session.abort_transaction()
            self._begin()
            if any(self.recall(name) != said for name, said in list(self._recalled.items())):
                raise
            write(session=self._session)
        self._written = True

    def _begin(self) -> None:
        if self._session is not None and not self._session.in_transaction:
            self._session.start_transaction()


def _pieces(batches: Iterable[pl.DataFrame], cells: Cells) -> Iterator[list[dict[str, Any]]]:
    for batch in batches:
        for piece in batch.iter_slices(_PIECE):
            if piece.height:
                yield cells.documents(piece)

"""The connection of a loader into MongoDB, and what is loaded together by it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from automic_core.connectors.databases._mongodb_stage import Stage
from automic_core.connectors.databases._names import WATERMARKS
from automic_core.errors import LoadError

if TYPE_CHECKING:
    from pymongo import MongoClient
    from pymongo.client_session import ClientSession
    from pymongo.collection import Collection
    from pymongo.database import Database


class Work:
    """The connection of a loader, and the unit that is open.

    Attributes:
        closed: Never, for a unit is given up by more than the end of its connection.
    """

    closed = False

    def __init__(self, client: MongoClient[dict[str, Any]], database: str, name: str) -> None:
        self._client, self._database, self._name = client, client[database], name
        self._unit: Unit | None = None

    @property
    def unit(self) -> Unit:
        """What is loaded together.

        Raises:
            LoadError: Nothing was begun.
        """
        if self._unit is None:
            raise LoadError("Nothing was begun.", "Call begin_transaction first.")
        return self._unit

    def execute(self, statement: str) -> None:
        """Begin a unit, or end it."""
        if statement == "BEGIN":
            self._unit = Unit(self._client, self._database, self._name)
        elif statement == "COMMIT":
            self.unit.commit()
        else:
            self.unit.close()

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


class Unit:
    """What is loaded together, and seen together or not at all.

    Rows for a collection that is there go in by a transaction. A collection that is new or replaced is filled beside
    its place and then renamed, with its indexes; so is, with a copy of what it has, any one of a server that has no
    transactions.

    Attributes:
        name: Name of the collection.
        written: Whether a transaction holds rows.
    """

    def __init__(self, client: MongoClient[dict[str, Any]], database: Database[dict[str, Any]], name: str) -> None:
        self._database = database
        self.name = name
        hello = client.admin.command("hello")
        transactions = "setName" in hello or hello.get("msg") == "isdbgrid"
        self._session: ClientSession | None = client.start_session() if transactions else None
        self._stage: Stage | None = None
        self._replaces = self.written = False
        self._recalled: dict[str, str | None] = {}
        self._marks: dict[str, str] = {}

    def read(self, name: str) -> str | None:
        """What is kept under a name; in a transaction nobody else changes it until the end."""
        kept = self._database[WATERMARKS]
        if self._session is None:
            found = kept.find_one({"_id": name})
        else:
            self._begin()
            found = kept.find_one_and_update({"_id": name}, {"$inc": {"turn": 1}}, upsert=True, session=self._session)
        self._recalled[name] = (found or {}).get("said")
        return self._recalled[name]

    def write(self, name: str, text: str) -> None:
        """Keep a text under a name when the rows are committed, in the same transaction if they have one."""
        self._marks[name] = text

    def target(self, *, replace: bool) -> Collection[dict[str, Any]]:
        """Where rows go."""
        if self._stage is not None and not replace:
            return self._stage.collection
        there = self.name in self._database.list_collection_names(filter={"name": self.name})
        if there and not replace and self._session is not None:
            return self._database[self.name]
        if self._stage is not None:
            self._stage.drop()
        self._replaces = there
        self._stage = Stage(self._database)
        self._stage.make(self.name if there and not replace else None)
        return self._stage.collection

    def put(self, write: Callable[..., object]) -> None:
        """Write some rows, those for a collection that is there in the transaction.

        A transaction that met another one is begun again, as long as it has no rows yet.
        """
        from pymongo.errors import PyMongoError

        if self._stage is not None:
            write()
            return
        self._begin()
        try:
            write(session=self._session)
        except PyMongoError as exc:
            if self.written or self._session is None or not exc.has_error_label("TransientTransactionError"):
                raise
            if self._session.in_transaction:
                self._session.abort_transaction()
            self._begin()
            if any(self.read(name) != said for name, said in list(self._recalled.items())):
                raise
            write(session=self._session)
        self.written = True

    def commit(self) -> None:
        """Make everything visible."""
        if self._stage is not None:
            self._stage.publish(self.name, self._indexes(), replaces=self._replaces)
            self._stage = None
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
        if self._stage is not None:
            self._stage.drop()
            self._stage = None

    def _indexes(self) -> Iterator[dict[str, Any]]:
        """What the collection that is replaced is found by, besides _id."""
        if self._replaces:
            for about in self._database[self.name].list_indexes():
                if about["name"] != "_id_":
                    yield {key: value for key, value in about.items() if key not in ("v", "ns")}

    def _begin(self) -> None:
        if self._session is not None and not self._session.in_transaction:
            self._session.start_transaction()

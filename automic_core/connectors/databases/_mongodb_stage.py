"""Collections of MongoDB that are filled beside the place that they take."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import UTC
from typing import TYPE_CHECKING, Any

from automic_core.connectors.databases._mongodb_catalog import STAGE
from automic_core.errors import LoadError

if TYPE_CHECKING:
    from pymongo.database import Database

OLD_SECONDS = 7 * 24 * 3600
"""A stage that was made so long ago is one that a process which died left behind."""


class Stage:
    """A collection that is filled beside the place that it takes; its name says when the server's clock saw it made.

    Making one drops those that are so old that nobody can be at work on them. Should somebody be, then a write would
    make the collection anew, with the rest of the rows: so what is published must be what was made.
    """

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._database = database
        now = int(database.client.admin.command("hello")["localTime"].replace(tzinfo=UTC).timestamp())
        for name in database.list_collection_names(filter={"name": {"$regex": f"^{STAGE}"}}):
            if (made := _made(name)) is not None and now - made > OLD_SECONDS:
                database.drop_collection(name)
        self.collection = database[f"{STAGE}{now}_{uuid.uuid4().hex}"]
        self._mark: object = None

    def make(self, copied: str | None) -> None:
        """Make the collection.

        Args:
            copied: Name of one whose documents it begins with; None = it is empty.
        """
        self._database.create_collection(self.collection.name)
        if copied is not None:
            self._database[copied].aggregate([{"$out": self.collection.name}])
        self._mark = self._known()

    def publish(self, name: str, indexes: Iterable[dict[str, Any]], *, replaces: bool) -> None:
        """Give it its place.

        Raises:
            LoadError: It is not what was filled any more.
        """
        for index in indexes:
            self.collection.create_index(list(index.pop("key").items()), **index)
        if self._known() != self._mark:
            raise LoadError(
                f"The collection with the rows for {name!r} was dropped before they were complete.",
                f"Load again, in less than {OLD_SECONDS // 86_400} days; nothing half-done is visible.",
            )
        self.collection.rename(name, dropTarget=replaces)

    def drop(self) -> None:
        """Give it up."""
        self.collection.drop()

    def _known(self) -> object:
        """What tells it from another one of its name."""
        (about,) = [*self._database.list_collections(filter={"name": self.collection.name})] or [{}]
        return (about.get("info") or {}).get("uuid")


def _made(name: str) -> int | None:
    """Seconds since 1970 at which a stage was made; None if its name does not say it."""
    seconds, cut, _ = name.removeprefix(STAGE).partition("_")
    return int(seconds) if cut and seconds.isdecimal() else None

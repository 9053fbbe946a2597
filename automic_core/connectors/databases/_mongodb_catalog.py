"""What a MongoDB database has: collections and views, and what is known of one of them without reading it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from automic_core.connectors.databases._names import WATERMARKS
from automic_core.errors import SourceError

if TYPE_CHECKING:
    from pymongo.database import Database

STAGE = "automic_stage_"
"""Collections of this beginning hold rows on their way; nobody else's have it."""


@dataclass(frozen=True)
class Collection:
    """A collection or view.

    Attributes:
        view: Whether it is a view.
        uuid: What tells it from another one of its name; empty for a view.
        images: Whether it keeps documents as they were after each change.
    """

    name: str
    view: bool = False
    uuid: str = ""
    images: bool = False


def collections(database: Database[dict[str, Any]]) -> list[Collection]:
    """All of the database but the server's own and ours, by name."""
    found = []
    for about in database.list_collections():
        name, options = about["name"], about.get("options") or {}
        if not name.startswith(("system.", STAGE)) and name != WATERMARKS:
            mark = (about.get("info") or {}).get("uuid")
            images = bool((options.get("changeStreamPreAndPostImages") or {}).get("enabled"))
            found.append(Collection(name, about.get("type") == "view", bytes(mark).hex() if mark else "", images))
    return sorted(found, key=lambda each: each.name)


def relations(database: Database[dict[str, Any]], where: str) -> tuple[list[str], list[str]]:
    """Names of the collections and of the views.

    Raises:
        SourceError: There is no such database.
    """
    found = collections(database)
    if not found and database.name not in database.client.list_database_names():
        raise SourceError(f"{where}: there is no such database.", "Check 'database'; names are case-sensitive.")
    return [each.name for each in found if not each.view], [each.name for each in found if each.view]


def found(database: Database[dict[str, Any]], name: str | None, where: str) -> Collection:
    """The collection of that name; without a name the only one there is.

    Raises:
        SourceError: There is none, or several to choose from; says what there is.
    """
    known = {each.name: each for each in collections(database)}
    if name is None and len(known) == 1:
        return next(iter(known.values()))
    if name is not None and name in known:
        return known[name]
    names = list(known)
    listed = ", ".join(names[:20]) + (" …" if len(names) > 20 else "")
    if name is None:
        relations(database, where)
        what = f"{len(names)} collections" if names else "no collection"
        raise SourceError(f"{where} has {what}.", f"Choose one by the option collection: {listed}." if names else "")
    near = difflib.get_close_matches(name, names, 1)
    raise SourceError(
        f"{where} has no collection {name!r}.", f"Did you mean {near[0]!r}?" if near else f"It has: {listed or 'none'}."
    )

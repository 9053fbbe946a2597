"""What the names of two columns and their tables say about one pointing to the other."""

from __future__ import annotations

from functools import lru_cache

from automic_core.inference.names import snake

_ENDINGS = ("number", "code", "guid", "uuid", "key", "num", "ref", "fk", "id", "no", "nr", "pk", "sk")  # longest first
_OWN = frozenset(
    ("parent", "manager", "reports", "report", "boss", "supervisor", "predecessor", "previous", "next", "reply")
)
_STEM = 4  # letters that a shortened name must keep


@lru_cache(maxsize=1 << 16)
def name_evidence(child_table: str, child: str, parent_table: str, parent: str) -> tuple[float, str]:
    """How clearly a column's name says that it points to another, 0 to 1, and in words.

    The clearest is the table's name with the key's ("customer_id" to customers.id), or the key's own name where that
    belongs to the table ("customer_id" to customers.customer_id); a role in front is fine ("billing_customer_id").
    """
    table = _words(parent_table.rpartition(".")[2])
    known = {*table, *_words(child_table.rpartition(".")[2])}
    words, key = _parted(_words(child), known), _parted(_words(parent), known)
    pointing, bare = _without_ending(words), _without_ending(key)
    owned = not bare or _ends(table, bare) or _ends(bare, table)
    if child_table == parent_table:
        said = bool(_OWN & set(words)) or (len(words) > len(key) > 1 and _ends(words, key))
        return (0.8, "its name says that rows point to rows of the same table") if said else (0.0, "")
    if not pointing:
        return 0.0, ""
    if pointing == table:
        return 1.0, f"its name is that of table {parent_table}"
    if owned and bare and words == key:
        return 0.95, f"it has the name of the key of {parent_table}"
    if _ends(pointing, table) or (owned and bare and _ends(words, key)):
        return 0.9, f"its name ends like the key of {parent_table}"
    if words == key and bare:
        return 0.6, f"both columns are called {parent!r}"
    if table and pointing[-1] == table[-1]:
        return 0.6, f"its name ends like that of table {parent_table}"
    shortened = any(_short(word, name) for word in pointing for name in table)
    return (0.5, f"part of its name begins the name of table {parent_table}") if shortened else (0.0, "")


def is_reference(name: str) -> bool:
    """Whether a column's name ends like that of a key."""
    words = _words(name)
    return bool(words) and words[-1] in _ENDINGS


@lru_cache(maxsize=1 << 14)
def _words(name: str) -> tuple[str, ...]:
    return tuple(_singular(word) for word in snake(name).split("_") if word)


def _parted(words: tuple[str, ...], known: set[str]) -> tuple[str, ...]:
    """ "petid" as "pet", "id" where a table is called pet."""
    last = words[-1] if words else ""
    ending = next((end for end in _ENDINGS if last.endswith(end) and last.removesuffix(end) in known), "")
    return (*words[:-1], last.removesuffix(ending), ending) if ending else words


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def _without_ending(words: tuple[str, ...]) -> tuple[str, ...]:
    return words[:-1] if words and words[-1] in _ENDINGS else words


def _ends(words: tuple[str, ...], ending: tuple[str, ...]) -> bool:
    return bool(ending) and words[-len(ending) :] == ending


def _short(word: str, name: str) -> bool:
    return len(word) >= _STEM and len(name) > len(word) and name.startswith(word)

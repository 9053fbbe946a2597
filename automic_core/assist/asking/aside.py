"""Words beside what is asked: units, and words that change nothing where no column is called by them."""

from __future__ import annotations

from automic_core.assist.asking.naming import Naming
from automic_core.assist.asking.phrases import UNITS
from automic_core.assist.asking.query import Item
from automic_core.assist.asking.words import Token

_COUNTED = frozenset(["dollar", "euro", "year"])
"""Units in which numbers without a unit usually are."""
_BEHIND = frozenset(["in", "at", "on", "for", "from"])


class Aside(Naming):
    """Reads words that only go with others."""

    def _idle(self, word: Token) -> bool:
        """Whether a word says nothing by itself here."""
        if word.mark:
            return False
        behind = self.words[self.place + 1].text.lower() if self.place + 1 < len(self.words) else ""
        if word.stem == "equal":
            return self.last is not None
        if word.stem == "origin":
            return self._before("of") and not self._called(word.stem)  # "the country of origin"
        if word.text.lower() == "available":
            return behind in _BEHIND and not self._called(word.stem)
        if word.stem == "number":
            return behind in ("and", ",") and self._number_beside()
        return word.stem in UNITS | _COUNTED and self._unit(word.stem)

    def _called(self, word: str) -> bool:
        return any(word in part for column in self.lexicon.columns() for part in column.words)

    def _told_again(self, word: Token) -> bool:
        """ "How many … are there for each? List the number and the id": how many there are is asked for already."""
        counted = any(item.aggregate == "count" for item in self.query.items)
        behind = self.words[self.place + 1].text.lower() if self.place + 1 < len(self.words) else "and"
        return counted and word.text.lower() == "number" and behind in ("and", ",")

    def _number_beside(self) -> bool:
        """ "the number and average age of students": how many there are is asked for beside."""
        table = self._entity_near(self.place + 2)
        if table is None or self.related or self.counting:
            return False
        self.query.items.append(Item(None, "count", False, table))
        self.query.entity = self.query.entity or table
        return True

    def _unit(self, unit: str) -> bool:
        """Whether a unit is that of the column before it: "damage in millions", "above 300 dollars"."""
        query, mentions = self.query, [self.last]
        mentions += [each.mention for each in query.conditions[-1:]]
        mentions += [each.mention for each in query.items[-1:]]
        words = {word for each in mentions if each for column in each.columns for word in column.words}
        plain = self._marked(self.place - 1, "NUMBER") and unit in _COUNTED and bool(query.conditions)
        return unit in words or (plain and not words & UNITS)

    def _for_different(self) -> bool:
        """ "the number of rooms for different blocks": for each of them."""
        before = self.words[self.place - 1].text.lower() if self.place else ""
        return before in ("for", "in", "with") and any(item.aggregate for item in self.query.items)

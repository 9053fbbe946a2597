"""What came first or last: "the first student to register", "the cost of the most recent treatment"."""

from __future__ import annotations

from automic_core.assist.asking.dating import dated
from automic_core.assist.asking.linking import link
from automic_core.assist.asking.ordering import Ordering
from automic_core.assist.asking.phrases import ORDINALS
from automic_core.assist.asking.query import Mention, Order
from automic_core.assist.asking.tables import Column
from automic_core.assist.asking.words import Token

_WAS = frozenset(["that", "who", "which", "was", "were", "is", "has", "have", "had", "been", "to", "ever"])


class Timing(Ordering):
    """Reads which row comes first or last in time."""

    def _ordinal(self) -> bool:
        """ "the first student to register", "the most recent year", "most recently released album"."""
        word = self.words[self.place]
        latest, place = _ordinal(word), self.place + 1
        if latest is None or self.query.orders or self.query.limit:
            return False
        number = self.words[place].number if self._marked(place, "NUMBER") else None
        place += number is not None
        verb = self.words[place].text if self._verb_at(place) else None
        found = link(self.lexicon, self.words, place + (verb is not None))
        if len(found.tables) == 1:
            noun = place + (verb is not None)
            several = self.words[noun].text.lower() != self.words[noun].stem
            if several and number is None and self.first is None:
                return False  # "the most recent orders": how many of them
            told = verb is None and self._verb_behind(noun + found.size)
            verb = self.words[told].text if told else verb
            if not self._by_date(found.tables[0], verb, latest):
                return False
            self.query.limit = int(number) if number is not None else self.query.limit
            self.explained |= {told} if told else set()
            self.place = noun
            return True
        if number is None and verb is None and self._most_of_date(place, latest):
            return True
        if number is None and verb and word.mark and not found and self._by_date(self._of_whom(), verb, latest):
            self.place = place + 1  # "the patient who most recently stayed in …"
            return True
        return False

    def _done_first(self) -> bool:
        """ "the order that was shipped most recently", "who registered first": the verb stands before."""
        place = self.place + 1
        latest = _ordinal(self.words[place]) if place < len(self.words) else None
        if latest is None or not self._verb_at(self.place) or self.query.orders or self.query.limit:
            return False
        if link(self.lexicon, self.words, place + 1) or link(self.lexicon, self.words, place).size > 1:
            return False
        if not self._by_date(self._of_whom(), self.words[self.place].text, latest):
            return False
        self.query.passed.append(self.words[self.place].text)
        self.place += 2
        return True

    def _verb_behind(self, place: int) -> int:
        """Where the verb of "to register", "who was hired" stands; 0 = nowhere."""
        begin = place
        while place < len(self.words) and self.words[place].text.lower() in _WAS:
            place += 1
        return place if begin < place < len(self.words) and not self.words[place].mark else 0

    def _most_of_date(self, place: int, latest: bool) -> bool:
        """ "the most recent year": the most of the date that is named, or of the only one there is."""
        found = link(self.lexicon, self.words, place)
        if found.columns and not found.tables and all(map(dated, found.columns)):
            known = self._extreme(latest)
            self.place += known and self._at("date")  # "the most recent start date" where it is the start
            return known
        table = self._entity_near(place + 1) or self._of_whom()
        if place >= len(self.words) or self.words[place].stem not in ("year", "date", "time", "day") or not table:
            return False
        dates = self._dates(table)
        if len(dates) != 1 or not self.query.items:
            return False
        self._sort(dates[0], latest)
        self.place = place + 1
        return True

    def _by_date(self, table: str | None, verb: str | None, latest: bool) -> bool:
        """Sort by the date that is meant, if only one can be."""
        column = self._when(table, verb) if table else None
        if column is None or self.aggregates or self.counting or any(item.aggregate for item in self.query.items):
            return False
        self._sort(column, latest)
        self.query.entity = self.query.entity or table
        return True

    def _sort(self, column: Column, latest: bool) -> None:
        self.query.orders.append(Order(Mention([column], column.name), latest))
        self.query.limit = self._limit()


def _ordinal(word: Token) -> bool | None:
    """Whether a word says that something is the last in time; None if it says nothing of the kind."""
    return True if word.mark == "LATEST" else ORDINALS.get(word.text.lower()) if not word.mark else None

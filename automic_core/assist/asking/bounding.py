"""Bounds on what is computed over rows that belong together: "whose average salary is over 50"."""

from __future__ import annotations

from automic_core.assist.asking.comparing import Comparing
from automic_core.assist.asking.cursor import AGGREGATES, COMPARE
from automic_core.assist.asking.linking import link
from automic_core.assist.asking.query import Mention, Related
from automic_core.assist.asking.tables import Column

_BETWEEN = frozenset(["is", "are", "was", "were", "of", "that"])


class Bounding(Comparing):
    """Reads what a sum, a count or an average of rows is compared with."""

    def _bounded(self) -> bool:
        """ "whose average salary is …", "a total of more than 8 nights": the column, up to its bound or with it."""
        aggregate = AGGREGATES[self.words[self.place].mark]
        begin = self._past(self.place + 1, {"of", "the"})
        if self._bound_at(begin):
            numbers, size = self._measures(begin + 2)
            if not numbers:
                return False
            mention = Mention(numbers, self._said(size, begin + 2))
            self.last, self.measured, self.place = mention, aggregate, begin
            known = self._compare(COMPARE[self.words[begin].mark])
            self.place += size
            return known
        begin += begin < len(self.words) and self.words[begin].mark == "COUNT"
        numbers, size = self._measures(begin)
        behind = self._past(begin + size, _BETWEEN)
        if not numbers or not (self._bound_at(behind) or self._marked(behind, "BETWEEN")):
            return False
        self.last, self.measured = Mention(numbers, self._said(size, begin)), aggregate
        self.place = behind
        return True

    def _number_bounded(self) -> bool:
        """ "with a number of orders above 3": how many rows of another table belong to a row."""
        found = link(self.lexicon, self.words, self.place + 1)
        behind = self._past(self.place + 1 + found.size, _BETWEEN)
        if len(found.tables) != 1 or not self._bound_at(behind) or self._numbers_of(self.place + 1)[0]:
            return False
        [name], bound = found.tables, self.words[behind + 1].number
        if bound is None or name == self.query.entity or self._counted_elsewhere(name):
            return False
        self.query.related.append(Related(name, False, [], COMPARE[self.words[behind].mark], bound))
        self.query.named.append(name)
        self.place = behind + 2
        return True

    def _measures(self, place: int) -> tuple[list[Column], int]:
        """Columns of numbers that are named at a place, and the words they take."""
        found = link(self.lexicon, self.words, place)
        numbers = [each for each in found.columns if each.kind == "number" and not (each.identifies or each.measure)]
        return numbers, found.size

    def _bound_at(self, place: int) -> bool:
        return self._marked(place, *COMPARE) and self._marked(place + 1, "NUMBER")

    def _marked(self, place: int, *marks: str) -> bool:
        return place < len(self.words) and self.words[place].mark in marks

    def _past(self, place: int, words: frozenset[str] | set[str]) -> int:
        while place < len(self.words) and self.words[place].text.lower() in words:
            place += 1
        return place

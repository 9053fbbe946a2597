"""Order in a question: superlatives, sorting, the most common, and what is told for each."""

from __future__ import annotations

from automic_core.assist.asking.bounding import Bounding
from automic_core.assist.asking.cursor import AGGREGATES
from automic_core.assist.asking.linking import link
from automic_core.assist.asking.phrases import DEGREES, FREQUENT, VERBS
from automic_core.assist.asking.query import Item, Mention, Order
from automic_core.assist.asking.tables import Column
from automic_core.assist.asking.words import Token, bases

_BEHIND = frozenset(["and", ",", "in", "for", "from", "where", "ORDER", "ASC", "DESC", "EACH"])
"""Words and marks that may stand behind what is told for each: nothing that could be a value of it."""


class Ordering(Bounding):
    """Reads what comes first, and by what rows are put together."""

    def _degree(self, word: Token) -> bool:
        """ "older than 20", "the oldest": a column that is meant but not named."""
        columns, more = DEGREES[word.stem]
        behind = self.words[self.place + 1] if self.place + 1 < len(self.words) else None
        ahead = link(self.lexicon, self.words, self.place + 1).tables
        mention = self._of_words(columns, ahead[0] if len(ahead) == 1 else None)
        if mention is None:
            return False
        if behind is not None and behind.stem == "than":
            self.place += 1
            self.last = mention
            return self._compare(">" if more else "<")
        again = link(self.lexicon, self.words, self.place + 1)
        named = [each for each in again.columns if each in mention.columns]
        if named and not (self.related or again.tables):
            self.aggregates.append("max" if more else "min")  # "the average and oldest age"
            self.place += 1
            return True
        self.query.orders.append(Order(mention, more))
        self.query.limit = self._limit()
        self.place += 1 + (again.size if named and not again.tables else 0)
        return True

    def _extreme(self, top: bool) -> bool:
        """ "the highest capacity": the most of a column."""
        if link(self.lexicon, self.words, self.place).size > 1:
            return False
        if self.place + 1 < len(self.words) and self.words[self.place + 1].mark == "COUNT":
            return self._most(top)
        if self._extreme_computed(top):
            return True
        found = link(self.lexicon, self.words, self.place + 1)
        columns = [each for each in found.columns if each.kind in ("number", "date")]
        if len(found.tables) == 1 and not found.columns and top:
            heights = self._of_words(("height", "altitude", "elevation"))
            columns = [each for each in heights.columns if each.table == found.tables[0]] if heights else []
            if len(columns) == 1 and not self.related:
                self.query.orders.append(Order(Mention(columns, ""), top))
                self.query.limit = self._limit()
                self.place += 1
                return True
            return False
        stems = [each.stem for each in self.words[self.place + 1 : self.place + 1 + found.size]]
        if not columns or ("amount" in stems and ("of" in stems or self._of_table(self.place + 1 + found.size))):
            return False  # the highest of the amounts, or of their sums
        said = self._said(found.size, self.place + 1)
        mention = Mention(columns, said, self._entity_near(self.place + 1 + found.size))
        if self.query.items or self.query.entity or self.related:
            self.query.orders.append(Order(mention, top))
            self.query.limit = self._limit()
        else:
            self.query.items.append(Item(mention, "max" if top else "min"))
        self.place += 1 + found.size
        return True

    def _extreme_computed(self, top: bool) -> bool:
        """ "the department with the highest average salary": the most of what is computed for each."""
        numbers, size = self._computed_at(self.place + 1)
        if not numbers or not (self.query.items or self.query.entity):
            return False
        self._sort_computed(self.place + 1, numbers, size, top)
        self.query.limit = self._limit()
        return True

    def _computed_at(self, place: int) -> tuple[list[Column], int]:
        """Columns of numbers of which an average or a sum is named at a place, and the words they take."""
        named = self._marked(place, "AVG", "SUM") and link(self.lexicon, self.words, place).size < 2
        return self._measures(place + 1) if named else ([], 0)

    def _sort_computed(self, place: int, numbers: list[Column], size: int, descending: bool) -> None:
        behind = place + 1 + size
        mention = Mention(numbers, self._said(size, place + 1), self._entity_near(behind))
        self.query.orders.append(Order(mention, descending, None, AGGREGATES[self.words[place].mark]))
        self.place = behind

    def _most(self, most: bool) -> bool:
        place = self.place + 1
        if place < len(self.words) and self.words[place].mark == "COUNT":
            place += 1
        if place < len(self.words) and self.words[place].stem in DEGREES and place == self.place + 1:
            self.place = place  # "the most expensive phone"
            known = self._degree(self.words[place])
            if known and not most and self.query.orders:
                self.query.orders[-1].descending = not self.query.orders[-1].descending
            return known
        if place < len(self.words) and self.words[place].text.lower() in VERBS:
            self.query.passed.append(self.words[place].text)  # "the most registered students"
            place += 1
        found = link(self.lexicon, self.words, place)
        if self._common(place, most):
            return True
        if len(found.tables) == 1:
            if self._counted_elsewhere(found.tables[0]):
                return False
            self.query.orders.append(Order(None, most, found.tables[0]))
            self.query.named.append(found.tables[0])
        elif found.columns and found.columns[0].kind == "number":
            self.query.orders.append(Order(Mention(found.columns, ""), most))
        else:
            numbers, found.size = self._numbers_of(place)
            if not numbers:
                return False
            self.query.orders.append(Order(Mention(numbers, ""), most))
        self.query.limit = self._limit()
        self.place = place + found.size
        return True

    def _common(self, place: int, most: bool) -> bool:
        """ "the most common type of pets": the value that most rows have."""
        if place >= len(self.words) or self.words[place].stem not in FREQUENT:
            return False
        found = link(self.lexicon, self.words, place + 1)
        behind = place + 1 + found.size
        if not found and self._frequent(most):
            self.place = place + 1
            return True
        if not found.columns or self.query.items or self.related:
            return False
        near = self._entity_near(behind)
        found.columns = self._occurring(found.columns)
        tables = {near} if near else {column.table for column in found.columns}
        if len(tables) != 1:
            return False
        [table] = tables
        self.query.items.append(Item(Mention(found.columns, "", table)))
        self.query.orders.append(Order(None, most, table))
        self.query.entity, self.query.limit = table, self._limit()
        self.place = behind
        return True

    def _frequent(self, most: bool) -> bool:
        """ "which colour is the most common", "which is used most often": the value of what is asked for."""
        asked = [item.mention for item in self.query.items if item.mention and not item.aggregate]
        columns = self._occurring(asked[0].columns) if len(asked) == 1 == len(self.query.items) else []
        if (
            len(columns) != 1
            or columns[0].unique
            or self.query.orders
            or self.query.entity
            not in (
                None,
                columns[0].table,
            )
        ):
            return False
        asked[0].columns = columns
        self.query.entity = columns[0].table
        self.query.orders.append(Order(None, most, columns[0].table))
        self.query.limit = self._limit()
        return True

    def _occurring(self, columns: list[Column]) -> list[Column]:
        """Of columns, those that point to all others of them: there a value occurs as often as it is used."""
        points = {(join.left, join.right) for join in self.lexicon.joins}
        users = [each for each in columns if all(each == other or (each, other) in points for other in columns)]
        return users or columns

    def _each(self) -> bool:
        found = link(self.lexicon, self.words, self.place + 1)
        if len(found.tables) == 1:
            self.query.group_tables.append(found.tables[0])
            self.query.named.append(found.tables[0])
        elif found.columns:
            near = self._entity_near(self.place + 1 + found.size)
            said = {each.stem for each in self.words[self.place + 1 : self.place + 1 + found.size]}
            shown = [item.mention for item in self.query.items if item.mention and not item.aggregate]
            again = [each for each in shown if all(said <= set(column.words) for column in each.columns)]
            if again:  # "card type codes and how many cards there are in each type"
                found.columns = again[0].columns
            self.query.groups.append(Mention(found.columns, self._said(found.size, self.place + 1), near))
        elif self.place + 1 + self._at_next("one") == len(self.words) and self._counts_beside():
            self.place += self._at_next("one")  # "… and how many belong to each"
        else:
            return False
        self.place += 1 + found.size
        return True

    def _by(self) -> bool:
        """ "total revenue by country and month": what is computed is told for each; not "songs by artist Adele"."""
        if not self._told_for():
            return False
        known = self._each()
        while known and self._marked_as("and", ",") and self._told_for():
            known = self._each()
        return known

    def _told_for(self) -> bool:
        """Whether a table or columns stand behind a word, and nothing behind them that could be a value of theirs."""
        found = link(self.lexicon, self.words, self.place + 1)
        behind = self.words[self.place + 1 + found.size :][:1]
        ends = not behind or behind[0].mark in _BEHIND or behind[0].text.lower() in _BEHIND
        return bool(found.columns or found.tables) and not found.values and ends

    def _done_by(self) -> bool:
        """Whether the word before says who did something: "performed by", "written by"."""
        before = self.words[self.place - 1].text.lower() if self.place else ""
        return bool(VERBS & {before, *bases(before)}) or before.endswith(("ed", "ing"))

    def _marked_as(self, *texts: str) -> bool:
        return self.place < len(self.words) and self.words[self.place].text in texts

    def _at_next(self, stem: str) -> int:
        return int(self.place + 1 < len(self.words) and self.words[self.place + 1].stem == stem)

    def _counts_beside(self) -> bool:
        """Whether a number is asked for, and beside it the columns that it is told for."""
        counts = [item.aggregate is not None for item in self.query.items]
        return any(counts) and not all(counts)

    def _order(self) -> bool:
        place = self.place + 1
        descending = None
        while place < len(self.words) and (
            self.words[place].mark in ("ASC", "DESC") or self.words[place].stem in ("the", "their", "its", "of")
        ):
            if self.words[place].mark:
                descending = self.words[place].mark == "DESC"
            place += 1
        if place < len(self.words) and self.words[place].mark == "COUNT":
            found = link(self.lexicon, self.words, place + 1)
            if len(found.tables) != 1:
                return False
            behind = place + 1 + found.size
            behind += behind < len(self.words) and self.words[behind].stem in ("they", "that", "who")
            held = link(self.lexicon, self.words, behind)
            numbers = [each for each in held.columns if each.kind == "number" and not each.identifies]
            if numbers and not held.tables:  # "the number of people they injured" where a column holds it
                near = self._entity_near(behind + held.size)
                self.query.orders.append(Order(Mention(numbers, self._said(held.size, behind), near), bool(descending)))
                self.place = self.sorted = behind + held.size
                return True
            self.query.orders.append(Order(None, bool(descending), found.tables[0]))
            self.place = self.sorted = place + 1 + found.size
            return True
        numbers, size = self._computed_at(place)
        if numbers:
            self._sort_computed(place, numbers, size, bool(descending))
            self.sorted = self.place
            return True
        found = link(self.lexicon, self.words, place)
        if not found.columns:
            return False
        self.query.orders.append(
            Order(
                Mention(found.columns, self._said(found.size, place), self._entity_near(place + found.size)),
                bool(descending),
            )
        )
        self.place = self.sorted = place + found.size
        return self._from_to()

    def _from_to(self) -> bool:
        """ "from the oldest to the youngest" behind the column."""
        stems = [each.stem for each in self.words[self.place : self.place + 6]]
        if stems[:1] == ["from"] and "to" in stems:
            degrees = [DEGREES[each] for each in stems if each in DEGREES]
            marks = [each.mark for each in self.words[self.place : self.place + 6]]
            if degrees:
                self.query.orders[-1].descending = degrees[0][1]
                self.place += max(n for n, each in enumerate(stems) if each in DEGREES) + 1
            elif "TOP" in marks and "BOTTOM" in marks:
                self.query.orders[-1].descending = marks.index("TOP") < marks.index("BOTTOM")
                self.place += max(marks.index("TOP"), marks.index("BOTTOM")) + 1
        return True

    def _direction(self, mark: str) -> bool:
        if not self.query.orders and (mark == "ALPHABETICAL" or len(self.query.items) == 1):
            asked = [item.mention for item in self.query.items if item.mention and not item.aggregate]
            kinds = ("text",) if mark == "ALPHABETICAL" else ("text", "number", "date")
            asked = [each for each in asked if each.columns[0].kind in kinds]
            if len(asked) != 1:
                return False
            self.query.orders.append(Order(asked[0], mark == "DESC"))
        elif not self.query.orders:
            return False
        else:
            self.query.orders[-1].descending = mark == "DESC"
        self.place += 1
        return True

"""Where a reader of a question is, what it has understood so far, and what it sees ahead."""

from __future__ import annotations

from collections.abc import Sequence

from automic_core.assist.asking.lexicon import Lexicon, same
from automic_core.assist.asking.linking import link
from automic_core.assist.asking.phrases import DEGREES, GIVEN, LINKING, MISSING, NAMED
from automic_core.assist.asking.query import Aggregate, Condition, Mention, Operator, Query
from automic_core.assist.asking.tables import Column
from automic_core.assist.asking.words import Token

COMPARE: dict[str, Operator] = {"GT": ">", "GE": ">=", "LT": "<", "LE": "<=", "EQ": "="}
AGGREGATES: dict[str, Aggregate] = {"AVG": "avg", "MIN": "min", "MAX": "max", "SUM": "sum"}


class Cursor:
    """A reader of a question, word by word; what it understood is in ``query``."""

    def __init__(self, lexicon: Lexicon, words: list[Token]) -> None:
        self.lexicon, self.words, self.place = lexicon, words, 0
        self.query = Query()
        self.related = False  # whether a condition has begun
        self.aggregates: list[Aggregate] = []
        self.last: Mention | None = None
        self.counting = False
        self.negated = False
        self.both = False
        self.focus: str | None = None  # the table that was spoken of last
        self.first: int | None = None  # "the 3 mountains with the highest …": how many
        self.ended = -1  # where the last column, table or value ended
        self.computed: Aggregate | None = None  # the aggregate of the last column
        self.measured: Aggregate | None = None  # what is computed of the column that is compared
        self.alternative = False  # whether "or" stands before what comes next
        self.explained: set[int] = set()  # places of words that were read with others before them
        self.sorted = -1  # where what rows are sorted by ended

    def _before(self, text: str) -> bool:
        return self.place > 0 and self.words[self.place - 1].text.lower() == text

    def _at(self, stem: str) -> bool:
        return self.place < len(self.words) and self.words[self.place].stem == stem

    def _said(self, size: int, place: int | None = None) -> str:
        begin = self.place if place is None else place
        return " ".join(each.text for each in self.words[begin : begin + size])

    def _limit(self) -> int:
        found, self.first = self.first or 1, None
        return found

    def _after(self, size: int) -> int:
        """The next place that is not silent."""
        place = self.place + size
        while place < len(self.words) and self.words[place].stem in LINKING and not self.words[place].mark:
            first = not (self.related or self.query.items)  # "what is the kind of …" asks for it
            if self.words[place].text.lower() == "of" and (first or link(self.lexicon, self.words, place + 1).tables):
                break
            place += 1
        called = place + 1 < len(self.words) and self.words[place + 1].mark == "TEXT"
        return place + (called and self.words[place].text.lower() in NAMED)

    def _operator_at(self, place: int) -> bool:
        if place >= len(self.words):
            return False
        word = self.words[place]
        if self.related and word.stem in ("that", "which") and place + 1 < len(self.words):
            return self.words[place + 1].mark in ("STARTS", "ENDS", "CONTAINS")
        if word.stem in DEGREES:
            return place + 1 < len(self.words) and self.words[place + 1].stem == "than"
        if word.stem == "not" and place > self.place:
            behind = self.words[place + 1] if place + 1 < len(self.words) else None
            return behind is not None and (
                behind.text.lower() in (*GIVEN, *MISSING)
                or behind.mark in ("TEXT", "NUMBER", *COMPARE)
                or bool(link(self.lexicon, self.words, place + 1).values)
            )
        return word.mark in (*COMPARE, "BETWEEN", "STARTS", "ENDS", "CONTAINS") or word.text == "other than"

    def _compared(self, columns: Sequence[Column], place: int) -> bool:
        """Whether an operator stands at a place, and behind a plain "not" no value of other columns."""
        if not self._operator_at(place):
            return False
        values = link(self.lexicon, self.words, place + 1).values if self.words[place].stem == "not" else []
        return not values or any(column in columns for column, _ in values)

    def _is_condition(self, mention: Mention, place: int) -> bool:
        """Whether what follows compares this column with something."""
        if self._compared(mention.columns, place):
            return True
        if place < len(self.words):
            word = self.words[place]
            if word.mark in ("NUMBER", "TEXT"):
                numbers = word.mark == "NUMBER" and any(each.kind != "text" for each in mention.columns)
                return numbers or " of " not in mention.text  # not "the address of customer 10"
            near = link(self.lexicon, self.words, place)
            if word.text.lower() in MISSING and not near.values:
                return True
            return any(column in mention.columns for column, _ in near.values)
        return False

    def _entity_near(self, place: int) -> str | None:
        """The table that a column is said to be of."""
        counted = False
        for word in range(place, min(place + 8, len(self.words))):
            if self.words[word].mark == "COUNT":
                counted = True
            found = link(self.lexicon, self.words, word)
            said = self.words[word - 1].text.lower() in ("of", "each", "all", "every", "of each", "for each")
            if len(found.tables) == 1 and (not found.columns or said):
                if not counted:
                    return found.tables[0]
                counted = False
        return None

    def _condition(self, mention: Mention, operator: Operator, values: Sequence[object]) -> None:
        if mention.near is None or mention is not self.last:
            mention.near = self.focus
        how: Operator = "in" if operator == "=" and len(values) > 1 else operator
        made = Condition(mention, how, list(values), self.negated, self.measured, self.alternative)
        self.alternative = False
        self.query.conditions.append(made)
        self.query.both = self.query.both or self.both
        self.last, self.negated, self.measured = None, False, None

    def _of_words(self, names: Sequence[str], ahead: str | None = None) -> Mention | None:
        """The columns that end in one of these words; those of the table that is asked about first."""
        found = [(name, [column for column in self.lexicon.columns() if ends(column, name)]) for name in names]
        for near in (ahead, self.focus, self.query.entity):
            for name, columns in found:
                own = [column for column in columns if column.table == near]
                if own:
                    return Mention(own, name)
        return next((Mention(columns, name) for name, columns in found if columns), None)

    def _years(self) -> Mention | None:
        """The column a year is of: the only one that holds years."""
        return self._of_words(("year",))

    def _listing(self) -> bool:
        """Whether a list of columns goes on: before here stands "and" or a comma after a column."""
        place = self.place - 1
        while (place > 0 and self.words[place].text.lower() in ("the", "their", "its", "also", "all")) or (
            place > 0 and self.words[place].mark in (*AGGREGATES, "COUNT", "DISTINCT")
        ):
            place -= 1
        return place > 0 and self.words[place].text.lower() in ("and", ",") and not self.query.conditions

    def _behind_and(self) -> bool:
        place = self.place - 1
        while place > 0 and self.words[place].text.lower() in (
            "the",
            "their",
            "its",
            "a",
            "an",
            "all",
            "corresponding",
        ):
            place -= 1
        return place > 0 and self.words[place].text.lower() in ("and", ",")

    def _denied(self, name: str) -> bool:
        """Whether a table belongs to what was denied: "no devices in stock", not "no dog but a car"."""
        last = [each[-1].negated for each in (self.query.related, self.query.conditions) if each]
        apart = {"but", "with", "have", "has"} & {each.stem for each in self.words[self.ended : self.place]}
        return name != self.query.entity and any(last) and not (apart or self._behind_and())

    def _of_table(self, place: int) -> bool:
        return (
            place + 1 < len(self.words)
            and self.words[place].stem == "of"
            and bool(link(self.lexicon, self.words, place + 1).tables)
        )

    def _numbers_of(self, place: int) -> tuple[list[Column], int]:
        for size in range(min(3, len(self.words) - place), 0, -1):
            stems = tuple(each.stem for each in self.words[place : place + size])
            found = [
                column
                for column in self.lexicon.columns()
                if column.kind == "number"
                and column.words[0] in ("number", "num", "total", "count")
                and tuple(word for word in column.words[1:] if word != "of") == stems
            ]
            if found:
                return found, size
        return [], 0

    def _counted_elsewhere(self, name: str) -> bool:
        """Whether a column holds how many rows of a table there are: then "the number of" may be either."""
        own = self.lexicon.tables[name].words
        counts = {"number", "count", "total", "amount", "of"}
        return any(
            column.kind == "number"
            and column.words[0] in counts
            and not column.unique
            and tuple(word for word in column.words if word not in counts) == own
            for column in self.lexicon.columns()
        )


def ends(column: Column, word: str) -> bool:
    """Whether a column is named after a word; a unit may stand behind it: ``height_feet``."""
    return any(same(each, word) for each in column.words[-2:]) and column.kind in ("number", "date", "text")


def plain(number: float) -> int | float:
    return int(number) if number.is_integer() else number

"""Which date is meant by a verb: "hired in 2020", "placed between …", "the first student to register"."""

from __future__ import annotations

import re

from automic_core.assist.asking.cursor import Cursor
from automic_core.assist.asking.phrases import VERBS
from automic_core.assist.asking.query import Mention
from automic_core.assist.asking.tables import Column
from automic_core.assist.asking.words import Token, bases, stem

_ALIKE = 5
"""First letters that a verb and a noun made of it have in common: "register", ``registration_date``."""
_BIRTH = frozenset(["birth", "born", "birthday"])
_BEGIN, _END = frozenset(["start", "begin", "from"]), frozenset(["end", "to", "until", "finish"])
_DOING = frozenset(["made", "placed", "built", "created", "make", "place", "build", "create"])
"""Verbs that say only that the rows came to be."""
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d.*")


class Dating(Cursor):
    """Finds the date that a verb speaks of."""

    def _moment(self, word: Token) -> Mention | None:
        """The date that a moment is compared with: the one that was named, or that is meant by the verb before."""
        if self.last:
            return self.last if all(each.kind == "date" for each in self.last.columns) else None
        return (self._again() or self._date_of_verb()) if _MOMENT.fullmatch(word.text) else None

    def _of_whom(self) -> str | None:
        """The table that is spoken of; of "the id of the order" the one whose key that is."""
        if self.focus or self.query.entity or not self.query.items:
            return self.focus or self.query.entity
        mention = self.query.items[-1].mention
        keys = [each for each in mention.columns if each.unique and each.identifies] if mention else []
        owners = [each.table for each in keys if {*self._words(each.table)} <= {*each.words}]
        return owners[0] if len(owners) == 1 else None

    def _value_at(self, place: int) -> bool:
        return place >= 0 and self.words[place].mark in ("NUMBER", "TEXT")

    def _year_meant(self) -> Mention | None:
        """What a year is of: a column of years, but rather the date of the rows that are spoken of."""
        years, date = self._years(), self._date_of_verb()
        near = years is not None and any(each.table in (self.focus, self.query.entity) for each in years.columns)
        return years if near or date is None else date

    def _again(self) -> Mention | None:
        """ "above 300 or less than 100": what was compared before "or" is compared again."""
        told = self.query.conditions[-1] if self.query.conditions else None
        beside = self.words[self.place - 1].mark == "OR" or (self._before("or") and self._value_at(self.place - 2))
        if told is None or told.negated or not beside:
            return None
        return Mention(list(told.mention.columns), told.mention.text, told.mention.near)

    def _date_of_verb(self) -> Mention | None:
        """The date of the rows that are spoken of: of what the verb before here says, if one stands there."""
        table = self._of_whom()
        verb = self.words[self.place - 1].text if self.place and self._verb_at(self.place - 1) else None
        column = self._when(table, verb) if table else None
        return Mention([column], "", table) if column and column.kind == "date" else None

    def _verb_at(self, place: int) -> bool:
        if place >= len(self.words) or self.words[place].mark:
            return False
        text = self.words[place].text.lower()
        return bool(VERBS & {text, *bases(text)}) or (text.endswith("ed") and len(text) > 4)

    def _when(self, table: str, verb: str | None) -> Column | None:
        """The date of what is done: of the rows, or of rows that belong to them; None if several could be."""
        own = self._dates(table, birth=verb is not None and stem(verb) in _BIRTH)
        beside = {join.left.table for join in self.lexicon.joins if join.right.table == table} - {table}
        others = [column for name in sorted(beside) for column in self._dates(name)]
        if verb is not None:
            named = [each for each in others if any(akin(verb, word) for word in self._words(each.table))]
            for dates in (*([c for c in d if _says(c, verb)] for d in (own, others)), named):
                if dates:
                    return dates[0] if len(dates) == 1 else None
            if verb.lower() not in _DOING:
                return None
        ends = [each for each in own if _END & {*each.words}]
        begins = [each for each in own if _BEGIN & {*each.words}]
        if len(own) == 2 and len(ends) == len(begins) == 1:
            return begins[0]  # "the last appointment": by its start, not its end
        return own[0] if len(own) == 1 else None

    def _words(self, table: str) -> tuple[str, ...]:
        return self.lexicon.tables[table].words

    def _dates(self, table: str, *, birth: bool = False) -> list[Column]:
        columns = self.lexicon.tables[table].columns.values()
        return [each for each in columns if dated(each) and not each.sql and (birth or not _BIRTH & {*each.words})]


def dated(column: Column) -> bool:
    """Whether a column says when: a date, or a year."""
    return column.kind == "date" or (column.kind == "number" and column.words[-1:] == ("year",))


def forms(verb: str) -> set[str]:
    """What a verb may be a form of, itself too: "shipped" of ship."""
    found = {verb.lower(), *bases(verb.lower())}
    return found | {each[:-1] for each in found if len(each) > 3 and each[-1] == each[-2]}


def _says(column: Column, verb: str) -> bool:
    return any(akin(verb, word) for word in column.words if word not in ("date", "time", "year"))


def akin(verb: str, word: str) -> bool:
    """Whether a word is made of the same stem as a verb: "shipped" and "shipment"."""
    shared = [(each, min(len(each), len(word), _ALIKE)) for each in forms(verb) if len(each) > 2]
    return any(each[:size] == word[:size] for each, size in shared)

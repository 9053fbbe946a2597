"""From the words of a question to what is asked: each word is explained, or there is no answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from automic_core.assist.asking.aside import Aside
from automic_core.assist.asking.cursor import AGGREGATES, COMPARE
from automic_core.assist.asking.dating import forms
from automic_core.assist.asking.lexicon import Lexicon
from automic_core.assist.asking.linking import link
from automic_core.assist.asking.phrases import DEGREES, MORE, NEGATIONS, RELATIVE, SHOWING, SILENT, SORTING, VERBS
from automic_core.assist.asking.query import Item, Mention, Query, Related
from automic_core.assist.asking.words import Token, bases, folded, participle, tokens


def read(question: str, lexicon: Lexicon) -> Query:
    """Read a question; ``Query.unexplained`` names the words that were not understood."""
    return _Reader(lexicon, _names(list(_apart(tokens(question), lexicon)), lexicon)).read()


def _apart(words: Iterable[Token], lexicon: Lexicon) -> Iterator[Token]:
    """A quoted text that stands nowhere as a whole, but whose two words do, like a first and a last name."""
    for word in words:
        parts = word.text.split() if word.mark == "TEXT" and folded(word.text) not in lexicon.values else []
        if len(parts) == 2 and all(folded(part) in lexicon.values for part in parts):
            yield from (Token(part, part.lower(), "TEXT") for part in parts)
        else:
            yield word


def _names(words: list[Token], lexicon: Lexicon) -> list[Token]:
    """ "full name" as first and last name, where these are kept and no full one is."""
    known = {column.words[-2:] for column in lexicon.columns()}
    halves = ("first", "name") in known and ("last", "name") in known
    if not halves or ("full", "name") in known:
        return words
    for place in range(len(words) - 2, -1, -1):
        if words[place].stem == "full" and words[place + 1].stem == "name":
            words[place : place + 2] = tokens("first name and last name")
    return words


_PLACES = frozenset(["location", "place", "address", "city", "venue", "headquarter"])
_TRADED = frozenset(["ordered", "shipped", "rented", "borrowed"])
"""Verbs of which a table is called by the noun: ``orders``."""
_STRICT = {"ORMORE": "GT", "ORLESS": "LT"}


class _Reader(Aside):
    def read(self) -> Query:
        while self.place < len(self.words):
            begin = self.place
            if self._step():
                if self.words[begin].mark in ("EACH", "ORDER", "MOST", "LEAST", "TOP", "BOTTOM", "LATEST"):
                    self.ended = self.place
            else:
                self.query.unexplained.append(self.words[begin].text)
                self.place = begin + 1
        if self.aggregates or self.counting:
            self.query.unexplained.append("what to compute")
        if self.negated:
            self.query.unexplained.append("what is not there")
        asks = self.words[0].text.lower() if self.words else ""
        if asks == "where" and not self.query.items:
            self._located()
        if (asks in ("where", "why", "how") and not self.query.items) or (asks == "when" and not self._dated()):
            self.query.unexplained.append(self.words[0].text)
        if self.first is not None:
            self.query.unexplained.append(f"{self.first}")
        return self.query

    def _dated(self) -> bool:
        """Whether a date or a part of one is asked for."""
        asked = [column for item in self.query.items if item.mention for column in item.mention.columns]
        return any(each.kind == "date" or {"date", "year", "time", "day"} & {*each.words} for each in asked)

    def _located(self) -> None:
        """ "Where is the club …": its only column of places."""
        table = self.lexicon.tables.get(self.query.entity or "")
        found = [each for each in table.columns.values() if _PLACES & {*each.words[-1:]}] if table else []
        if len(found) == 1 and not self.query.orders:
            self.query.items.append(Item(Mention(found, "")))

    def _step(self) -> bool:
        word = self.words[self.place]
        mark = word.mark
        if self.place in self.explained or self._told_again(word):
            self.query.passed += [word.text] if self.place in self.explained else []
            self.place += 1
            return True
        if mark in COMPARE:
            return self._compare(COMPARE[mark])
        if mark in _STRICT and self._bounds_beside():
            self.words[self.place : self.place + 1] = [Token("or", "or", "OR"), replace(word, mark=_STRICT[mark])]
            return self._step()  # "before 1989-09-03 or after 2007-12-25"
        if mark in ("ORMORE", "ORLESS") and self._marked(self.place + 1, "NUMBER"):
            return self._compare(">=" if mark == "ORMORE" else "<=")  # "in or after 2005"
        if mark == "OR":
            self.query.either = self.alternative = True
            self.place += 1
            return True
        if mark == "BETWEEN":
            return self._between()
        if mark in ("TOP", "BOTTOM") and self._extreme(mark == "TOP"):
            return True
        if mark in ("MOST", "LEAST"):
            return self._most(mark == "MOST")
        if word.text.lower() in SORTING and self._silent(word):
            self.place += 1
            return True
        found = link(self.lexicon, self.words, self.place)
        if self._done_first() or (found.size < 2 and self._ordinal()):
            return True
        if self.related and found.size < 2 and mark in AGGREGATES and self._bounded():
            return True
        if mark == "COUNT" and self.related and self._number_bounded():
            return True
        if mark in ("MAX", "MIN") and found.size < 2 and self.related and self._extreme(mark == "MAX"):
            return True
        if (
            mark == "SUM"
            and found.size < 2
            and word.text == "total"
            and self.place
            and self._before("in")
            and not self.aggregates
        ):
            self.place += 1  # "how many are there in total"
            return True
        if mark in AGGREGATES and found.size < 2:
            if self.place and self.words[self.place - 1].mark in AGGREGATES:
                return False  # the average of sums
            self.aggregates.append(AGGREGATES[mark])
            self.place += 1
            return True
        if self.counting and not found.tables and self._number_column(self.place):
            return True
        if found:
            return self._linked(found)
        if mark == "COUNT" and self.aggregates and self._number_column(self.place + 1):
            return True  # "the average number of hosts" where a column holds it
        if mark == "COUNT":
            behind = link(self.lexicon, self.words, self.place + 1)
            measures = [each for each in behind.columns if each.kind == "number" and not each.identifies]
            if self.aggregates and measures and not behind.tables:
                self.aggregates += ["sum"] if "total" in word.text.split() else []
                self.place += 1  # "the maximum number of points"
                return True
            twice = self.counting and self.place > 0 and self.words[self.place - 1].mark == "COUNT"
            if self.aggregates or (self.counting and not twice) or self.place == self.ended:
                return False
            self.counting = True
        elif mark == "DISTINCT" and self._for_different():
            known = self._each()
            self.ended = self.place
            return known and not link(self.lexicon, self.words, self.place).columns  # "for different job titles"
        elif mark == "DISTINCT":
            self.query.distinct = True
        elif mark == "EACH":
            return self._each()
        elif word.text == "by" and not self._done_by() and self._told_for():
            computed = self.counting or any(item.aggregate or item.measured for item in self.query.items)
            return computed and self._by()  # "singers by age": sorted, or told beside
        elif mark == "ORDER":
            return self._order()
        elif mark in ("ASC", "DESC", "ALPHABETICAL"):
            return self._direction(mark)
        elif self._unknown(word):
            return True
        elif mark == "WITHOUT" or word.stem in NEGATIONS:
            self.negated = self.related = True
        elif mark == "NUMBER":
            return self._how_many_first() or self._number()
        elif mark == "TEXT":
            return self._text("=")
        elif mark in ("STARTS", "ENDS", "CONTAINS"):
            return self._pattern(mark)
        elif word.stem in DEGREES:
            return self._degree(word)
        elif word.stem in RELATIVE:
            self.related = self.related or bool(self.query.items or self.query.entity)
        elif (word.stem in MORE and self._apart()) or (word.text.lower() == "old" and self._aged()):
            return True
        elif word.text.lower() == "aged" and self._operator_at(self.place + 1) and (ages := self._of_words(("age",))):
            self.last, self.related = ages, True
        elif self._another_sentence(word):
            self.related, self.last, self.sorted = False, None, -1
        elif self._verb():
            self.query.passed.append(word.text)
        elif word.stem == "member" and (self.focus or self.query.named) and self.place == self.ended:
            self.ended += 1  # "staff members"
        elif word.stem in ("information", "info") and not self.query.items:
            self.query.everything = True
        elif word.stem == "about" and self.query.everything and self.query.entity is None:
            pass
        elif word.stem in ("kind", "type", "sort") and self._of_column():
            pass  # "what kind of decor" where a column holds it
        elif word.stem == "more" and self.place + 1 < len(self.words) and self.words[self.place + 1].stem in DEGREES:
            pass  # "more expensive than"
        elif word.stem == "both":
            self.both = True
        elif word.stem == "or":
            self.query.either = self.alternative = True
        elif (self.place == self.ended and self._kind_of_value(word)) or self._idle(word):
            pass
        elif not self._silent(word):
            return False
        self.place += 1
        return True

    def _bounds_beside(self) -> bool:
        """Whether bounds stand on both sides of "or after"."""
        return bool(self.query.conditions) and all(
            self._marked(place, "TEXT", "NUMBER") for place in (self.place - 1, self.place + 1)
        )

    def _another_sentence(self, word: Token) -> bool:
        """Whether another sentence begins that says what to show: "… in Ulm? Give me the names"."""
        return self.place > 0 and word.text in SHOWING

    def _of_column(self) -> bool:
        behind = self.words[self.place + 1].text if self.place + 1 < len(self.words) else ""
        found = link(self.lexicon, self.words, self.place + 2)
        return behind == "of" and bool(found.columns) and not found.tables

    def _kind_of_value(self, word: Token) -> bool:
        """ "in Alaska state": what kind of thing the value before is."""
        told = self.query.conditions[-1].mention if self.query.conditions else None
        return told is not None and told.value and all(word.stem in each.words for each in told.columns)

    def _silent(self, word: Token) -> bool:
        text = word.text.lower()
        if (
            self.place
            and word.text.isupper()
            and not all(each.text.isupper() for each in self.words if each.text.isalpha())
        ):
            return False  # a country, a department, a state, a grade
        if text == "state":
            return self.place == 0
        if text == "report" and self.place and self.words[self.place - 1].text.lower() not in ("please", "and", ","):
            return False  # "who report to"
        if text == "top" and self.place + 1 < len(self.words) and self.words[self.place + 1].mark == "NUMBER":
            return True
        behind = self.words[self.place + 1].text.lower() if self.place + 1 < len(self.words) else ""
        verb = text == "report" and behind.split(" ")[0] in ("the", "their", "its", "each", "all")
        if word.stem in ("place", "record", "entry", "report") and self.place and self._listing() and not verb:
            return False  # "dates, places and names"
        if text in ("show", "list", "give", "return", "tell") and self.place:
            self.related, self.last, self.sorted = False, None, -1  # another sentence says what to show
        if text in SORTING:
            following = self.words[self.place + 1 : self.place + 4 if self.place else None]
            return any(each.mark in ("ORDER", "ASC", "DESC", "ALPHABETICAL") for each in following)
        return word.stem in SILENT or text in SILENT or word.stem == "and"

    def _verb(self) -> bool:
        """A verb that only says how two tables belong together: "performed in", "owned by", "who teach"."""
        word = self.words[self.place]
        if word.mark or not (self.query.entity or self.query.items):
            return False
        text = word.text.lower()
        if participle(text) and self.lexicon.values.get(word.stem):
            return False  # how something is, but not said of what
        if text in VERBS or word.stem in VERBS or VERBS & set(bases(text)):
            known = True
        else:
            behind = self.words[self.place + 1] if self.place + 1 < len(self.words) else word
            following = behind.text if behind.text in ("before", "after") else behind.stem
            known = text.endswith(("ed", "ing")) and following in (
                "before",
                "after",
                "in",
                "by",
                "at",
                "on",
                "to",
                "for",
                "with",
                "from",
            )
        if known and text.endswith(("ed", "ing")) and not self._deed(text):
            return False
        self.related = self.related or (known and text != "corresponding")
        return known

    def _deed(self, verb: str) -> bool:
        """ "regions that were affected" where ``affected_region`` says so: its rows must be there; False if unclear."""
        said = {verb} if verb not in _TRADED else forms(verb)
        names = [name for name in self.lexicon.tables if said & {*self._words(name)}]
        if not names or {*names} & {self.query.entity, *self.query.named}:
            return True
        if len(names) > 1 or self.query.entity is None:
            return len(names) == 1
        self.query.related.append(Related(names[0], self.negated))
        self.negated = False
        return True

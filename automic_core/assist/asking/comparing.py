"""Comparisons in a question: more than, between, numbers, texts and parts of texts."""

from __future__ import annotations

from automic_core.assist.asking.cursor import plain
from automic_core.assist.asking.dating import Dating
from automic_core.assist.asking.linking import link
from automic_core.assist.asking.phrases import DEGREES, GIVEN, MISSING, NAMED, SILENT
from automic_core.assist.asking.query import Item, Mention, Operator, Order, Related
from automic_core.assist.asking.words import Token

_NUMBERS = frozenset(["id", "number", "code"])


class Comparing(Dating):
    """Reads what a column is compared with."""

    def _compare(self, operator: Operator) -> bool:
        after = self.place + 1
        while after < len(self.words) and self.words[after].stem in ("the", "a", "year", "age", "of", "number"):
            after += 1
        if after >= len(self.words):
            return False
        word = self.words[after]
        if word.mark == "AVG":
            found = link(self.lexicon, self.words, after + 1)
            mention = self.last or (Mention(found.columns, "", self.query.entity) if found.columns else None)
            if mention is None:
                return False
            self._condition(mention, "> average" if operator in (">", ">=") else "< average", [])
            self.place = after + 1 + (found.size if found.columns else 0)
            rest = [each for each in self.words[self.place :] if each.text.lower() not in SILENT]
            return (
                not self._at("of")
                or all(each.mark or each.stem in ("all", "average") for each in rest)
                or len(rest) <= 1
            )
        if word.mark == "TEXT" and (moment := self._moment(word)):
            self._condition(moment, operator, [word.text])
            self.place = after + 1
            return True
        if word.mark != "NUMBER" or word.number is None:
            return False
        behind = link(self.lexicon, self.words, after + 1)
        if self.last is None and behind.tables and len(behind.tables) == 1:
            self.query.related.append(Related(behind.tables[0], False, [], operator, word.number))
            self.query.named.append(behind.tables[0])
            self.place = after + 1 + behind.size
            return True
        year = 1000 < word.number < 2200
        mention = self.last or self._again() or (self._year_meant() if year else None)
        if mention is None and behind.columns:
            mention, after = Mention(behind.columns, ""), after + behind.size
        if mention is None and any(self.words[n].stem == "age" for n in range(self.place, after)):
            mention = self._of_words(("age",))
        if mention is None:
            return False
        self._condition(mention, operator, [plain(word.number)])
        self.place = after + 1
        return True

    def _between(self) -> bool:
        near = range(self.place + 1, min(self.place + 5, len(self.words)))
        dates = [n for n in near if self.words[n].mark == "TEXT"]
        if len(dates) == 2 and (moment := self._moment(self.words[dates[0]])):
            self._condition(moment, "between", [self.words[n].text for n in dates])
            self.place = dates[1] + 1
            return True
        numbers = [n for n in near if self.words[n].mark == "NUMBER"]
        if len(numbers) != 2:
            return False
        low, high = (self.words[n].number for n in numbers)
        mention = self.last or self._year_meant()
        if mention is None or low is None or high is None:
            return False
        self._condition(mention, "between", [plain(low), plain(high)])
        self.place = numbers[1] + 1
        return True

    def _lacking(self, mention: Mention, size: int) -> bool:
        """ "have no e-mail", "whose phone is unknown": nothing is in the column."""
        self.negated = False
        self._condition(mention, "missing", [])
        self.place += size
        return True

    def _unknown(self, word: Token) -> bool:
        """Whether a word says of the column before it that nothing is there, or that something is."""
        text = word.text.lower()
        if self.last is None or text not in (*MISSING, *(GIVEN if self.negated else ())):
            return False
        self.negated = self.negated and text in MISSING  # "not empty", "not known"
        self._condition(self.last, "missing", [])
        self.place += 1
        return True

    def _number(self) -> bool:
        word = self.words[self.place]
        if word.number is None:
            return False
        mention = self.last or (self._year_meant() if 1000 < word.number < 2200 else None)
        stems = [each.text.lower() for each in self.words[self.place + 1 : self.place + 3]]
        if stems == ["years", "old"] or stems == ["year", "old"]:
            mention = self._of_words(("age",))
            self.place += 2 if mention else 0
        following = self.words[self.place + 1].mark if self.place + 1 < len(self.words) else ""
        if mention is None and following in ("ORMORE", "ORLESS"):
            behind = link(self.lexicon, self.words, self.place + 2)
            if len(behind.tables) != 1:
                return False
            how: Operator = ">=" if following == "ORMORE" else "<="
            self.query.related.append(Related(behind.tables[0], False, [], how, word.number))
            self.query.named.append(behind.tables[0])
            self.place += 2 + behind.size
            return True
        mention = mention or self._key_of_table()
        if mention is None:
            behind = link(self.lexicon, self.words, self.place + 1)
            numbers = [each for each in behind.columns if each.kind == "number" and not each.identifies]
            if not numbers or not self.related:
                return False
            self._condition(Mention(numbers, ""), "=", [plain(word.number)])
            self.place += 1 + behind.size
            return True
        operator: Operator = {"ORMORE": ">=", "ORLESS": "<="}.get(following, "=")  # type: ignore[assignment]
        self._condition(mention, operator, [plain(word.number)])
        self.place += 1 + (operator != "=")
        if self.place + 1 < len(self.words) and self.words[self.place].stem in ("or", "and"):
            other = self.words[self.place + 1]
            if other.mark == "NUMBER" and other.number is not None and operator == "=":
                self.query.both = self.both or self.words[self.place].stem == "and"
                self.alternative = self.words[self.place].stem == "or"
                self.query.either = self.query.either or self.alternative
                self._condition(mention, "=", [plain(other.number)])
                self.place += 2
        return True

    def _key_of_table(self) -> Mention | None:
        """ "room 112": the number that the rows of a table are called by, right behind its name."""
        if self.focus is None or self.place != self.ended or not self.place or self.words[self.place - 1].mark:
            return None
        columns = self.lexicon.tables[self.focus].columns.values()
        keys = [each for each in columns if each.unique and each.kind == "number" and _NUMBERS & {*each.words[-1:]}]
        return Mention(keys, "", self.focus) if len(keys) == 1 else None

    def _how_many_first(self) -> bool:
        """ "the 3 mountains with the highest …", "the top 5 …"."""
        word = self.words[self.place]
        if word.number is None or not word.number.is_integer() or not 0 < word.number <= 100 or self.last is not None:
            return False
        before = self.words[self.place - 1].text.lower() if self.place else ""
        behind = link(self.lexicon, self.words, self.place + 1)
        measures = [each for each in behind.columns if each.kind in ("number", "date") and not each.identifies]
        if before == "top" and measures and not behind.tables and self.query.items:
            self.query.orders.append(
                Order(Mention(measures, "", self._entity_near(self.place + 1 + behind.size)), True)
            )
            self.query.limit = int(word.number)
            self.place += 1 + behind.size
            return True
        by = self.place + 1 + behind.size
        if before == "top" and len(behind.tables) == 1 and self.words[by : by + 1] and self.words[by].text == "by":
            return self._first_by(int(word.number), by, behind.tables[0])
        following = self.words[self.place + 1] if self.place + 1 < len(self.words) else word
        first = following.stem in DEGREES or following.mark in ("TOP", "BOTTOM", "LATEST", "MOST", "LEAST")
        if not behind.tables and not first and before not in ("top", "first"):
            return False
        marks = {each.mark for each in self.words[self.place + 1 :]}
        if not marks & {"TOP", "BOTTOM", "LATEST", "MOST", "LEAST", "MAX", "MIN"} and not any(
            w.stem in DEGREES for w in self.words
        ):
            return False
        self.first = int(word.number)
        self.place += 1
        return True

    def _first_by(self, limit: int, by: int, entity: str) -> bool:
        """ "top 5 products by stock"."""
        found = link(self.lexicon, self.words, by + 1)
        measures = [each for each in found.columns if each.kind in ("number", "date") and not each.identifies]
        if not measures:
            return False
        self.query.orders.append(Order(Mention(measures, self._said(found.size, by + 1), entity), True))
        self.query.limit = limit
        self.explained |= {*range(by, by + 1 + found.size)}
        self.place += 1
        return True

    def _text(self, operator: Operator) -> bool:
        word = self.words[self.place]
        before = self.words[self.place - 1].text.lower() if self.place else ""
        if self.last is None and self.focus and (self.ended == self.place or before in NAMED):
            label = self.lexicon.tables[self.focus].label
            self.last = Mention([label], label.name) if label else None
        if self.last is None:
            return False
        self._condition(self.last, operator, [word.text])
        self.place += 1
        return True

    def _pattern(self, mark: str) -> bool:
        after = self.place + 1
        while (
            after < len(self.words)
            and not self.words[after].mark
            and self.words[after].text
            in (
                "the",
                "a",
                "letter",
                "word",
                "string",
                "substring",
            )
        ):
            after += 1
        if after >= len(self.words) or self.words[after].mark == "NUMBER":
            return False
        behind = self._column_behind(after + 1) if self.last is None else None
        self.last = self.last or (behind and behind[0]) or self._text_asked(self.words[after])
        if self.last is None:
            return False
        if self.words[after].mark and self.words[after].mark != "TEXT":
            return False
        said = self.words[after].mark == "TEXT" or self.words[self.place].text.endswith("letter")
        if mark == "CONTAINS" and after == self.place + 1 and not said:
            return False
        text = self.words[after].text
        pattern = {"STARTS": f"{text}%", "ENDS": f"%{text}", "CONTAINS": f"%{text}%"}[mark]
        self._condition(self.last, "like", [pattern])
        self.place = behind[1] if behind else after + 1
        return True

    def _column_behind(self, place: int) -> tuple[Mention, int] | None:
        """ "have an 'a' in their title": the text that a part is looked for in, and where its name ends."""
        stems = [each.stem for each in self.words[place : place + 2]]
        if (
            len(stems) < 2
            or stems[0] not in ("in", "of")
            or stems[1] not in ("it", "its", "their", "the", "his", "her")
        ):
            return None
        found = link(self.lexicon, self.words, place + 2)
        texts = [each for each in found.columns if each.kind == "text"]
        return (Mention(texts, self._said(found.size, place + 2)), place + 2 + found.size) if texts else None

    def _text_asked(self, word: Token) -> Mention | None:
        """ "the titles that contain 'sea'": the text that is asked for is what a quoted part is looked for in."""
        asked = [item.mention for item in self.query.items[-1:] if item.mention and not item.aggregate]
        if word.mark != "TEXT" or not asked or not all(each.kind == "text" for each in asked[0].columns):
            return None
        return Mention(list(asked[0].columns), asked[0].text, asked[0].near)

    def _apart(self) -> bool:
        """ "a greater weight than 10": the column stands inside the comparison."""
        found = link(self.lexicon, self.words, self.place + 1)
        behind = self.place + 1 + found.size
        if not found.columns or behind >= len(self.words) or self.words[behind].stem != "than":
            return False
        self.last = Mention(found.columns, "", self.query.entity)
        more = self.words[self.place].stem in ("greater", "higher", "larger", "more", "bigger")
        begin, self.place = self.place, behind
        if self._compare(">" if more else "<"):
            return True
        self.place = begin
        return False

    def _aged(self) -> bool:
        """ "3 years old", "how old"."""
        mention = self._of_words(("age",))
        before = [each.stem for each in self.words[max(0, self.place - 2) : self.place]]
        if mention is None:
            return False
        if before[-1:] == ["how"]:
            self.query.items.append(Item(mention))
            self.place += 1
            return True
        return False

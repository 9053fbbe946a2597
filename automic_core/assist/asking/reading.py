"""From the words of a question to what is asked: each word is explained, or there is no answer."""

from __future__ import annotations

from collections.abc import Sequence

from automic_core.assist.asking.lexicon import Column, Lexicon, same
from automic_core.assist.asking.linking import Linked, link
from automic_core.assist.asking.query import Aggregate, Condition, Item, Mention, Operator, Order, Query, Related
from automic_core.assist.asking.words import RELATIVE, SILENT, VERBS, Token, tokens

_NAMED = ("named", "called", "titled", "name", "title")
_SORTING = frozenset("sort sorted order ordered listed result results them".split())
_COMPARE: dict[str, Operator] = {"GT": ">", "GE": ">=", "LT": "<", "LE": "<="}
_AGGREGATES: dict[str, Aggregate] = {"AVG": "avg", "MIN": "min", "MAX": "max", "SUM": "sum"}
_LINKING = frozenset("is are was were of equal to be both either".split())
_MORE = frozenset("greater higher larger bigger more less lower smaller fewer".split())
# Comparative and superlative, the columns they speak of, and whether more of the column is meant.
_DEGREES: dict[str, tuple[tuple[str, ...], bool]] = {}
for _words, _columns, _more in (
    ("older oldest elder eldest", ("age",), True),
    ("younger youngest", ("age",), False),
    ("heavier heaviest", ("weight",), True),
    ("lighter lightest", ("weight",), False),
    ("taller tallest", ("height",), True),
    ("shorter shortest", ("height", "length", "duration"), False),
    ("longer longest", ("length", "duration"), True),
    ("larger bigger", ("area", "size", "population", "capacity"), True),
    ("smaller", ("area", "size", "population", "capacity"), False),
    ("costlier expensive costliest", ("price", "cost"), True),
    ("cheaper cheapest", ("price", "cost"), False),
    ("newest latest", ("date", "year", "time"), True),
    ("earliest", ("date", "year", "time"), False),
    ("richer richest", ("salary", "income", "wealth"), True),
    ("faster fastest", ("speed", "horsepower"), True),
    ("slower slowest", ("speed", "horsepower"), False),
):
    for _word in _words.split():
        _DEGREES[_word] = (_columns, _more)


def read(question: str, lexicon: Lexicon) -> Query:
    """Read a question; ``Query.unexplained`` names the words that were not understood."""
    return _Reader(lexicon, tokens(question)).read()


class _Reader:
    def __init__(self, lexicon: Lexicon, words: Sequence[Token]) -> None:
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

    def read(self) -> Query:
        while self.place < len(self.words):
            begin = self.place
            if self._step():
                if self.words[begin].mark in ("EACH", "ORDER", "MOST", "LEAST", "TOP", "BOTTOM"):
                    self.ended = self.place
            else:
                self.query.unexplained.append(self.words[self.place].text)
                self.place += 1
        if self.aggregates or self.counting:
            self.query.unexplained.append("what to compute")
        if self.negated:
            self.query.unexplained.append("what is not there")
        asks = self.words[0].text.lower() if self.words else ""
        if asks in ("where", "when", "why", "how") and not self.query.items:
            self.query.unexplained.append(self.words[0].text)
        if self.first is not None:
            self.query.unexplained.append(f"{self.first}")
        return self.query

    # One step forward; False if the word was not understood.
    def _step(self) -> bool:
        word = self.words[self.place]
        mark = word.mark
        if mark in _COMPARE:
            return self._compare(_COMPARE[mark])
        if mark == "BETWEEN":
            return self._between()
        if mark in ("TOP", "BOTTOM") and self._extreme(mark == "TOP"):
            return True
        if mark in ("MOST", "LEAST"):
            return self._most(mark == "MOST")
        if word.text.lower() in _SORTING and self._silent(word):
            self.place += 1
            return True
        found = link(self.lexicon, self.words, self.place)
        if mark in ("MAX", "MIN") and found.size < 2 and self.related and self._extreme(mark == "MAX"):
            return True
        if mark == "SUM" and found.size < 2 and word.text == "total" and self.place and self._before("in") and not self.aggregates:
            self.place += 1  # "how many are there in total"
            return True
        if mark in _AGGREGATES and found.size < 2:
            if self.place and self.words[self.place - 1].mark in _AGGREGATES:
                return False  # the average of sums
            self.aggregates.append(_AGGREGATES[mark])
            self.place += 1
            return True
        if found and not (self.counting and not found.tables and self._number_column()):
            return self._linked(found)
        if self.counting and self._number_column():
            return True
        if mark == "COUNT":
            twice = self.counting and self.place > 0 and self.words[self.place - 1].mark == "COUNT"
            if self.aggregates or (self.counting and not twice) or self.place == self.ended:
                return False
            self.counting = True
        elif mark == "DISTINCT":
            self.query.distinct = True
        elif mark == "EACH":
            return self._each()
        elif mark == "ORDER":
            return self._order()
        elif mark in ("ASC", "DESC", "ALPHABETICAL"):
            return self._direction(mark)
        elif mark == "WITHOUT" or word.stem in ("not", "never"):
            self.negated = self.related = True
        elif mark == "NUMBER":
            return self._how_many_first() or self._number()
        elif mark == "TEXT":
            return self._text("=")
        elif mark in ("STARTS", "ENDS", "CONTAINS"):
            return self._pattern(mark)
        elif word.stem in _DEGREES:
            return self._degree(word)
        elif word.stem in RELATIVE:
            self.related = self.related or bool(self.query.items or self.query.entity)
        elif word.stem in _MORE and self._apart():
            return True
        elif word.text.lower() == "old" and self._aged():
            return True
        elif self._verb():
            pass
        elif word.stem == "both":
            self.both = True
        elif word.stem == "or":
            self.query.either = True
        elif not self._silent(word):
            return False
        self.place += 1
        return True

    def _before(self, text: str) -> bool:
        return self.place > 0 and self.words[self.place - 1].text.lower() == text

    def _silent(self, word: Token) -> bool:
        text = word.text.lower()
        if self.place and word.text.isupper() and text in ("us", "it", "in", "a", "i"):
            return False  # a country, a department, a state, a grade
        if text == "state":
            return self.place == 0
        if text in _SORTING:
            following = self.words[self.place + 1 : self.place + 4]
            return any(each.mark in ("ORDER", "ASC", "DESC", "ALPHABETICAL") for each in following)
        return word.stem in SILENT or text in SILENT or word.stem == "and"

    def _verb(self) -> bool:
        """A verb that only says how two tables belong together: "performed in", "owned by", "who teach"."""
        word = self.words[self.place]
        if word.mark or not (self.query.entity or self.query.items):
            return False
        text = word.text.lower()
        if text in VERBS or word.stem in VERBS:
            known = True
        else:
            behind = self.words[self.place + 1] if self.place + 1 < len(self.words) else word
            following = behind.text if behind.text in ("before", "after") else behind.stem
            known = text.endswith(("ed", "ing")) and following in ("before", "after", "in", "by", "at", "on", "to", "for", "with", "from")
        self.related = self.related or (known and text != "corresponding")
        return known

    def _apart(self) -> bool:
        """"a greater weight than 10": the column stands inside the comparison."""
        found = link(self.lexicon, self.words, self.place + 1)
        behind = self.place + 1 + found.size
        if not found.columns or behind >= len(self.words) or self.words[behind].stem != "than":
            return False
        self.last = Mention(found.columns, "", self.query.entity)
        more = self.words[self.place].stem in ("greater", "higher", "larger", "more", "bigger")
        self.place = behind
        return self._compare(">" if more else "<")

    def _aged(self) -> bool:
        """"3 years old", "how old"."""
        mention = self._of_words(("age",))
        before = [each.stem for each in self.words[max(0, self.place - 2) : self.place]]
        if mention is None:
            return False
        if before[-1:] == ["how"]:
            self.query.items.append(Item(mention))
            self.place += 1
            return True
        return False

    def _linked(self, found: Linked) -> bool:
        begin = self.place
        adjacent = begin == self.ended
        known = self._taken(found, adjacent)
        if known:
            self.ended = self.place
        return known

    def _taken(self, found: Linked, adjacent: bool) -> bool:
        following = self._after(found.size)
        if found.size == 1 and self.words[self.place].stem == "name" and self._named_column(self.place + 1):
            self.place += 1  # "the names of the sponsors" where a column holds the sponsors
            return True
        if found.columns and (not found.tables or self._operator_at(following) or self._column_rather(found)):
            mention = Mention(self._years_too(found), self._said(found.size), self._entity_near(following))
            owners = {column.table for column in mention.columns}
            if " of " in mention.text and len(owners) == 1:
                [mention.near] = owners  # "the name of the customers who …"
                self.focus = mention.near
                self.query.entity = self.query.entity or mention.near
            if self._is_condition(mention, following):
                self.last = mention
                self.related = True
                self.place += found.size
                return True
            if found.values and not self.aggregates and not self.counting and self.related:
                return self._value(found)
            if self.related and not self.aggregates and not self.counting and not self._listing():
                return False
            if adjacent and not (self.focus and any(column.table == self.focus for column in found.columns)):
                return False
            if adjacent and self.query.items and self.focus is None:
                return False
            self._ask(mention)
            self.place += found.size
            if self._at("name") and all(column.kind == "text" for column in mention.columns):
                self.place += 1  # "director names"
            return True
        if found.tables:
            return self._table(found)
        return self._value(found)

    def _ask(self, mention: Mention) -> None:
        """A column that is asked for, or counted, or aggregated."""
        query = self.query
        self._compound(mention)
        if self.counting:
            if any(column.kind == "number" and not column.identifies for column in mention.columns) and not query.distinct:
                query.unexplained.append(mention.text)  # how many different numbers, or their sum
            query.items.append(Item(mention, "count", True))
            query.distinct, self.counting = False, False
            return
        if query.items and query.items[-1].mention and query.items[-1].aggregate == "count" and self._listing():
            query.unexplained.append(mention.text)  # "the number of majors and cities"
        if not self.aggregates and self._listing() and self.computed and all(c.kind == "number" for c in mention.columns):
            self.aggregates = [self.computed]  # "the average height and weight"
        for aggregate in self.aggregates:
            query.items.append(Item(mention, aggregate))
        if not self.aggregates:
            if any(item.aggregate for item in query.items) and not self._listing() and not query.groups and not query.group_tables:
                query.unexplained.append(mention.text)
            query.items.append(Item(mention))
        self.computed = self.aggregates[0] if len(self.aggregates) == 1 else None
        self.aggregates = []

    def _compound(self, mention: Mention) -> None:
        """"the name and the release year of the song": what the last one is of holds for those before it too."""
        words = mention.text.lower().split()
        if "of" not in words or len(mention.columns) != 1 or self.query.entity:
            return
        column = mention.columns[0]
        for item in self.query.items:
            if item.mention and item.mention.text.lower().find(" of ") < 0:
                fuller = {(column.words[0], *each.words) for each in item.mention.columns}
                table = self.lexicon.tables[column.table]
                found = [each for each in table.columns.values() if each.words in fuller]
                item.mention.columns = found or item.mention.columns

    def _named_column(self, place: int) -> bool:
        if place >= len(self.words) or self.words[place].text.lower() != "of":
            return False
        place += 1
        while place < len(self.words) and self.words[place].text.lower() in ("the", "all", "their", "any"):
            place += 1
        found = link(self.lexicon, self.words, place)
        return bool(found.columns) and not found.tables and all(column.kind == "text" for column in found.columns)

    def _years_too(self, found: Linked) -> list[Column]:
        """"opened in year 2005" may be any column of years."""
        if found.size == 1 and self.words[self.place].stem in ("year", "date"):
            word = self.words[self.place].stem
            return list(dict.fromkeys([*found.columns, *(each for each in self.lexicon.columns() if _ends(each, word))]))
        return found.columns

    def _column_rather(self, found: Linked) -> bool:
        """Whether words that name a table and a column stand in a list of columns: "the grapes and prices of wines"."""
        if self.counting or self.related:
            return False
        behind = self.place + found.size
        if behind < len(self.words) and self.words[behind].text.lower() in ("and", ","):
            return bool(link(self.lexicon, self.words, behind + 1).columns)
        return any(column.table in found.tables and not column.identifies for column in found.columns) and not self.query.items

    def _at(self, stem: str) -> bool:
        return self.place < len(self.words) and self.words[self.place].stem == stem

    def _listing(self) -> bool:
        """Whether a list of columns goes on: before here stands "and" or a comma after a column."""
        place = self.place - 1
        while place > 0 and self.words[place].text.lower() in ("the", "their", "its", "also", "all") or (
            place > 0 and self.words[place].mark in (*_AGGREGATES, "COUNT", "DISTINCT")
        ):
            place -= 1
        return place > 0 and self.words[place].text.lower() in ("and", ",") and not self.query.conditions

    def _table(self, found: Linked) -> bool:
        query, name = self.query, found.tables[0]
        if len(found.tables) > 1:
            return False
        if self.counting:
            if self._counted_elsewhere(name):
                return False
            query.items.append(Item(None, "count", query.distinct, name))
            query.distinct, self.counting = False, False
            query.entity = query.entity or name
        elif self.negated and name == query.entity:
            pass  # "except for stadiums that …"
        elif self.negated:
            query.related.append(Related(name, True))
            self.negated = False
        elif self.aggregates:
            return False
        elif query.related and query.related[-1].negated and query.entity != name and not self._behind_and():
            pass  # "no devices in stock"
        elif query.entity == name and self.related and self._behind_and():
            return False  # "a branch that … and a branch that …": two rows
        elif query.items and not self.related and query.entity not in (None, name) and self._behind_and():
            label = self.lexicon.tables[name].label
            if label is None:
                return False
            query.items.append(Item(Mention([label], label.name)))
        elif self.related and query.entity not in (None, name):
            query.related.append(Related(name))
        query.entity = query.entity or name
        query.named.append(name)
        self.focus = name
        self.place += found.size
        return True

    def _behind_and(self) -> bool:
        place = self.place - 1
        while place > 0 and self.words[place].text.lower() in ("the", "their", "its", "a", "an", "all", "corresponding"):
            place -= 1
        return place > 0 and self.words[place].text.lower() in ("and", ",")

    def _number_column(self) -> bool:
        """"the number of products" where a column holds it: ``number_products``."""
        found, size = self._numbers_of(self.place)
        if not found:
            return False
        self.counting = False
        mention = Mention(found, self._said(size), self._entity_near(self.place + size))
        self.place += size
        if self._operator_at(self._after(0)):
            self.last, self.related = mention, True
        else:
            self._ask(mention)
        return True

    def _numbers_of(self, place: int) -> tuple[list[Column], int]:
        for size in range(min(3, len(self.words) - place), 0, -1):
            stems = tuple(each.stem for each in self.words[place : place + size])
            found = [
                column
                for column in self.lexicon.columns()
                if column.kind == "number" and column.words[0] in ("number", "num", "total", "count")
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
            column.kind == "number" and column.words[0] in counts and not column.unique
            and tuple(word for word in column.words if word not in counts) == own
            for column in self.lexicon.columns()
        )

    def _value(self, found: Linked) -> bool:
        """A value that stands for itself: "from France", "dog"."""
        if not found.values:
            return False
        columns = list(dict.fromkeys(column for column, _ in found.values))
        behind = link(self.lexicon, self.words, self.place + found.size)
        size = found.size
        named = [column for column in columns if column in behind.columns or column.table in behind.tables]
        if named and self.last is None:  # "fall election cycle", "male dorm"
            columns = named
            if not any(column.table in behind.tables for column in named):
                size += behind.size
        if self.last is not None:
            shared = [column for column in columns if column in self.last.columns]
            if not shared:
                return False
            columns = shared
        texts = list(dict.fromkeys(text for column, text in found.values if column in columns))
        mention = Mention(columns, self._said(found.size), value=True)
        self._condition(mention, "=", texts if len(texts) > 1 else texts[:1])
        if len({column.table for column in columns}) == 1:
            self.focus = columns[0].table
        self.place += size
        return True

    def _condition(self, mention: Mention, operator: Operator, values: list[object]) -> None:
        if mention.near is None or mention is not self.last:
            mention.near = self.focus
        made = Condition(mention, "in" if operator == "=" and len(values) > 1 else operator, values, self.negated)
        self.query.conditions.append(made)
        self.query.both = self.query.both or self.both
        self.last, self.negated = None, False

    def _is_condition(self, mention: Mention, place: int) -> bool:
        """Whether what follows compares this column with something."""
        if self._operator_at(place):
            return True
        if place < len(self.words):
            word = self.words[place]
            if word.mark in ("NUMBER", "TEXT"):
                return word.mark == "NUMBER" or " of " not in mention.text
            near = link(self.lexicon, self.words, place)
            return any(column in mention.columns for column, _ in near.values)
        return False

    def _operator_at(self, place: int) -> bool:
        if place >= len(self.words):
            return False
        word = self.words[place]
        if word.stem in _DEGREES:
            return place + 1 < len(self.words) and self.words[place + 1].stem == "than"
        if word.stem == "not" and place > self.place:
            behind = self.words[place + 1] if place + 1 < len(self.words) else None
            return behind is not None and (behind.mark in ("TEXT", "NUMBER", *_COMPARE) or bool(link(self.lexicon, self.words, place + 1).values))
        return word.mark in _COMPARE or word.mark in ("BETWEEN", "STARTS", "ENDS", "CONTAINS")

    def _after(self, size: int) -> int:
        """The next place that is not silent."""
        place = self.place + size
        while place < len(self.words) and self.words[place].stem in _LINKING:
            if self.words[place].text.lower() == "of" and link(self.lexicon, self.words, place + 1).tables:
                break
            place += 1
        return place

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

    def _said(self, size: int) -> str:
        return " ".join(each.text for each in self.words[self.place : self.place + size])

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
            return not self._at("of") or all(each.mark or each.stem in ("all", "average") for each in rest) or len(rest) <= 1
        if word.mark != "NUMBER" or word.number is None:
            return False
        behind = link(self.lexicon, self.words, after + 1)
        if self.last is None and behind.tables and len(behind.tables) == 1:
            self.query.related.append(Related(behind.tables[0], False, [], operator, word.number))
            self.query.named.append(behind.tables[0])
            self.place = after + 1 + behind.size
            return True
        mention = self.last or (self._years() if 1000 < word.number < 2200 else None)
        if mention is None and behind.columns:
            mention, after = Mention(behind.columns, ""), after + behind.size
        if mention is None and any(self.words[n].stem == "age" for n in range(self.place, after)):
            mention = self._of_words(("age",))
        if mention is None:
            return False
        self._condition(mention, operator, [_plain(word.number)])
        self.place = after + 1
        return True

    def _between(self) -> bool:
        numbers = [n for n in range(self.place + 1, min(self.place + 5, len(self.words))) if self.words[n].mark == "NUMBER"]
        if len(numbers) != 2:
            return False
        low, high = (self.words[n].number for n in numbers)
        mention = self.last or self._years()
        if mention is None or low is None or high is None:
            return False
        self._condition(mention, "between", [_plain(low), _plain(high)])
        self.place = numbers[1] + 1
        return True

    def _number(self) -> bool:
        word = self.words[self.place]
        if word.number is None:
            return False
        mention = self.last or (self._years() if 1000 < word.number < 2200 else None)
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
        if mention is None:
            behind = link(self.lexicon, self.words, self.place + 1)
            numbers = [each for each in behind.columns if each.kind == "number" and not each.identifies]
            if not numbers or not self.related:
                return False
            self._condition(Mention(numbers, ""), "=", [_plain(word.number)])
            self.place += 1 + behind.size
            return True
        operator: Operator = {"ORMORE": ">=", "ORLESS": "<="}.get(following, "=")  # type: ignore[assignment]
        self._condition(mention, operator, [_plain(word.number)])
        self.place += 1 + (operator != "=")
        if self.place + 1 < len(self.words) and self.words[self.place].stem in ("or", "and"):
            behind = self.words[self.place + 1]
            if behind.mark == "NUMBER" and behind.number is not None and operator == "=":
                self.query.both = self.both or self.words[self.place].stem == "and"
                self.query.either = self.query.either or self.words[self.place].stem == "or"
                self._condition(mention, "=", [_plain(behind.number)])
                self.place += 2
        return True

    def _how_many_first(self) -> bool:
        """"the 3 mountains with the highest …", "the top 5 …"."""
        word = self.words[self.place]
        if word.number is None or not word.number.is_integer() or not 0 < word.number <= 100 or self.last is not None:
            return False
        before = self.words[self.place - 1].text.lower() if self.place else ""
        if not link(self.lexicon, self.words, self.place + 1).tables and before not in ("top", "first"):
            return False
        marks = {each.mark for each in self.words[self.place + 1 :]}
        if not marks & {"TOP", "BOTTOM", "MOST", "LEAST", "MAX", "MIN"} and not any(w.stem in _DEGREES for w in self.words):
            return False
        self.first = int(word.number)
        self.place += 1
        return True

    def _limit(self) -> int:
        found, self.first = self.first or 1, None
        return found

    def _text(self, operator: Operator) -> bool:
        word = self.words[self.place]
        before = self.words[self.place - 1].text.lower() if self.place else ""
        if self.last is None and self.focus and (self.ended == self.place or before in _NAMED):
            label = self.lexicon.tables[self.focus].label
            self.last = Mention([label], label.name) if label else None
        if self.last is None:
            return False
        self._condition(self.last, operator, [word.text])
        self.place += 1
        return True

    def _pattern(self, mark: str) -> bool:
        after = self.place + 1
        while after < len(self.words) and self.words[after].stem in ("the", "letter", "word", "string", "substring", "a"):
            after += 1
        if after >= len(self.words) or self.last is None or self.words[after].mark == "NUMBER":
            return False
        if self.words[after].mark and self.words[after].mark != "TEXT":
            return False
        if mark == "CONTAINS" and after == self.place + 1 and self.words[after].mark != "TEXT":
            return False
        text = self.words[after].text
        pattern = {"STARTS": f"{text}%", "ENDS": f"%{text}", "CONTAINS": f"%{text}%"}[mark]
        self._condition(self.last, "like", [pattern])
        self.place = after + 1
        return True

    def _degree(self, word: Token) -> bool:
        """"older than 20", "the oldest": a column that is meant but not named."""
        columns, more = _DEGREES[word.stem]
        behind = self.words[self.place + 1] if self.place + 1 < len(self.words) else None
        ahead = link(self.lexicon, self.words, self.place + 1).tables
        mention = self._of_words(columns, ahead[0] if len(ahead) == 1 else None)
        if mention is None:
            return False
        if behind is not None and behind.stem == "than":
            self.place += 1
            self.last = mention
            return self._compare(">" if more else "<")
        self.query.orders.append(Order(mention, more))
        self.query.limit = self._limit()
        self.place += 1
        return True

    def _extreme(self, top: bool) -> bool:
        """"the highest capacity": the most of a column."""
        if link(self.lexicon, self.words, self.place).size > 1:
            return False
        if self.place + 1 < len(self.words) and self.words[self.place + 1].mark == "COUNT":
            return self._most(top)
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
        said = [each.stem for each in self.words[self.place + 1 : self.place + 1 + found.size]]
        if not columns or ("amount" in said and ("of" in said or self._of_table(self.place + 1 + found.size))):
            return False  # the highest of the amounts, or of their sums
        mention = Mention(columns, "", self._entity_near(self.place + 1 + found.size))
        if self.query.items or self.query.entity or self.related:
            self.query.orders.append(Order(mention, top))
            self.query.limit = self._limit()
        else:
            self.query.items.append(Item(mention, "max" if top else "min"))
        self.place += 1 + found.size
        return True

    def _of_table(self, place: int) -> bool:
        return place + 1 < len(self.words) and self.words[place].stem == "of" and bool(link(self.lexicon, self.words, place + 1).tables)

    def _most(self, most: bool) -> bool:
        place = self.place + 1
        if place < len(self.words) and self.words[place].mark == "COUNT":
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
        """"the most common type of pets": the value that most rows have."""
        if place >= len(self.words) or self.words[place].stem not in ("common", "frequent", "popular"):
            return False
        found = link(self.lexicon, self.words, place + 1)
        behind = place + 1 + found.size
        if not found.columns or self.query.items or self.related:
            return False
        near = self._entity_near(behind)
        tables = {near} if near else {column.table for column in found.columns}
        if len(tables) != 1:
            return False
        [table] = tables
        self.query.items.append(Item(Mention(found.columns, "", table)))
        self.query.orders.append(Order(None, most, table))
        self.query.entity, self.query.limit = table, self._limit()
        self.place = behind
        return True

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
            self.query.groups.append(Mention(found.columns, "", near))
        else:
            return False
        self.place += 1 + found.size
        return True

    def _order(self) -> bool:
        place = self.place + 1
        descending = None
        while place < len(self.words) and (self.words[place].mark in ("ASC", "DESC") or self.words[place].stem in ("the", "their", "its", "of")):
            if self.words[place].mark:
                descending = self.words[place].mark == "DESC"
            place += 1
        if place < len(self.words) and self.words[place].mark == "COUNT":
            found = link(self.lexicon, self.words, place + 1)
            if len(found.tables) != 1:
                return False
            self.query.orders.append(Order(None, bool(descending), found.tables[0]))
            self.place = place + 1 + found.size
            return True
        found = link(self.lexicon, self.words, place)
        if not found.columns:
            return False
        self.query.orders.append(Order(Mention(found.columns, "", self._entity_near(place + found.size)), bool(descending)))
        self.place = place + found.size
        return self._from_to()

    def _from_to(self) -> bool:
        """"from the oldest to the youngest" behind the column."""
        stems = [each.stem for each in self.words[self.place : self.place + 6]]
        if stems[:1] == ["from"] and "to" in stems:
            degrees = [_DEGREES[each] for each in stems if each in _DEGREES]
            marks = [each.mark for each in self.words[self.place : self.place + 6]]
            if degrees:
                self.query.orders[-1].descending = degrees[0][1]
                self.place += max(n for n, each in enumerate(stems) if each in _DEGREES) + 1
            elif "TOP" in marks and "BOTTOM" in marks:
                self.query.orders[-1].descending = marks.index("TOP") < marks.index("BOTTOM")
                self.place += max(marks.index("TOP"), marks.index("BOTTOM")) + 1
        return True

    def _direction(self, mark: str) -> bool:
        if mark == "ALPHABETICAL" and not self.query.orders:
            texts = [item.mention for item in self.query.items if item.mention and item.mention.columns[0].kind == "text"]
            if len(texts) != 1:
                return False
            self.query.orders.append(Order(texts[0], False))
        elif not self.query.orders:
            return False
        else:
            self.query.orders[-1].descending = mark == "DESC"
        self.place += 1
        return True

    def _years(self) -> Mention | None:
        """The column a year is of: the only one that holds years."""
        return self._of_words(("year",))

    def _of_words(self, names: Sequence[str], ahead: str | None = None) -> Mention | None:
        """The columns that end in one of these words; those of the table that is asked about first."""
        found = [(name, [column for column in self.lexicon.columns() if _ends(column, name)]) for name in names]
        for near in (ahead, self.focus, self.query.entity):
            for name, columns in found:
                own = [column for column in columns if column.table == near]
                if own:
                    return Mention(own, name)
        return next((Mention(columns, name) for name, columns in found if columns), None)


def _ends(column: Column, word: str) -> bool:
    """Whether a column is named after a word; a unit may stand behind it: ``height_feet``."""
    return any(same(each, word) for each in column.words[-2:]) and column.kind in ("number", "date", "text")


def _plain(number: float) -> int | float:
    return int(number) if number.is_integer() else number

"""Names in a question: columns that are asked for or compared, tables, and values that stand for themselves."""

from __future__ import annotations

from automic_core.assist.asking.cursor import ends
from automic_core.assist.asking.linking import Linked, link
from automic_core.assist.asking.query import Item, Mention, Order, Related
from automic_core.assist.asking.tables import Column
from automic_core.assist.asking.timing import Timing
from automic_core.assist.asking.words import stem


class Naming(Timing):
    """Reads words that name something in the lake."""

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
        if found.columns and (
            not found.tables or self._compared(found.columns, following) or self._column_rather(found)
        ):
            mention = Mention(self._years_too(found), self._said(found.size), self._entity_near(following))
            owners = {column.table for column in mention.columns}
            if " of " in mention.text and len(owners) == 1:
                [mention.near] = owners  # "the name of the customers who …"
                self.focus = mention.near
                self.query.entity = self.query.entity or mention.near
            if self._is_condition(mention, following):
                if self._before("whose"):
                    mention.near = self.focus or self.query.entity
                    self._name_of_item(mention)
                self.last = mention
                self.related = True
                self.place += found.size
                return True
            if found.values and not self.aggregates and not self.counting and self.related:
                return self._value(found)
            if self.related and not self.aggregates and not self.counting and not self._listing():
                return self.negated and self._lacking(mention, found.size)
            if adjacent and not (self.focus and any(column.table == self.focus for column in found.columns)):
                return False
            if adjacent and self.query.items and self.focus is None:
                return False
            whose = self._whose()
            if whose and self._label(mention):
                self.query.entity, self.focus = mention.columns[0].table, mention.columns[0].table
                self.query.named.append(self.focus)
                self.place += found.size
                return True
            if whose:
                return False
            if self.sorted >= 0 and not self.counting and not self.aggregates:
                return self._sorted_too(mention, found.size)
            self._ask(mention)
            self.place += found.size
            self._passed_kind(mention)
            return True
        if found.tables:
            return self._table(found)
        return self._value(found)

    def _passed_kind(self, mention: Mention) -> None:
        """ "director names", "founded year": a word that only says what kind of thing a column holds."""
        kinds = {"text": ("name", "type"), "number": ("year",), "date": ("year", "date")}
        said = self.place < len(self.words) and not self.words[self.place].mark
        if said and all(self.words[self.place].stem in kinds.get(each.kind, ()) for each in mention.columns):
            self.place += 1

    def _amount_of(self, name: str) -> bool:
        """Whether "the amount of" rows may be the amounts that they hold."""
        said = "amount" in self.words[self.place - 1].text.split() if self.place else False
        return said and any("amount" in each.words for each in self.lexicon.tables[name].columns.values())

    def _label(self, mention: Mention) -> bool:
        """Whether a column is what the rows of its table are called by."""
        [column, *others] = mention.columns
        return not others and column.unique and column == self.lexicon.tables[column.table].label

    def _whose(self) -> bool:
        """Whether a column says only whose the others are: "the founding year of the school" where schools are rows."""
        place = self.place - 1
        while place > 0 and self.words[place].text.lower() in ("the", "all", "each"):
            place -= 1
        said = place > 0 and self.words[place].text.lower() in ("of", "for")
        return said and bool(self.query.items) and not (self.counting or self.aggregates or self.query.entity)

    def _name_of_item(self, mention: Mention) -> None:
        """ "the publishers whose name contains …": where a column holds them, they are their own names."""
        items = [each.mention for each in self.query.items if each.mention and not each.aggregate]
        if mention.near is None and items and mention.text.lower() in ("name", "names"):
            texts = [each for each in items[-1].columns if each.kind == "text"]
            mention.columns = texts or mention.columns

    def _sorted_too(self, mention: Mention, size: int) -> bool:
        """ "ordered by year and title": what follows the first column sorts as well, and is not shown."""
        between = [each.text.lower() for each in self.words[self.sorted : self.place]]
        if not self.query.items or self.query.limit or not {"and", ","} & {*between} or len(between) > 3:
            return not self.query.items and self._asked(mention, size)
        self.query.orders.append(Order(mention, self.query.orders[-1].descending))
        self.place += size
        self.sorted = self.place
        return True

    def _asked(self, mention: Mention, size: int) -> bool:
        self._ask(mention)
        self.place += size
        return True

    def _table_shown(self) -> None:
        """ "the players and their ages": what was named before "and" is shown too."""
        query = self.query
        between = [each.text.lower() for each in self.words[self.ended : self.place]]
        plain = not (self.related or query.items or query.conditions or query.groups or query.group_tables)
        if query.entity and plain and not query.orders and "and" in between and self.focus == query.entity:
            label = self.lexicon.tables[query.entity].label
            if label is None:
                query.unexplained.append(f"what of {query.entity} to show")
            else:
                query.items.append(Item(Mention([label], label.name)))

    def _ask(self, mention: Mention) -> None:
        """A column that is asked for, or counted, or aggregated."""
        query = self.query
        if not self.counting and not self.aggregates:
            self._table_shown()
        self._compound(mention)
        if self.counting:
            said = {stem(word) for word in mention.text.split()}
            if all(c.words[-1:] == ("name",) and not c.unique for c in mention.columns) and not {"name"} & said:
                query.unexplained.append(mention.text)  # the rows, or their names
            if (
                any(column.kind == "number" and not column.identifies for column in mention.columns)
                and not query.distinct
            ):
                query.unexplained.append(mention.text)  # how many different numbers, or their sum
            query.items.append(Item(mention, "count", True))
            query.distinct, self.counting = False, False
            return
        if query.items and query.items[-1].mention and query.items[-1].aggregate == "count" and self._listing():
            query.unexplained.append(mention.text)  # "the number of majors and cities"
        if (
            not self.aggregates
            and self._listing()
            and self.computed
            and all(c.kind == "number" and not c.identifies for c in mention.columns)
        ):
            self.aggregates = [self.computed]  # "the average height and weight"
        for aggregate in self.aggregates:
            query.items.append(Item(mention, aggregate))
        if not self.aggregates:
            if (
                any(item.aggregate for item in query.items)
                and not self._listing()
                and not query.groups
                and not query.group_tables
            ):
                query.unexplained.append(mention.text)
            query.items.append(Item(mention))
        self.computed = self.aggregates[0] if len(self.aggregates) == 1 else None
        self.aggregates = []

    def _compound(self, mention: Mention) -> None:
        """ "the name and the release year of the song": what the last one is of holds for those before it too."""
        words = mention.text.lower().split()
        if "of" not in words or len(mention.columns) != 1 or self.query.entity not in (None, mention.near):
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
        """ "opened in year 2005" may be any column of years."""
        if found.size == 1 and self.words[self.place].stem in ("year", "date"):
            word = self.words[self.place].stem
            return list(dict.fromkeys([*found.columns, *(each for each in self.lexicon.columns() if ends(each, word))]))
        return found.columns

    def _column_rather(self, found: Linked) -> bool:
        """Whether words that name a table and a column stand in a list of columns: "the grapes and prices of wines"."""
        if self.counting or self.related:
            return False
        if self.query.items and self._listing() and self.query.entity is None:
            points = {(join.left, join.right.table) for join in self.lexicon.joins}
            return any((column, name) in points for column in found.columns for name in found.tables)
        behind = self.place + found.size
        if behind < len(self.words) and self.words[behind].text.lower() in ("and", ","):
            return bool(link(self.lexicon, self.words, behind + 1).columns)
        return (
            any(column.table in found.tables and not column.identifies for column in found.columns)
            and not self.query.items
        )

    def _table(self, found: Linked) -> bool:
        query, name = self.query, found.tables[0]
        if len(found.tables) > 1:
            return False
        if self.counting:
            measured = any(c.table == name and c.kind == "number" and not c.identifies for c in found.columns)
            behind = link(self.lexicon, self.words, self.place + found.size)
            if behind.tables and behind.tables[0] != name and not behind.columns:
                return False  # "how many movie ratings"
            if measured or self._amount_of(name) or self._counted_elsewhere(name):
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
        elif query.items and query.entity is None and not self.related and self._behind_and():
            return False  # "the names and players of clubs"
        elif self._denied(name):
            pass  # "no devices in stock"
        elif query.entity == name and self._behind_and():
            return False  # "a branch that … and a branch that …": two rows; "allergies and their types": a column
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

    def _number_column(self, place: int) -> bool:
        """ "the number of products" where a column holds it: ``number_products``."""
        found, size = self._numbers_of(place)
        if not found:
            return False
        self.place = place
        self.counting = False
        if self._before("the total number of") or self._before("total number of"):
            self.aggregates = self.aggregates or ["sum"]
        mention = Mention(found, self._said(size), self._entity_near(self.place + size))
        self.place += size
        if self._operator_at(self._after(0)):
            self.last, self.related = mention, True
        else:
            self._ask(mention)
        return True

    def _value(self, found: Linked) -> bool:
        """A value that stands for itself: "from France", "dog"."""
        if not found.values:
            return False
        columns = list(dict.fromkeys(column for column, _ in found.values))
        behind = link(self.lexicon, self.words, self.place + found.size)
        size = found.size
        named = [column for column in columns if column in behind.columns or column.table in behind.tables]
        owners = {column.table for column in columns}
        if self.counting and self.last is None and not behind and len(owners) == 1:
            [table] = owners  # "how many professors": rows that are such
            self.query.items.append(Item(None, "count", self.query.distinct, table))
            self.query.distinct, self.counting = False, False
            self.query.entity = self.query.entity or table
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

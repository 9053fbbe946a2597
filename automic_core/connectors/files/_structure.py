"""Where records end in a block of well-formed text: whole-array arithmetic on quotes and line ends."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from automic_core.connectors.files._grammar import Grammar

_LF, _CR = 10, 13
Positions: TypeAlias = npt.NDArray[np.int64]
View: TypeAlias = npt.NDArray[np.uint8]


class Structure:
    """The quotes of ``data[start:stop]``, which must begin with a record.

    In RFC 4180 text every first quote of a pair follows a delimiter, a line end or the quote that it doubles, and every
    second one comes before such. As long as that holds, the number of quotes before a line end tells whether it ends a
    record (even) or lies inside a field (odd).
    """

    def __init__(self, grammar: Grammar, data: bytes, start: int = 0, stop: int | None = None) -> None:
        self.grammar = grammar
        self.data = data
        self.start = start
        self.stop = len(data) if stop is None else stop
        self.view = np.frombuffer(data, np.uint8, self.stop)
        self.quotes = self._find(grammar.quote) if grammar.quote else np.empty(0, np.int64)
        if grammar.escape:
            self.quotes = self.quotes[~self._escaped(self.quotes)]

    def clean(self, *, final: bool) -> tuple[int, bool]:
        """The end of the last record up to which all is well formed, and whether something after it is not.

        Args:
            final: Whether the file ends where the data end.
        """
        wrong = self._first_violation(final)
        if wrong is not None:
            return self._record_end(wrong), True
        if final:
            return self.stop, False
        return self._record_end(self.stop), False

    def starts(self) -> Positions:
        """Where each record of well-formed data starts, and at last where the data end; empty lines are no records."""
        at = self._find(b"\n")
        if self.data.find(b"\r", self.start, self.stop) >= 0:
            carriage = self._find(b"\r")
            follows = self.view[np.minimum(carriage + 1, len(self.view) - 1)] == _LF
            at = np.union1d(at, carriage[~follows])
        at = at[np.searchsorted(self.quotes, at) % 2 == 0]
        begins = np.concatenate([[self.start], at + 1])
        begins = begins[begins < self.stop]
        first = self.view[begins]
        blank = (first == _LF) | (first == _CR)
        return np.concatenate([begins[~blank], [self.stop]])

    def _find(self, mark: bytes) -> Positions:
        return np.flatnonzero(self.view[self.start :] == mark[0]) + self.start

    def _escaped(self, at: Positions) -> npt.NDArray[np.bool_]:
        """Which positions follow an odd number of escape characters."""
        code, odd = self.grammar.escape[0], np.zeros(len(at), bool)
        still, back = np.arange(len(at)), 1
        while len(still):
            still = still[at[still] - back >= self.start]
            still = still[self.view[at[still] - back] == code]
            odd[still] ^= True
            back += 1
        return odd

    def _first_violation(self, final: bool) -> int | None:
        """The first byte at which the text stops being well formed, or None."""
        found: list[int] = []
        quotes, view, end = self.quotes, self.view, self.stop
        if len(quotes):
            doubled = np.zeros(len(quotes) + 1, bool)
            if self.grammar.doublequote:
                doubled[1:-1] = np.diff(quotes) == 1
            edges = np.zeros(256, bool)
            edges[[_LF, _CR, self.grammar.delimiter[0]]] = True
            before = np.where(quotes > self.start, edges[view[quotes - 1]], True)
            if self.grammar.escape:
                before &= ~self._escaped(quotes - 1)  # an escaped delimiter is text
            after = np.where(quotes + 1 < end, edges[view[np.minimum(quotes + 1, end - 1)]], True)
            right: npt.NDArray[Any] = np.where(
                np.arange(len(quotes)) % 2 == 0, before | doubled[:-1], after | doubled[1:]
            )
            if not right.all():
                first = int(np.argmin(right))
                found.append(int(quotes[first - first % 2]))
            if final and len(quotes) % 2:
                found.append(int(quotes[-1]))
        if self.grammar.escape and self.data.find(self.grammar.escape, self.start, self.stop) >= 0:
            found.extend(self._odd_escapes()[:1].tolist())
        return min(found, default=None)

    def _odd_escapes(self) -> Positions:
        """Escapes that Arrow's parser sees otherwise: before a line end, at the very end, or before plain text."""
        marks = self._find(self.grammar.escape)
        marks = marks[~self._escaped(marks)]
        plain = np.zeros(256, bool)
        plain[[mark[0] for mark in (self.grammar.quote, self.grammar.escape, self.grammar.delimiter) if mark]] = True
        last = self.stop - 1
        return marks[~np.where(marks < last, plain[self.view[np.minimum(marks + 1, last)]], False)]

    def _record_end(self, before: int) -> int:
        """One past the last line end before ``before`` that is outside quotes; ``start`` if there is none."""
        pair = int(np.searchsorted(self.quotes, before))
        pair -= pair % 2
        while True:
            low = int(self.quotes[pair - 1]) if pair else self.start
            high = min(int(self.quotes[pair]) if pair < len(self.quotes) else before, before)
            at = max(self.data.rfind(b"\n", low, high), self.data.rfind(b"\r", low, max(high - 1, low)))
            if at >= 0:
                # A CR LF is not cut in two: the CR of one is never later than its LF.
                return at + 1
            if not pair:
                return self.start
            pair -= 2

"""Which column each field of a ragged record belongs to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from automic_core.connectors.files import _cells

_WIDEST = 200
_MOST_APART = 8
_LOST = 0.5
# Fewer examples say little about a column, and a smaller gain is no reason to move a field.
_EXAMPLES = 10
_GAIN = 0.5
_MOSTLY, _UNUSUAL = 0.8, 0.1


class Aligner:
    """Knows which kinds of cells each column holds, from good records.

    Args:
        good: Fields of records; those of another number than ``width`` teach nothing.
        width: Number of columns.
    """

    def __init__(self, good: Sequence[Sequence[str]], width: int) -> None:
        self.width = width
        self._shares: list[dict[str, float]] = [{} for _ in range(width)]
        fitting = [fields for fields in good if len(fields) == width]
        if width <= _WIDEST and len(fitting) >= _EXAMPLES:
            for shares, column in zip(self._shares, zip(*fitting, strict=True), strict=False):
                kinds = Counter(map(_cells.kind, column))
                shares.update({kind: count / len(column) for kind, count in kinds.items()})

    @property
    def typed(self) -> list[int]:
        """The columns in which nearly all filled cells are numbers, times or addresses."""
        return [place for place, shares in enumerate(self._shares) if _typed(shares) > _MOSTLY]

    def strange(self, column: int, text: str) -> bool:
        """Whether cells of this kind are hardly ever seen in a column; False where nothing is known of it."""
        shares = self._shares[column]
        return bool(shares) and shares.get(_cells.kind(text), 0.0) < _UNUSUAL

    def fit(self, fields: Sequence[str | None]) -> float:
        """How well fields look at home in their columns: the sum of each one's share there."""
        return sum(
            shares.get(_cells.kind(field), 0.0)
            for shares, field in zip(self._shares, fields, strict=False)
            if field is not None
        )

    def place(self, fields: Sequence[str]) -> list[str | None]:
        """The fields in their columns, in order: the most fitting columns stay null, the least fitting fields stay out.

        The best common subsequence by ``fit`` (dynamic programming over fields and columns); where two are equal,
        fields stay as far left as they were. Records too wide, too far off or not clearly better keep their positions.
        """
        apart = len(fields) - self.width
        straight = [*fields[: self.width], *[None] * max(-apart, 0)]
        if apart == 0 or abs(apart) > _MOST_APART or not self._shares[0]:
            return straight
        moved = self._best(fields)
        return moved if self.fit(moved) >= self.fit(straight) + _GAIN else straight

    def _best(self, fields: Sequence[str]) -> list[str | None]:
        kinds = [_cells.kind(field) for field in fields]
        rows, columns = len(fields), self.width
        best = [[0.0] * (columns + 1) for _ in range(rows + 1)]
        for i in range(rows - 1, -1, -1):
            best[i][columns] = best[i + 1][columns] - self._loss(kinds[i])
            for j in range(columns - 1, -1, -1):
                best[i][j] = max(self._choices(best, kinds, i, j))
        placed: list[str | None] = [None] * columns
        i = j = 0
        while i < rows and j < columns:
            here, leave, skip = self._choices(best, kinds, i, j)
            if here >= max(leave, skip) - 1e-9:
                placed[j] = fields[i]
                i, j = i + 1, j + 1
            elif leave > skip:
                i += 1
            else:
                j += 1
        return placed

    def _choices(self, best: list[list[float]], kinds: list[str], i: int, j: int) -> tuple[float, float, float]:
        """Worth of putting field i into column j, of leaving the field out, and of leaving the column null."""
        here = self._shares[j].get(kinds[i], 0.0) + best[i + 1][j + 1]
        return here, best[i + 1][j] - self._loss(kinds[i]), best[i][j + 1]

    def _loss(self, kind: str) -> float:
        return 0.0 if kind == _cells.EMPTY else _LOST


def _typed(shares: dict[str, float]) -> float:
    return sum(shares.get(kind, 0.0) for kind in _cells.TYPED) / max(1 - shares.get(_cells.EMPTY, 0.0), 1e-9)

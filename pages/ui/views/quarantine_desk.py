"""What a visitor has on the desk in Quarantine: edits nobody has saved, and what a re-check said of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from automic_core.workbench.quarantining import SetAside, Verdict

Cells = dict[str, str | None]


@dataclass
class View:
    """Which rows are looked at."""

    reason: str | None = None
    state: str | None = None
    search: str | None = None

    @property
    def name(self) -> str:
        """A name for widgets that begin anew with another view."""
        return f"{self.reason or ''}-{self.state or ''}-{self.search or ''}"


@dataclass
class Desk:
    """Unsaved work by table; it stays from page to page, and nobody else sees it.

    Attributes:
        edits: Table to ``_rid`` to the cells that shall change.
        verdicts: Table to ``_rid`` to what the last re-check said; an edit of a row takes its verdict away.
        jobs: Table to the replay this visitor has begun.
        table: The table that was looked at last.
        asking: The dialog that is open: what it asks, the table, the rows it is about.
        round: Grows when grids and fields must forget what was typed into them.
    """

    edits: dict[str, dict[int, Cells]] = field(default_factory=dict)
    verdicts: dict[str, dict[int, Verdict]] = field(default_factory=dict)
    jobs: dict[str, str] = field(default_factory=dict)
    table: str = ""
    asking: tuple[str, str, list[int]] | None = None
    round: int = 0

    def turn_to(self, table: str) -> bool:
        """Look at a table; whether another one was looked at before."""
        before, self.table = self.table, table
        return before not in ("", table)

    def pending(self, table: str) -> dict[int, Cells]:
        """Unsaved edits of a table."""
        return self.edits.setdefault(table, {})

    def checked(self, table: str) -> dict[int, Verdict]:
        """What the last re-check said of rows of a table."""
        return self.verdicts.setdefault(table, {})

    def put(self, table: str, row: SetAside, column: str, value: str | None) -> None:
        """Note an edit; one that brings back the saved value is none."""
        if row.rid is None or row.obstacle:
            return
        cells = self.pending(table).setdefault(row.rid, {})
        if value == row.cells.get(column):
            cells.pop(column, None)
        else:
            cells[column] = value
        if not cells:
            self.pending(table).pop(row.rid, None)
        self.checked(table).pop(row.rid, None)

    def put_many(self, table: str, edits: dict[int, Cells]) -> None:
        """Note edits of many rows at once."""
        for rid, cells in edits.items():
            self.pending(table).setdefault(rid, {}).update(cells)
            self.checked(table).pop(rid, None)
        self.round += 1

    def clear(self, table: str, rids: list[int] | None = None) -> None:
        """Forget edits and verdicts of rows (None = all), because they are saved or given up."""
        for kept in (self.pending(table), self.checked(table)):
            for rid in list(kept) if rids is None else rids:
                kept.pop(rid, None)
        self.round += 1

    def cells(self, table: str) -> int:
        """How many cells have unsaved edits."""
        return sum(len(cells) for cells in self.pending(table).values())

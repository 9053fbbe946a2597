"""What people see: tables, ledgers, complaints, progress; and JSON for programs."""

from __future__ import annotations

import json
import os
import sys
import textwrap
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from automic_core.events import Event
from automic_core.workbench.values import Rows, plain

WIDTH = 100
WIDEST = 36
PATIENCE = 2.0  # seconds of work before progress shows


def emit(value: Any) -> None:
    """JSON on stdout."""
    typer.echo(json.dumps(plain(value), ensure_ascii=False, indent=2, allow_nan=False))


def say(text: str = "") -> None:
    """A line on stdout."""
    typer.echo(text)


def count(number: int, noun: str) -> str:
    """A number with its noun: "1 row", "1,234 rows"."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def complain(message: str, hint: str = "") -> None:
    """An error and what to do about it, on stderr."""
    typer.echo(f"Error: {message}" + (f"\nHint: {hint}" if hint else ""), err=True)


def abandon() -> None:
    """Nobody reads stdout any more; keep the interpreter from saying so."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def cell(value: Any, column: str = "") -> str:
    """A value as a person reads it: thousands separators, dates without noise, one line."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value) if _is_name(column) else f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.2f}" if value == 0 or abs(value) >= 0.01 else f"{value:.3g}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, list | tuple | dict):
        value = json.dumps(plain(value), ensure_ascii=False)
    return " ".join("".join(c if c.isprintable() else " " for c in str(value)).split(" "))


def _is_name(column: str) -> bool:
    """Whether the numbers of a column name things (ids, years): no separators."""
    words = column.lower().strip("_").split("_")
    return bool({"id", "rid", "into", "year", "snapshot", "batch", "port"} & set(words))


def width() -> int:
    """Columns to write in."""
    return min(os.get_terminal_size().columns, 160) if sys.stdout.isatty() else WIDTH


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] | None = None, wrap: Sequence[str] = ()) -> None:
    """Rows as an aligned table; columns that do not fit are named below it.

    Args:
        rows: The rows.
        columns: Columns in order; default those of the first row.
        wrap: Columns whose long texts may take several lines.
    """
    names = list(columns if columns is not None else rows[0] if rows else ())
    cells = {name: [cell(row.get(name), name) for row in rows] for name in names}
    wide = width()
    shown: list[str] = []
    left = wide
    for name in names:
        need = min(max(map(cell_len, (name, *cells[name]))), WIDEST)
        need = min(need, 12) if name in wrap else need
        if shown and need > left:
            break
        shown.append(name)
        left -= need + 2
    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", expand=bool(wrap))
    for name in shown:
        numeric = any(isinstance(row.get(name), int | float) and not isinstance(row.get(name), bool) for row in rows)
        layout: dict[str, Any] = {"overflow": "ellipsis", "no_wrap": True, "max_width": WIDEST}
        if name in wrap:
            layout = {"overflow": "fold", "ratio": 1}
        drawn.add_column(Text(name), justify="right" if numeric else "left", **layout)
    for at in range(len(rows)):
        drawn.add_row(*(Text(cells[name][at]) for name in shown))
    _print(drawn, wide)
    if len(shown) < len(names):
        rest = names[len(shown) :]
        say(f"… and {count(len(rest), 'more column')}: {_listed(rest)} (--json shows all)")


def _print(drawn: Table, wide: int) -> None:
    """Without blanks at line ends."""
    console = Console(
        file=sys.stdout, width=wide, highlight=False, markup=False, emoji=False, force_terminal=sys.stdout.isatty()
    )
    with console.capture() as captured:
        console.print(drawn)
    for line in captured.get().splitlines():
        say(line.rstrip())


def _listed(names: Sequence[str], most: int = 8) -> str:
    return ", ".join(names[:most]) + (" …" if len(names) > most else "")


def answer(rows: Rows) -> None:
    """Some rows of a table, and how many there are."""
    if rows.columns:
        table(rows.rows, list(rows.columns))
    shown = len(rows.rows)
    if rows.total is not None and rows.total != shown:
        say(f"showing {shown:,} of {rows.total:,} rows")
    else:
        say(count(shown, "row"))


def counted(title: str, counts: Mapping[str, int], most: int = 8) -> None:
    """A short list of names and numbers."""
    if not counts:
        return
    say(title)
    items = list(counts.items())
    wide = max(len(f"{number:,}") for number in counts.values())
    for name, number in items[:most]:
        say(f"  {number:>{wide},}  {name}")
    if len(items) > most:
        say(f"  … and {len(items) - most} more")


def paragraph(text: str) -> None:
    """A long sentence, wrapped and indented after its first line."""
    for line in textwrap.wrap(text, width(), subsequent_indent="  "):
        say(line)


def notes(lines: Iterable[str]) -> None:
    """Sentences a person should read."""
    for line in lines:
        say(f"Note: {line}")


class Progress:
    """A line on stderr with rows, rate and the time left, for work that takes longer than two seconds.

    Args:
        quiet: Say nothing.
    """

    def __init__(self, quiet: bool = False) -> None:
        self._quiet = quiet or not sys.stderr.isatty()
        self._began = self._said = time.monotonic()
        self._run = ""
        self._shown = False

    def __call__(self, event: Event) -> None:
        """Take a sign of life."""
        from automic_core.logs import logger

        logger().info(event.kind, run=event.run_id, rows=event.rows, seconds=round(event.seconds, 3))
        now = time.monotonic()
        if event.run_id != self._run:
            self._run, self._began = event.run_id, now
        if self._quiet or now - self._began < PATIENCE or now - self._said < 0.2:
            return
        self._said, self._shown = now, True
        sys.stderr.write(f"\r\x1b[K{describe(event, now - self._began)}")
        sys.stderr.flush()

    def done(self) -> None:
        """Wipe the line."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self.done()


def describe(event: Event, seconds: float) -> str:
    """One line of progress."""
    rate = event.rows / seconds if seconds > 0 else 0.0
    line = f"{event.kind}  {event.rows:,} rows  {rate:,.0f} rows/s"
    if event.total and rate and event.rows < event.total:
        line += f"  {event.rows / event.total:.0%}  {(event.total - event.rows) / rate:,.0f} s left"
    return line + (f"  {event.message}" if event.message else "")

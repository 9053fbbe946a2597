"""What the table has of a source already, said before more of it is taken."""

from __future__ import annotations

from automic_core import workbench
from pages.ui import show


def there(standing: workbench.Standing) -> None:
    """The rows of the table, and which of the source's files it holds."""
    show.status("neutral", f"{standing.table} has {show.count(standing.rows, 'row')}")
    if standing.taken:
        some = f"{len(standing.taken):,} of {standing.parts:,} files are" if standing.parts > 1 else "This content is"
        show.status("attention", "Already taken")
        show.note(f"{some} in the table already; taken again, nothing would be added.")


def beside(rows: int, stay: str, replace: str) -> None:
    """That rows which the source brought with other content stay, and which mode replaces them."""
    show.status("attention", "Taken before, with other content")
    show.note(
        f"With “{stay}” its {show.count(rows, 'row')} stay beside these; “{replace}”, or key columns, replaces them."
    )

"""What is done for a table after its rows are in, and can wait: when it fails, the run has not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from automic_core.errors import AutomicError, CatalogError, ConflictError, translate


@contextmanager
def afterwards(what: str, name: str, warnings: list[str]) -> Iterator[None]:
    """Do something that can wait; whoever changes the table meanwhile comes first.

    Args:
        what: What is done, as "merging small files".
        name: Full name of the table.
        warnings: Those of the run, which get one more for a failure that is no conflict.
    """
    try:
        with translate(CatalogError, f"{what} of {name}"):
            yield
    except ConflictError:
        return
    except AutomicError as exc:
        why = exc.message.rstrip(".")
        said = f"The rows are in, but {what} failed: {why}. Later: automic maintain {name}, or Tidy up in Tables."
        if said not in warnings:
            warnings.append(said)

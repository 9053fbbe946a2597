"""XML files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated, ClassVar

from pydantic import Field as Option

from automic_core import storage
from automic_core.connectors.files._text import Reader, TextSource
from automic_core.connectors.files._xmlfile import XMLFile
from automic_core.contracts import configured
from automic_core.errors import SourceError, translate
from automic_core.storage import Location


@configured
class XMLSource(TextSource):
    """Reads XML: each element of one path is a record; its children and attributes are the columns.

    Children that repeat or have children of their own become JSON text. A file that reaches for other files through an
    external entity is refused. A broken file is read up to the break; the rest is one row in ``_rescued``.
    """

    kind: ClassVar[str] = "xml"

    row_path: Annotated[
        str | None,
        Option(description='Elements from the root, "catalog/book", or just "book"; default: the most repeated.'),
    ] = None

    def nulls(self) -> Sequence[str]:
        """An empty element has no value."""
        return ("",)

    def open_file(self, location: Location) -> Reader:
        """Find the records and their columns."""
        with translate(SourceError, f"Reading {location}"):
            return XMLFile(partial(storage.open_binary, location), str(location), self.row_path, self.infer_rows)

"""The SQL editor: schema tree, colours, line numbers, completion; a component of our own that loads nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from automic_core import workbench
from pages.ui.state import value
from pages.ui.words import count

_HERE = Path(__file__).parent / "components"


def _file(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


_COMPONENT = st.components.v2.component(
    "automic.sqleditor",
    html=_file("sqleditor.html"),
    css=_file("sqleditor.css"),
    js=_file("sqlwords.js") + _file("sqleditor.js"),
)


def model(tables: Sequence[workbench.TreeTable], words: workbench.Vocabulary) -> dict[str, Any]:
    """What the editor knows: tables, columns, keywords, functions."""
    return {
        "tables": [
            {
                "name": table.name,
                "sql": workbench.sql_name(table.name),
                "layer": table.layer,
                "rows": count(table.rows, "row"),
                "more": table.more,
                "error": table.error,
                "columns": [[name, workbench.column_name(name), kind] for name, kind in table.columns.items()],
            }
            for table in tables
        ],
        "keywords": list(words.keywords),
        "functions": list(words.functions),
    }


def draw(
    known: dict[str, Any],
    text: str,
    nonce: int,
    error: tuple[int, int] | None,
    *,
    key: str,
    on_text: Callable[[str], None],
) -> bool:
    """Draw the editor.

    Args:
        known: From ``model``.
        text: The statement; shown at first and whenever ``nonce`` changes, otherwise the person's own text stays.
        nonce: A number that changes when the page itself sets the text.
        error: Line and column of what is wrong.
        key: The widget's key.
        on_text: Called with what was typed, before anything is drawn, also on the way to another page.

    Returns:
        Whether the person asked to run the statement just now.
    """

    def heard(part: str) -> Callable[[], None]:
        def tell() -> None:
            said = getattr(value(key), part, None)
            # What was typed before the page set another text is gone.
            if isinstance(said, Mapping) and said.get("nonce") == nonce:
                on_text(str(said.get("text", "")))

        return tell

    place = {"line": error[0], "column": error[1]} if error else None
    data = {**known, "text": text, "nonce": nonce, "error": place}
    result = _COMPONENT(key=key, data=data, on_sql_change=heard("sql"), on_run_change=heard("run"))
    return isinstance(getattr(result, "run", None), Mapping)

"""The ledger bar: its whole width the rows that came in, its parts where they went; always adding up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from automic_core import workbench

_HERE = Path(__file__).parent / "components"
_COMPONENT = st.components.v2.component(
    "automic.ledger",
    html="<div class='ledger'></div>",
    css=(_HERE / "ledger.css").read_text(encoding="utf-8"),
    js=(_HERE / "ledger.js").read_text(encoding="utf-8"),
)


def ledger(report: dict[str, Any], *, key: str, title: str = "") -> str | None:
    """Draw the ledger of a run report (``RunReport.to_dict()``).

    Returns:
        The part that was clicked just now: kept, merged, aggregated, filtered, quarantined, dropped; else None.
    """
    parts = workbench.ledger_parts(report)
    data = {
        "title": title,
        "came": parts.sentence.partition(" = ")[0],
        "balanced": parts.balanced,
        "sentence": parts.sentence,
        "parts": [{"name": part.name, "rows": part.rows, "label": f"{part.rows:,}"} for part in parts.parts],
    }
    result = _COMPONENT(key=key, data=data, on_picked_change=lambda: None)
    picked = getattr(result, "picked", None)
    return str(picked) if picked else None

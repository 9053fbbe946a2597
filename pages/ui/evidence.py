"""The evidence chip: beside anything proposed, what share of the data agrees; counter-examples one click away."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.ui.words import count, plain

GOOD, FAIR = 0.995, 0.95


def evidence(
    agree: int, of: int, examples: Sequence[str] = (), *, key: str, label: str = "", of_what: str = "value"
) -> None:
    """Draw the chip.

    Args:
        agree: Values or rows that agree with the proposal.
        of: Values or rows that were looked at.
        examples: Counter-examples in words, with their lines where known.
        key: Unique on the page.
        label: What is agreed on ("fit integer").
        of_what: What was looked at, one of them.
    """
    share = agree / of if of else 0.0
    icon = ":material/check_circle:" if share >= GOOD else ":material/error:" if share >= FAIR else ":material/cancel:"
    percent = "100%" if agree == of else f"{min(share, 0.999):.1%}"
    text = f"{percent} {label}".strip()
    with st.popover(plain(text), icon=icon, type="tertiary", key=key, help=f"{agree:,} of {of:,}"):
        st.markdown(f"**{agree:,}** of {count(of, of_what)} agree.")
        if agree == of:
            st.caption("No counter-example was found.")
        for example in examples:
            st.text(example)

"""What a column is beside its type: chips for its kind, personal data and keys, each with its evidence."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from automic_core import workbench
from automic_core.workbench import schemas
from pages.ui import show


def column_claims(column: schemas.SchemaColumn, keys: Sequence[workbench.ForeignKey], table: str) -> None:
    """The chips of one column; keys only where somebody had them looked for."""
    kind, personal = workbench.kind_claim(column.facts.kind), workbench.personal_claim(column.facts.personal)
    with st.container(gap="xsmall", key="schema-claims"):
        if kind is not None:
            _line("What it is for", ":material/category:", kind, "schema-kind")
        if personal is not None:
            _line("Personal data", ":material/person_alert:", personal, "schema-personal")
        names = {column.name, column.field.name}
        for number, key in enumerate(workbench.keys_of(keys, table, list(names))):
            _line("Key", ":material/key:", workbench.key_claim(key, table), f"schema-key-{number}")


def _line(what: str, icon: str, claim: workbench.Claim, key: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f":gray[{what}]", width="content")
        chip(claim, icon, key)


def chip(claim: workbench.Claim, icon: str, key: str) -> None:
    """The evidence of a claim, one click away."""
    percent = "100%" if claim.share == 1 else f"{min(claim.share, 0.999):.1%}"
    label = f"{show.plain(claim.text)} · {percent}"
    with st.popover(label, icon=icon, type="tertiary", key=key, help=claim.counted or "How likely, by its evidence"):
        if claim.counted:
            st.markdown(f"**{show.plain(claim.counted)}** agree.")
        st.caption("Speaks for it")
        for said in claim.support:
            st.text(said)
        st.caption("Speaks against it" if claim.against else "Nothing was found that speaks against it.")
        for said in claim.against:
            st.text(said)


def personal_note(columns: Sequence[schemas.SchemaColumn]) -> None:
    """Which of the columns shown hold personal data."""
    found = [(each.name, workbench.personal_claim(each.facts.personal)) for each in columns]
    held = [f"{show.code(name[:60])} ({claim.text})" for name, claim in found if claim is not None]
    if held:
        more = f" and {show.count(len(held) - 6, 'more column')}" if len(held) > 6 else ""
        st.caption(f":material/person_alert: Personal data: {', '.join(held[:6])}{more}")

"""Gates of a review: what each check found, those that found something first."""

from __future__ import annotations

import streamlit as st

from automic_core import workbench
from pages.ui import show

MOST = 25
_WORDS = {
    "warned": ("attention", "warned"),
    "tolerated": ("attention", "within its limit"),
    "quarantined": ("attention", "to quarantine"),
    "dropped": ("attention", "dropped"),
}


def render(review: workbench.Review) -> None:
    """Failing checks with the share that passes and counter-examples; the others in one line."""
    st.markdown("#### Checks")
    with st.container(key="checks"):
        _checks(review)


def _checks(review: workbench.Review) -> None:
    found = [gate for gate in review.gates if gate.failed]
    passed = [gate for gate in review.gates if not gate.failed]
    for gate in sorted(found, key=lambda gate: gate.share)[:MOST]:
        status, text, chip = st.columns([1.6, 4, 1.5], vertical_alignment="center")
        with status:
            show.status(*_WORDS[gate.outcome])  # type: ignore[arg-type]
        text.markdown(f"**{show.plain(gate.id)}** · {show.plain(gate.says)}")
        with chip:
            examples = [
                f"{value} ({show.count(each.rows, 'row')})" if len(each.values) == 1 else value
                for each in review.reasons
                if each.rule == gate.id
                for value in each.values
            ]
            show.evidence(gate.units - gate.failed, gate.units, examples, key=f"gate-{gate.id}", label="pass")
    if len(found) > MOST:
        show.note(f"showing {MOST} of {len(found):,} checks that found something")
    if passed:
        with st.expander(f"{show.count(len(passed), 'check')} passed on every row", icon=":material/check_circle:"):
            for gate in passed[:200]:
                st.markdown(f"**{show.plain(gate.id)}** · no row where {show.plain(gate.says)}")

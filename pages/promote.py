"""A promotion is a review: what it would change is looked at, then published or discarded, and can be taken back."""

from pathlib import Path

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import workspace
from pages.ui.views import (
    change_panel,
    promote_draft,
    promote_gold,
    promote_pending,
    promote_published,
    promote_review,
    promote_start,
    watermark_panel,
)

ws = workspace()
there = workbench.is_lake(Path(ws.lake))
names = calls.read(ws, workbench.table_names) if there else []
wanted = st.query_params.get("review", "")
waiting = calls.fresh(ws, workbench.reviews) if there else []
found = promote_review.find(ws, wanted, waiting) if wanted and there else None
if not any(name.startswith("bronze.") for name in names):
    show.opening("Promote", "There is nothing to promote yet")
    show.nothing("What a promotion would change will stand here, to be published or discarded.", "check")
elif found is not None:
    promote_review.render(ws, found)
    show.next_step("quarantine", "Look at what is in quarantine")
else:
    head = st.container()
    promote_pending.render(waiting)
    picked = show.table_picker(ws)
    standing = show.attempt(calls.fresh, ws, workbench.promotable, picked) if picked else None
    if standing is not None:
        own = standing.table.partition(".")[2]
        wrong = show.attempt(calls.read, ws, workbench.problems, own, standing.draft.data) or []
        with head, show.opening("Promote", show.plain(standing.sentence)):
            promote_start.button(ws, standing, bool(wrong))
        promote_start.render(ws, standing)
        watermark_panel.render(ws, calls.read(ws, workbench.watermarks, picked), "promote")
        change_panel.beside(ws, standing.table)
        promote_draft.render(standing, wrong)
        promote_published.render(ws, standing)
    promote_gold.render(ws)
    show.next_step("quarantine", "Look at what is in quarantine")

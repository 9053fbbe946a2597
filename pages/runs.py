"""What ran, how long it took, where its rows went; again, compared, and as code."""

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import workspace
from pages.ui.views import runs_list, runs_run

ws = workspace()
wanted = st.query_params.get("run", "") or st.query_params.get("job", "")
if wanted:
    detail = show.attempt(calls.fresh, ws, workbench.run_detail, wanted)
    if detail is not None:
        runs_run.render(ws, detail)
    else:
        runs_run.back()
else:
    runs_list.render(ws)

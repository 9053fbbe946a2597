"""Ask the lake in SQL, see the answer as a grid or a chart, take it away or keep it."""

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import workspace
from pages.ui.views import explore_editor, explore_result, explore_start, save_gold
from pages.ui.views.explore_state import Explore, follow_link


@st.fragment
@show.guarded
def page() -> None:
    """The whole page; typing in the editor draws only this again."""
    ws = workspace()
    screen = ws.screen(Explore)
    tables = calls.read(ws, workbench.schema_tree)
    if not tables:
        show.opening("Explore", "No tables to ask yet")
        show.nothing("Tables that you connect can be asked in SQL here, charted, and kept as gold.", "table")
        return
    workbench.warm_queries()
    follow_link(ws, screen)
    with show.opening("Explore", f"{workbench.table_count(table.name for table in tables)} to ask in SQL"):
        st.page_link("pages/ask.py", label="Ask in plain language", icon=":material/forum:", width="content")
        run = st.button("Run", type="primary", icon=":material/play_arrow:", key="run", help="Ctrl+Enter in the editor")
    explore_editor.render(ws, screen, tables, run)
    with st.container(key="explore-saving"):
        save_gold.progress(ws, screen.saving)
    explore_result.render(ws, screen)
    if screen.answer is None and screen.asking is None and screen.error is None:
        explore_start.render(ws, screen)


page()

"""The workbench: page config and navigation."""

from pathlib import Path

import streamlit as st

from pages.ui import shell

ICON = Path(__file__).parent / "pages" / "ui" / "components" / "icon.png"
st.set_page_config(page_title="Automic", page_icon=ICON, layout="wide")
shell.run(
    st.navigation(
        {
            "": [st.Page("pages/home.py", title="Home", icon=":material/home:", default=True)],
            "Build": [
                st.Page("pages/connect.py", title="Connect", icon=":material/cable:"),
                st.Page("pages/schema.py", title="Schema", icon=":material/view_column:"),
                st.Page("pages/rules.py", title="Rules", icon=":material/rule:"),
                st.Page("pages/promote.py", title="Promote", icon=":material/publish:"),
            ],
            "Trust": [
                st.Page("pages/monitors.py", title="Monitors", icon=":material/monitoring:"),
                st.Page("pages/quarantine.py", title="Quarantine", icon=":material/healing:"),
                st.Page("pages/match.py", title="Match", icon=":material/join:"),
                st.Page("pages/tables.py", title="Tables", icon=":material/table:"),
            ],
            "Explore": [
                st.Page("pages/ask.py", title="Ask", icon=":material/forum:"),
                st.Page("pages/explore.py", title="Explore", icon=":material/query_stats:"),
            ],
            "Operate": [
                st.Page("pages/runs.py", title="Runs", icon=":material/history:"),
                st.Page("pages/settings.py", title="Settings", icon=":material/settings:"),
            ],
        },
        expanded=True,
    )
)

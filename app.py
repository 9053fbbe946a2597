"""The workbench: page config and navigation."""

import streamlit as st

st.set_page_config(page_title="Automic", page_icon=":material/water:", layout="wide")
st.navigation([st.Page("pages/home.py", title="Home", icon=":material/home:", default=True)]).run()

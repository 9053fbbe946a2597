"""Where tables lie, how long they are kept, which model is used, what each connector needs."""

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import workspace
from pages.ui.views import settings_connectors, settings_file, settings_form, settings_model, settings_secrets

CLOUDS = {"local": "storage.local", "aws": "storage.aws", "gcp": "storage.gcp", "azure": "storage.azure"}
PARTS = {
    "Storage": ("lakehouse",),
    "Catalog": ("iceberg.catalog",),
    "Retention": ("medallion.bronze", "medallion.silver", "medallion.gold"),
    "Model": ("llm",),
    "Jobs": ("jobs", "extraction"),
    "Limits": ("sql", "security"),
    "Secrets": (),
    "Connectors": (),
    "File": (),
}

ws = workspace()
view = calls.at(ws, workbench.settings_view)
missing = [each for each in calls.connectors() if each.missing]
lost = [secret for secret in view.secrets if not secret.found]
parts = [show.count(len(missing), "connector needs", "connectors need") + " a driver"] if missing else []
parts += [show.count(len(lost), "secret has", "secrets have") + " no value"] if lost else []
show.opening(
    "Settings", "The settings cannot be read" if view.problem else ", ".join(parts) or "Everything is in place"
)
settings_form.problems(view)
chosen = st.segmented_control(
    "Part", list(PARTS), default="Storage", key="part", label_visibility="collapsed", bind="query-params"
)
if chosen == "Secrets":
    settings_secrets.render(view)
elif chosen == "Connectors":
    settings_connectors.render()
elif chosen == "File":
    settings_file.render(ws, view)
else:
    sections = PARTS[chosen or "Storage"]
    cloud = CLOUDS[view.values["lakehouse"]["provider"]] if "lakehouse" in sections else ""
    settings_form.render(ws, view, [*sections, cloud] if cloud else sections)
    if chosen == "Model":
        settings_model.render(ws)

"""What each table holds and held: rows, columns, timeline, schema, files, and where every cell comes from."""

from pathlib import Path

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import workspace
from pages.ui.views import tables_page

ws = workspace()
names = calls.read(ws, workbench.table_names) if workbench.is_lake(Path(ws.lake)) else []
if names:
    tables_page.render(ws, names)
else:
    show.opening("Tables", "There are no tables yet")
    show.nothing("Every table will stand here with its rows, its past, and the file and line of each cell.")

"""What the server tells the one who runs it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from automic_core import workbench
from tests.browser.driver import Person, serving

ROOT = Path(__file__).resolve().parents[2]
BROKEN = """
from automic_core import workbench

def broken(*args):
    raise RuntimeError("detail for the operator")

workbench.graph = broken
"""


def test_the_details_of_an_unforeseen_error_are_in_its_log(person: Callable[..., Person], tmp_path: Path) -> None:
    root = workbench.create(tmp_path / "lake").path
    shutil.copytree(ROOT / "pages", tmp_path / "pages")
    app = tmp_path / "app.py"
    app.write_text((ROOT / "app.py").read_text(encoding="utf-8").replace("import shell", "import shell" + BROKEN))
    log = tmp_path / "log"
    with serving(root, log=log, script=app) as url:
        visitor = person(at=url)
        visitor.open()
        visitor.see("Something went wrong that should not")
        assert "detail for the operator" not in visitor.text()
    told = log.read_text(encoding="utf-8")
    assert told.count("RuntimeError: detail for the operator") == 1

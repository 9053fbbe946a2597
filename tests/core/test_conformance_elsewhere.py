"""The suite is for connectors of other people too."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

CONFTEST = """
from automic_core.conformance import SourceCase, Suite

def whole(path, frame):
    frame.write_csv(path)

def short(path, frame):
    frame.head(3).write_csv(path)

SUITE = Suite(sources=[SourceCase("csv", ".csv", write=whole), SourceCase("csv", ".txt", write=short)])
pytest_generate_tests, its_schema = SUITE.generate, SUITE.schema()
"""


def test_another_project_imports_it(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (tmp_path / "test_mine.py").write_text("from automic_core.conformance.sources import *\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "round_trip or scan_twice", "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert re.search(r"FAILED test_mine.py::test_types_nulls_and_unicode_round_trip\[csv\.txt\]", done.stdout), done
    assert "height" in done.stdout, "an assertion says what is wrong"
    assert re.search(r"^1 failed, 3 passed", done.stdout, re.MULTILINE), done

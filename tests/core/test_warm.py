"""Processes of the tests begin whatever ran in this process before."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests import killing

pytestmark = pytest.mark.skipif(os.name != "posix", reason="forks")


def test_a_page_that_ran_here_is_not_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = ModuleType("__main__")
    page.__file__ = str(tmp_path / "page.py")
    Path(page.__file__).write_text("page(*arguments)\n")
    monkeypatch.setitem(sys.modules, "__main__", page)
    assert killing.start("print('begun')").ended() == (0, "begun\n", "")
    assert sys.modules["__main__"] is page

"""`import automic_core` is quick and loads no driver."""

from __future__ import annotations

import json
import subprocess
import sys

import automic_core

HEAVY = (
    "polars",
    "pyarrow",
    "duckdb",
    "pyiceberg",
    "streamlit",
    "torch",
    "litellm",
    "sqlalchemy",
    "lxml",
    "fsspec",
    "pandas",
)


def test_import_loads_nothing_heavy_and_is_quick() -> None:
    code = (
        "import json, sys, time; before = set(sys.modules); t = time.process_time(); import automic_core;"
        "print(json.dumps([time.process_time() - t, sorted({m.split('.')[0] for m in set(sys.modules) - before})]))"
    )
    seconds, loaded = json.loads(subprocess.check_output([sys.executable, "-c", code]))
    assert not set(loaded) & set(HEAVY)
    assert seconds < 0.5


def test_a_job_loads_nothing_that_only_questions_need() -> None:
    code = "import json, sys; import automic_core.workbench.tasks; print(json.dumps(sorted(sys.modules)))"
    loaded = json.loads(subprocess.check_output([sys.executable, "-c", code]))
    for needless in ("automic_core.assist.asking", "automic_core.llm", "automic_core.connectors.files", "scipy"):
        assert needless not in loaded


def test_every_public_name_can_be_imported() -> None:
    for name in automic_core.__all__:
        assert getattr(automic_core, name) is not None

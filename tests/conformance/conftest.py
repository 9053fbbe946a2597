"""Gives each test of the suite all cases of its kind; a known gap is a strict xfail."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("conformance_cases", Path(__file__).with_name("cases.py"))
assert _spec is not None
assert _spec.loader is not None
cases = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = cases
_spec.loader.exec_module(cases)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for name, known in (("source_case", cases.SOURCES), ("loader_case", cases.LOADERS)):
        if name in metafunc.fixturenames:
            test = metafunc.definition.originalname
            parameters = [
                pytest.param(case, id=f"{case.kind}{case.suffix}", marks=_marks(case.gaps.get(test))) for case in known
            ]
            metafunc.parametrize(name, parameters)


def _marks(gap: tuple[type[BaseException], str] | None) -> list[pytest.MarkDecorator]:
    return [] if gap is None else [pytest.mark.xfail(raises=gap[0], reason=gap[1], strict=True)]

"""Gives each test of the suite all cases of its kind; a known gap is a strict xfail.

``source_case`` and ``loader_case`` are all of them, ``file_case`` and ``file_loader_case`` those that are files,
``server_case`` and ``server_loader_case`` those behind an address.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("conformance_cases", Path(__file__).with_name("cases.py"))
assert _spec is not None
assert _spec.loader is not None
cases = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = cases
_spec.loader.exec_module(cases)


_FILES, _SERVERS = (False,), (True,)
_CASES = {
    "source_case": (cases.SOURCES, (False, True)),
    "file_case": (cases.SOURCES, _FILES),
    "server_case": (cases.SOURCES, _SERVERS),
    "loader_case": (cases.LOADERS, (False, True)),
    "file_loader_case": (cases.LOADERS, _FILES),
    "server_loader_case": (cases.LOADERS, _SERVERS),
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for name, (known, kinds) in _CASES.items():
        if name in metafunc.fixturenames:
            test = metafunc.definition.originalname
            parameters = [
                pytest.param(case, id=f"{case.kind}{case.suffix}", marks=_marks(case.gaps.get(test)))
                for case in known
                if (case.server is not None) in kinds
            ]
            metafunc.parametrize(name, parameters)


def _marks(gap: tuple[type[BaseException], str] | None) -> list[pytest.MarkDecorator]:
    return [] if gap is None else [pytest.mark.xfail(raises=gap[0], reason=gap[1], strict=True)]


@pytest.fixture(autouse=True)
def _schema(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
    """A schema of its own for each test of a server."""
    parameters = getattr(request.node, "callspec", None)
    known = parameters.params.values() if parameters is not None else ()
    with ExitStack() as until:
        for case in known:
            if (server := getattr(case, "server", None)) is not None:
                until.enter_context(server.schema(cases.schema_of(tmp_path)))
        yield

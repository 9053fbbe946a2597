"""Gives each test of the suite all cases of its kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from automic_core.conformance.cases import Gap, LoaderCase, SourceCase

for _part in ("sources", "loaders", "servers"):
    pytest.register_assert_rewrite(f"automic_core.conformance.{_part}")


@dataclass(frozen=True)
class Suite:
    """The connectors that are tested.

    ``source_case`` and ``loader_case`` are all of them, ``file_case`` and ``file_loader_case`` those that are files,
    ``server_case`` and ``server_loader_case`` those behind an address.
    """

    sources: Sequence[SourceCase] = ()
    loaders: Sequence[LoaderCase] = ()

    def generate(self, metafunc: pytest.Metafunc) -> None:
        """What pytest calls ``pytest_generate_tests``."""
        kinds: dict[str, tuple[Sequence[SourceCase | LoaderCase], tuple[bool, ...]]] = {
            "source_case": (self.sources, (False, True)),
            "file_case": (self.sources, (False,)),
            "server_case": (self.sources, (True,)),
            "loader_case": (self.loaders, (False, True)),
            "file_loader_case": (self.loaders, (False,)),
            "server_loader_case": (self.loaders, (True,)),
        }
        for name, (known, behind) in kinds.items():
            if name in metafunc.fixturenames:
                test = metafunc.definition.originalname
                found = [each for each in known if (each.server is not None) in behind]
                metafunc.parametrize(
                    name,
                    [
                        pytest.param(each, id=f"{each.kind}{each.suffix}", marks=_marks(each.gaps.get(test)))
                        for each in found
                    ],
                )

    def schema(self) -> Callable[..., Any]:
        """A fixture: a schema or database of its own for each test of a server."""

        @pytest.fixture(autouse=True)
        def schema(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
            parameters = getattr(request.node, "callspec", None)
            known = parameters.params.values() if parameters is not None else ()
            with ExitStack() as until:
                for case in known:
                    server = getattr(case, "server", None)
                    if server is not None:
                        until.enter_context(server.space(tmp_path))
                yield

        return schema


def _marks(gap: Gap | None) -> list[pytest.MarkDecorator]:
    return [] if gap is None else [pytest.mark.xfail(raises=gap[0], reason=gap[1], strict=True)]

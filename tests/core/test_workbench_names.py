"""Every name of the workbench is a use-case, also when its module has the same name and was imported before."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

from automic_core import workbench


def test_modules_do_not_hide_use_cases() -> None:
    for module in pkgutil.iter_modules(workbench.__path__):
        importlib.import_module(f"{workbench.__name__}.{module.name}")
    for name in workbench._HOME:
        for _ in range(2):
            assert not isinstance(getattr(workbench, name), ModuleType), name
    assert callable(workbench.reviews)

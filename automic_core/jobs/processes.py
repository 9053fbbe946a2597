"""Python processes that find this package, whether it is installed or a checkout."""

from __future__ import annotations

import os
from pathlib import Path

import automic_core


def environment() -> dict[str, str]:
    """This process's environment for a child that imports ``automic_core``."""
    package = Path(automic_core.__file__).parent.parent
    if package.name in ("site-packages", "dist-packages"):
        return dict(os.environ)
    parts = [str(package), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(parts)}

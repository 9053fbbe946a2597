"""How many examples a property test draws."""

from __future__ import annotations

import os

ALL = os.environ.get("AUTOMIC_TEST_EXAMPLES") == "all"
"""Whether to draw as many as the tests name; ``make test-all`` does."""


def draws(number: int) -> int:
    """The first third of the examples, which are the same every time, or all of them."""
    return number if ALL else -(-number // 3)

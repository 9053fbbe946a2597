"""Names of columns in one form, and the forms that names of keys have."""

from __future__ import annotations

import re

WHOLE_KEY = re.compile(r"^_?(?:id|uuid|guid|key|pk|rowid|row_id|record_id)$")
KEY_ENDING = re.compile(r"_(?:id|uuid|guid|key|pk|code|no|nr|num|number|ref)$")
"""Of names as ``snake`` gives them."""


def snake(name: str) -> str:
    """A name in lower case with underscores ("CustomerID" is "customer_id")."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+", "_", name.strip())
    return words.lower().strip("_")

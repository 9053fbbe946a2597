"""Texts as vectors of a sentence-transformers model: the only file that loads one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from automic_core.errors import ConfigError, MissingDriverError

BATCH = 64


def encoded(texts: list[str], model: str) -> NDArray[np.float32]:
    """A vector of unit length a text.

    Args:
        texts: The texts.
        model: Name of the model, its folder, or an installed package that carries it.

    Raises:
        MissingDriverError: The extra ``embeddings`` is not installed.
        ConfigError: The model is not to be found.
    """
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as exc:
        raise MissingDriverError("sentence_transformers", "embeddings") from exc
    place = _folder(model) or model
    try:
        loaded = SentenceTransformer(place)
    except (OSError, ValueError) as exc:
        raise ConfigError(
            f"The model {model!r} could not be loaded: {exc}",
            "Name a model that is on this machine: its folder, or an installed package that carries it.",
        ) from exc
    made = loaded.encode(texts, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False)
    return np.asarray(made, np.float32)


def _folder(model: str) -> str | None:
    """Folder of a model inside an installed package: the one that holds ``modules.json``."""
    from importlib.metadata import PackageNotFoundError, files

    try:
        listed = files(model) or []
    except (PackageNotFoundError, ValueError):
        return None
    for path in listed:
        if path.name == "modules.json":
            return str(Path(str(path.locate())).parent)
    return None

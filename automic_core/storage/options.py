"""One set of storage options, in the words of each library that needs them."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from automic_core.errors import MissingDriverError
from automic_core.settings import Settings


@dataclass(frozen=True, slots=True)
class StorageOptions:
    """Options of the lake's storage with revealed secrets, which is why none of them is in the repr.

    Attributes:
        fsspec: Keyword arguments by scheme, for ``resolve(..., options=...)``.
        polars: ``storage_options`` of scans and sinks.
        iceberg: FileIO properties of pyiceberg.
    """

    fsspec: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    polars: Mapping[str, str] = field(default_factory=dict, repr=False)
    iceberg: Mapping[str, str] = field(default_factory=dict, repr=False)


def storage_options(settings: Settings) -> StorageOptions:
    """The options of the provider that ``settings`` choose; all empty for a local lake.

    Raises:
        MissingDriverError: s3fs, gcsfs or adlfs is not installed.
        ConfigError: A secret is not declared or not set.
        SecurityError: A secret may not go to the storage's host.
    """
    cloud = settings.cloud
    if cloud is None:
        return StorageOptions()
    if importlib.util.find_spec(cloud.driver) is None:
        raise MissingDriverError(cloud.driver, cloud.extra)
    arguments = cloud.options("fsspec", settings.reveal)
    return StorageOptions(
        fsspec=dict.fromkeys(cloud.schemes, arguments),
        polars=cloud.options("polars", settings.reveal),
        iceberg=cloud.options("iceberg", settings.reveal),
    )

"""Files of any place: what may be read, how it is opened, how it is written whole or not at all."""

from automic_core.storage.compression import Compression, compressed, compression_of
from automic_core.storage.files import (
    content_hash,
    members,
    open_binary,
    open_stored,
    size,
)
from automic_core.storage.filesystems import filesystem
from automic_core.storage.locations import Location
from automic_core.storage.options import StorageOptions, storage_options
from automic_core.storage.paths import resolve
from automic_core.storage.policy import AccessPolicy, confined, ruling, without_login
from automic_core.storage.writing import atomic_write, disk_errors

__all__ = [
    "AccessPolicy",
    "Compression",
    "Location",
    "StorageOptions",
    "atomic_write",
    "compressed",
    "compression_of",
    "confined",
    "content_hash",
    "disk_errors",
    "filesystem",
    "members",
    "open_binary",
    "open_stored",
    "resolve",
    "ruling",
    "size",
    "storage_options",
    "without_login",
]

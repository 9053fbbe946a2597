"""Iceberg tables of a lake as source and destination of any pipeline."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, ClassVar

import polars as pl
from pydantic import Field
from pyiceberg.catalog import Catalog
from pyiceberg.table import Table

from automic_core import frames
from automic_core.contracts import DestinationAdapter, Mode, ReadRequest, SourceAdapter, configured
from automic_core.errors import ConfigError
from automic_core.lakehouse import schemas, tables
from automic_core.lakehouse.catalog import open_catalog
from automic_core.lakehouse.commits import ancestors, head, refresh
from automic_core.lakehouse.exact import exactly
from automic_core.lakehouse.files import BatchWriter
from automic_core.lakehouse.staging import Staging, open_staging
from automic_core.lakehouse.upsert import upsert
from automic_core.settings import Settings

TableName = Annotated[str, Field(pattern=r"^\w+\.\w+$", description='Full name, such as "silver.orders".')]
LakePath = Annotated[
    str | None, Field(description="Folder of the lake; default: the one being worked on, $AUTOMIC_LAKE or ./lake.")
]

REMEMBERED = "automic.remembered"
"""Snapshot property: what a loader was told to remember, by name, as JSON."""

current_lake: ContextVar[str | None] = ContextVar("current_lake", default=None)
"""Folder of the lake being worked on, for tables that name none."""


@contextmanager
def _catalog(lake: str | None, create: bool = False) -> Iterator[Catalog]:
    root = Path(lake or current_lake.get() or os.environ.get("AUTOMIC_LAKE") or "lake").expanduser().absolute()
    if create:
        root.mkdir(parents=True, exist_ok=True)
    if not root.is_dir():
        raise ConfigError(f"There is no lake in {root}.", "Create one with `automic init`, or name another folder.")
    settings = Settings.load(root)
    with open_catalog(settings.lakehouse.name, settings.catalog_properties(root)) as catalog:
        yield catalog


@configured
class IcebergSource(SourceAdapter):
    """Reads a table of a lake, pinned to one snapshot."""

    kind: ClassVar[str] = "iceberg"
    tracked: ClassVar[bool] = True

    table: TableName
    lake: LakePath = None
    snapshot: Annotated[int | None, Field(description="Snapshot id; default: the newest.")] = None

    @property
    def name(self) -> str:
        return self.table.rpartition(".")[2]

    @property
    def identity(self) -> str:
        return self.table

    def connect(self) -> None:
        """Choose the snapshot; every scan until the next ``connect`` reads that one."""
        self.__dict__.pop("_known_table", None)

    def scan(self, request: ReadRequest = ReadRequest()) -> pl.LazyFrame:
        table: Table | None = self.__dict__.get("_known_table")
        if table is None:
            with _catalog(self.lake) as catalog:
                table = tables.load(catalog, self.table)
            self.__dict__["_known_table"] = table
        frame = tables.scan(table, self.snapshot or head(table))
        if request.columns is not None:
            frame = frame.select(request.columns)
        return frame if request.limit is None else frame.head(request.limit)


@configured
class IcebergLoader(DestinationAdapter):
    """Writes a table of a lake in one snapshot; created if missing.

    append adds columns the table does not have and widens types; overwrite gives the table just the columns of the new
    rows; upsert rewrites only the files that hold a changed key.
    """

    kind: ClassVar[str] = "iceberg"
    capabilities: ClassVar[frozenset[str]] = frozenset(
        {"append", "overwrite", "upsert", "transaction", "nested", "metadata", "watermark"}
    )

    table: TableName
    lake: LakePath = None

    @property
    def name(self) -> str:
        return self.table

    def connect(self) -> None:
        """Open the lake's catalog."""
        stack = self.__dict__.setdefault("_stack", ExitStack())
        self.__dict__["_catalog"] = stack.enter_context(_catalog(self.lake, create=True))

    def close(self) -> None:
        """Close the catalog."""
        self.__dict__.pop("_catalog", None)
        if stack := self.__dict__.pop("_stack", None):
            stack.close()

    def load(self, frame: frames.Frame, mode: Mode = "append", keys: Sequence[str] = ()) -> int:
        """Land the rows; ``commit`` makes them visible. Outside a transaction they are committed at once."""
        if mode == "upsert" and not keys:
            raise ConfigError(f"Upserting into {self.table} needs keys.", "Name the columns that identify a row.")
        if "_catalog" not in self.__dict__:
            self.connect()
            try:
                rows = self.load(frame, mode, keys)
                self.commit()
                return rows
            finally:
                self.rollback()
                self.close()
        stream = frames.stream(frame)
        table = self._open(self.__dict__["_catalog"], stream.schema)
        return self._hold(table, stream, list(keys)) if mode == "upsert" else self._land(table, stream, mode)

    def recall(self, name: str) -> str | None:
        """What the newest snapshot that remembers something under this name says; a rollback takes it back too."""
        catalog: Catalog = self.__dict__["_catalog"]
        table = tables.find(catalog, self.table)
        self.__dict__["_recalled"] = seen = head(table) if table is not None else None
        for snapshot_id in ancestors(table, seen) if table is not None else ():
            assert table is not None
            snapshot = table.snapshot_by_id(snapshot_id)
            said = snapshot.summary[REMEMBERED] if snapshot is not None and snapshot.summary is not None else None
            if said is not None and (found := json.loads(said).get(name)) is not None:
                return str(found)
        return None

    def remember(self, name: str, text: str) -> None:
        """Let the snapshot of this load say it."""
        self.__dict__.setdefault("_remembered", {})[name] = text

    def commit(self) -> None:
        """Publish in one snapshot.

        Raises:
            ConflictError: The table changed meanwhile; nothing is published.
        """
        held = self.__dict__
        remembered = held.pop("_remembered", None)
        said = {REMEMBERED: json.dumps(remembered)} if remembered else {}
        properties = {tables.RUN_ID: uuid.uuid4().hex[:12], **said}
        staging: Staging | None = held.get("_staging")
        if staging is not None:
            staging.publish(properties)
            del held["_staging"]  # until here a rollback deletes the files
        elif "_held" in held:
            folder, table, keys = held.pop("_held")
            with folder:
                upsert(refresh(table), pl.scan_parquet(f"{folder.name}/*.parquet"), keys, properties=properties)
        elif remembered:
            tables.append(tables.load(held["_catalog"], self.table), [], properties=properties)

    def rollback(self) -> None:
        """Delete what was landed, and forget what was to be remembered."""
        held = self.__dict__
        held.pop("_remembered", None)
        staging: Staging | None = held.pop("_staging", None)
        if staging is not None:
            staging.discard()
        if "_held" in held:
            held.pop("_held")[0].cleanup()

    def _open(self, catalog: Catalog, schema: pl.Schema) -> Table:
        if tables.exists(catalog, self.table):
            return tables.load(catalog, self.table)
        return tables.create(catalog, self.table, schema, exist_ok=True)

    def _land(self, table: Table, stream: frames.BatchStream, mode: Mode) -> int:
        difference = schemas.diff(table, stream.schema)
        grown = [*difference.added, *difference.widened]
        change: Any = schemas.grow(stream.schema, grown) if grown else None
        staging = open_staging(table, exactly(table, stream.schema) if mode == "overwrite" else change)
        # rows chosen by what was recalled fit no later state of the table
        staging.fork = self.__dict__.pop("_recalled", None) or staging.fork
        writer = BatchWriter(staging.table)
        try:
            for batch in stream:
                for part in batch.to_arrow(compat_level=pl.CompatLevel.oldest()).to_batches():
                    writer.write(part)
            files = writer.close()
        except BaseException:
            writer.abort()
            raise
        (staging.replace if mode == "overwrite" else staging.append)(files)
        self.__dict__["_staging"] = staging
        return sum(file.record_count for file in files)

    def _hold(self, table: Table, stream: frames.BatchStream, keys: list[str]) -> int:
        """Keep the changes beside the table until ``commit``."""
        folder = TemporaryDirectory(prefix="automic-upsert-")
        rows = 0
        for number, batch in enumerate(stream):
            batch.write_parquet(f"{folder.name}/{number:06}.parquet", compression="lz4")
            rows += batch.height
        if not rows:
            folder.cleanup()
            return 0
        self.__dict__["_held"] = (folder, table, keys)
        return rows

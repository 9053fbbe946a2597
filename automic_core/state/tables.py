"""The state's tables."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeDecorator


class UtcTime(TypeDecorator[datetime]):
    """An instant: aware in Python, stored in UTC with microseconds on every database."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC, without the zone that SQLite cannot store."""
        return value.astimezone(UTC).replace(tzinfo=None) if value is not None else None

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Back to an aware instant."""
        return value.replace(tzinfo=UTC) if value is not None else None


metadata = MetaData()

batches = Table(
    "automic_batches",
    metadata,
    Column("table_name", String, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("content_hash", String, primary_key=True),
    Column("number", Integer, nullable=False),
    UniqueConstraint("table_name", "number"),
)

runs = Table(
    "automic_runs",
    metadata,
    Column("run_id", String, primary_key=True),
    Column("pipeline", String, nullable=False, index=True),
    Column("table_name", String),
    Column("actor", String, nullable=False, default=""),
    Column("state", String, nullable=False),
    Column("started_at", UtcTime, nullable=False, index=True),
    Column("ended_at", UtcTime),
    Column("report", JSON(none_as_null=True)),
    Column("error", Text),
)

watermarks = Table(
    "automic_watermarks",
    metadata,
    Column("name", String, primary_key=True),
    Column("type", String, nullable=False),
    Column("value", Text, nullable=False),
    Column("run_id", String),
    Column("updated_at", UtcTime, nullable=False),
)

drafts = Table(
    "automic_drafts",
    metadata,
    Column("name", String, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("spec", Text, nullable=False),
    Column("actor", String, nullable=False, default=""),
    Column("updated_at", UtcTime, nullable=False),
)

leases = Table(
    "automic_leases",
    metadata,
    Column("name", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("heartbeat_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
)

samples = Table(
    "automic_samples",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("kind", String, nullable=False, index=True),
    Column("data", JSON, nullable=False),
    Column("at", UtcTime, nullable=False),
)

measures = Table(
    "automic_measures",
    metadata,
    Column("table_name", String, primary_key=True),
    Column("snapshot", BigInteger, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("data", JSON, nullable=False),
)

jobs = Table(
    "automic_jobs",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("kind", String, nullable=False),
    Column("table_name", String, nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("arguments", JSON, nullable=False),
    Column("actor", String, nullable=False),
    Column("folder", Text, nullable=False),
    Column("state", String, nullable=False, index=True),
    Column("created_at", UtcTime, nullable=False),
    Column("started_at", UtcTime),
    Column("ended_at", UtcTime),
    Column("cancelling", Boolean, nullable=False, default=False),
    Column("worker", String),
    Column("pid", Integer),
    Column("heartbeat_at", UtcTime),
    Column("base", JSON(none_as_null=True)),
    Column("phase", Text, nullable=False, default=""),
    Column("rows", BigInteger, nullable=False, default=0),
    Column("total", BigInteger),
    Column("eta", Float),
    Column("phases", JSON(none_as_null=True)),
    Column("run_id", String),
    Column("run_ids", JSON(none_as_null=True)),
    Column("result", JSON(none_as_null=True)),
    Column("error", Text),
    Column("hint", Text),
)

model_calls = Table(
    "automic_model_calls",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("at", UtcTime, nullable=False),
    Column("actor", String, nullable=False),
    Column("purpose", String, nullable=False),
    Column("model", String, nullable=False),
    Column("host", String, nullable=False),
    Column("sent", JSON, nullable=False),
    Column("answer", Text),
    Column("outcome", String, nullable=False),
    Column("error", Text),
    Column("tokens_in", Integer, nullable=False),
    Column("tokens_out", Integer, nullable=False),
    Column("cost", Float, nullable=False),
    Column("seconds", Float, nullable=False),
)

model_spending = Table(
    "automic_model_spending",
    metadata,
    Column("day", String, primary_key=True),
    Column("tokens", BigInteger, nullable=False),
    Column("cost", Float, nullable=False),
)

model_answers = Table(
    "automic_model_answers",
    metadata,
    Column("key", String, primary_key=True),
    Column("answer", Text, nullable=False),
    Column("used_at", UtcTime, nullable=False, index=True),
)

model_consents = Table(
    "automic_model_consents",
    metadata,
    Column("subject", String, primary_key=True),
    Column("actor", String, nullable=False),
    Column("at", UtcTime, nullable=False),
)

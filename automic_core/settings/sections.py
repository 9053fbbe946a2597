"""The sections of automic.yaml and their defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationInfo,
    field_validator,
)

from automic_core.settings.cloud import AwsStorage, AzureStorage, GcpStorage, Section
from automic_core.settings.secret import Secret

_SENSITIVE = ("secret", "password", "token", "credential", "account-key", "access-key", "private-key")


class LakehouseSection(Section):
    """The lake's name and where its tables lie."""

    name: str = "lake"
    provider: Literal["local", "aws", "gcp", "azure"] = "local"


class LocalStorage(Section):
    """A folder on this machine.

    Attributes:
        path: Folder of the warehouse; relative to the lake, None = ``warehouse`` in the lake.
    """

    path: Path | None = None


class StorageSection(Section):
    """Settings of each provider; ``lakehouse.provider`` chooses."""

    local: LocalStorage = LocalStorage()
    aws: AwsStorage = AwsStorage()
    gcp: GcpStorage = GcpStorage()
    azure: AzureStorage = AzureStorage()


class CatalogSection(Section):
    """The Iceberg catalog.

    Attributes:
        uri: Address of the catalog; for "sql" a database URL, None = a SQLite file in the lake.
        password: Goes into a "sql" uri that names a user.
        properties: More pyiceberg properties; credentials among them are written ``secret:NAME``.
    """

    type: Literal["sql", "rest", "glue", "hive"] = "sql"
    uri: str | None = None
    warehouse: str | None = None
    password: Secret | None = None
    credential: Secret | None = None
    token: Secret | None = None
    properties: dict[str, Annotated[Secret | str, Field(union_mode="left_to_right")]] = {}

    @field_validator("uri")
    @classmethod
    def _no_password(cls, uri: str | None) -> str | None:
        if uri and urlsplit(uri).password:
            raise ValueError("a password is never written in the uri; set 'password: secret:NAME' beside it")
        return uri

    @field_validator("properties")
    @classmethod
    def _no_literals(cls, properties: dict[str, Secret | str]) -> dict[str, Secret | str]:
        for key, value in properties.items():
            if isinstance(value, str) and any(word in key.lower() for word in _SENSITIVE) and not _harmless(key, value):
                raise ValueError(f"the property {key!r} is a secret; write it as secret:NAME and declare NAME")
        return properties


def _harmless(key: str, value: str) -> bool:
    """Properties that only sound secret: flags, times and addresses ("...token-expires-at", "oauth2-server-uri")."""
    return value.lower() in ("true", "false") or value.isdecimal() or key.endswith("-uri")


class IcebergSection(Section):
    """Apache Iceberg."""

    catalog: CatalogSection = CatalogSection()


class LayerSection(Section):
    """One layer of the medallion.

    Attributes:
        path: Folder of the layer's tables inside the warehouse.
        retention_days: Age in days after which states of a table are forgotten, when it is next published or followed;
            None = keep all, but of those that following made only the newest and those of the last minutes. States that
            a tag, a branch or the newest state of another table refers to stay, and so do all states of a bronze table
            that takes in batches: they are the record of what it took in.
    """

    path: str
    retention_days: PositiveInt | None = None


class MedallionSection(Section):
    """Bronze, silver and gold."""

    bronze: LayerSection = LayerSection(path="bronze/")
    silver: LayerSection = LayerSection(path="silver/")
    gold: LayerSection = LayerSection(path="gold/")

    @field_validator("*", mode="before")
    @classmethod
    def _default_path(cls, value: object, info: ValidationInfo) -> object:
        return {"path": f"{info.field_name}/", **value} if isinstance(value, dict) else value


class LlmSection(Section):
    """The language model; nothing is sent anywhere while ``mode`` is "off".

    Attributes:
        provider: openai, anthropic, ollama, llama.cpp, or compatible (any server that speaks OpenAI's protocol).
        mode: off; local = on this machine only, whatever else is set; remote = wherever ``api_key`` may go.
        api_base: Address of the server; None = the provider's own.
        timeout_seconds: How long an answer may take, repeated tries included.
        retries: Further tries after a fault that may pass: the server is busy, or cannot be reached.
        answer_tokens: Most tokens of one answer.
        daily_tokens: Tokens that may be sent and received in a day (UTC); None = any number.
        daily_cost: US dollars that may be spent in a day (UTC); None = any sum.
        input_price, output_price: US dollars a million tokens of a remote model; None = as listed by LiteLLM.
    """

    provider: str | None = None
    model: str | None = None
    mode: Literal["off", "local", "remote"] = "off"
    api_base: str | None = None
    api_key: Secret | None = None
    timeout_seconds: PositiveFloat = 60.0
    retries: NonNegativeInt = 2
    answer_tokens: PositiveInt = 2_000
    daily_tokens: PositiveInt | None = 500_000
    daily_cost: PositiveFloat | None = 1.0
    input_price: NonNegativeFloat | None = None
    output_price: NonNegativeFloat | None = None

    @field_validator("api_base")
    @classmethod
    def _no_login(cls, address: str | None) -> str | None:
        parts = urlsplit(address or "http://host")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("the address of a model's server begins with http:// or https://")
        if parts.username or parts.password or parts.query:
            raise ValueError("a key is never written in the address; set 'api_key: secret:NAME' beside it")
        return address


class ExtractionSection(Section):
    """How sources are read when a pipeline does not say."""

    default_mode: Literal["batch", "incremental", "delta"] = "batch"
    batch_size: PositiveInt = 100_000


class SqlSection(Section):
    """Limits of a SQL statement, which runs in a process of its own.

    Attributes:
        page_seconds: How long a statement may take whose first rows a page shows.
        kept_seconds: How long one whose whole answer is wanted may take: a gold table, a download, the command line.
        memory_bytes: What it may hold in memory before it spills to disk; its process may take twice that (or 4 GiB).
        spill_bytes: Most it may spill, and most that its answer may take on disk until it is stored.
    """

    page_seconds: PositiveFloat = 60.0
    kept_seconds: PositiveFloat = 300.0
    memory_bytes: PositiveInt = 2 << 30
    spill_bytes: PositiveInt = 10 << 30

    @property
    def memory(self) -> str:
        """As DuckDB reads it, and a person."""
        return f"{max(self.memory_bytes >> 20, 1)}MiB"

    @property
    def spill(self) -> str:
        """As DuckDB reads it, and a person."""
        return f"{max(self.spill_bytes >> 20, 1)}MiB"


class JobsSection(Section):
    """Work that outlives the page that began it."""

    workers: PositiveInt = 1


class SecuritySection(Section):
    """What may be read, and how much of it.

    Attributes:
        allowed_roots: Folders that may be read besides the lake; relative to the lake.
        allowed_schemes: URL schemes besides those of the lake's own storage.
        allowed_hosts: Hosts that may be read although they are private or loopback.
        max_upload_bytes: Largest upload, in decompressed bytes.
        max_decompressed_bytes: Largest decompressed size of one file.
        max_ratio: Largest ratio of decompressed to stored bytes.
        max_columns: Most columns an upload may have.
    """

    allowed_roots: list[Path] = []
    allowed_schemes: list[str] = ["file"]
    allowed_hosts: list[str] = []
    max_upload_bytes: PositiveInt = 1 << 30
    max_decompressed_bytes: PositiveInt = 64 << 30
    max_ratio: PositiveFloat = 200.0
    max_columns: PositiveInt = 20_000

"""Storage of the three clouds: each setting once, with its name in each of the three dialects beside it.

Names are those of s3fs / gcsfs / adlfs, of the object_store crate (Polars) and of pyiceberg's FileIO properties.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, NamedTuple
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from automic_core.settings.secret import Secret

Dialect = Literal["fsspec", "polars", "iceberg"]
Reveal = Callable[[Secret, str], str]


class Names(NamedTuple):
    """A setting's name in each dialect; a dot nests, ``name=value`` is said when the setting is true."""

    fsspec: str | None
    polars: str | None
    iceberg: str | None


class Section(BaseModel):
    """A part of the settings: immutable, and strict about its keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


MaybeSecret = Annotated[Secret | str | None, Field(union_mode="left_to_right")]


class CloudStorage(Section, ABC):
    """What the three clouds share."""

    schemes: ClassVar[tuple[str, ...]]
    driver: ClassVar[str]
    extra: ClassVar[str]
    http_option: ClassVar[str] = ""

    endpoint: str | None = None

    @property
    def host(self) -> str:
        """The host that receives this storage's credentials."""
        return (urlsplit(self.endpoint).hostname or "") if self.endpoint else self._default_host()

    @abstractmethod
    def _default_host(self) -> str:
        """The host where no endpoint is set."""

    @property
    @abstractmethod
    def root(self) -> str | None:
        """URL of the bucket or container, None when none is set."""

    def options(self, dialect: Dialect, reveal: Reveal) -> dict[str, Any]:
        """These settings as one dialect's options; secrets are revealed for this storage's host.

        Args:
            dialect: "fsspec" keyword arguments, "polars" storage_options, or "iceberg" FileIO properties.
            reveal: Resolves a secret for a host (``Settings.reveal``).

        Raises:
            AutomicError: A secret cannot be resolved.
        """
        options: dict[str, Any] = {}
        for field, info in type(self).model_fields.items():
            value = getattr(self, field)
            names = next((m for m in info.metadata if isinstance(m, Names)), None)
            name = getattr(names, dialect) if names else None
            if name is None or value is None or value is False:
                continue
            if isinstance(value, Secret):
                value = reveal(value, self.host)
            name, _, constant = name.partition("=")
            text = str(value).lower() if isinstance(value, bool) else str(value)
            _put(options, name, constant or (value if dialect == "fsspec" and isinstance(value, bool) else text))
        if dialect == "polars" and (self.endpoint or "").startswith("http://") and self.http_option:
            options[self.http_option] = "true"
        return options


def _put(options: dict[str, Any], name: str, value: Any) -> None:
    """Set ``a.b`` inside nested dictionaries only for fsspec's keyword arguments of arguments."""
    outer, _, inner = name.partition(".")
    if outer == "client_kwargs":
        options.setdefault(outer, {})[inner] = value
    else:
        options[name] = value


class AwsStorage(CloudStorage):
    """Amazon S3, or any store that speaks its protocol (set ``endpoint``)."""

    schemes = ("s3", "s3a")
    driver = "s3fs"
    extra = "s3"
    http_option = "aws_allow_http"

    bucket: str | None = None
    region: Annotated[str | None, Names("client_kwargs.region_name", "aws_region", "s3.region")] = None
    endpoint: Annotated[str | None, Names("endpoint_url", "aws_endpoint_url", "s3.endpoint")] = None
    access_key_id: Annotated[MaybeSecret, Names("key", "aws_access_key_id", "s3.access-key-id")] = None
    secret_access_key: Annotated[Secret | None, Names("secret", "aws_secret_access_key", "s3.secret-access-key")] = None
    session_token: Annotated[Secret | None, Names("token", "aws_session_token", "s3.session-token")] = None
    anonymous: Annotated[bool, Names("anon", "aws_skip_signature", "s3.anonymous")] = False

    def _default_host(self) -> str:
        return f"s3.{self.region}.amazonaws.com" if self.region else "s3.amazonaws.com"

    @property
    def root(self) -> str | None:
        return f"s3://{self.bucket}" if self.bucket else None


class GcpStorage(CloudStorage):
    """Google Cloud Storage; without credentials the machine's own (application default) are used."""

    schemes = ("gs", "gcs")
    driver = "gcsfs"
    extra = "gcs"

    bucket: str | None = None
    project: Annotated[str | None, Names("project", None, "gcs.project-id")] = None
    endpoint: Annotated[str | None, Names("endpoint_url", "google_base_url", "gcs.service.host")] = None
    credentials_file: Annotated[Path | None, Names("token", "google_service_account", "gcs.oauth2.token")] = None
    token: Annotated[Secret | None, Names("token", "google_bearer_token", "gcs.oauth2.token")] = None
    anonymous: Annotated[bool, Names("token=anon", "google_skip_signature", "gcs.oauth2.token=anon")] = False

    def _default_host(self) -> str:
        return "storage.googleapis.com"

    @property
    def root(self) -> str | None:
        return f"gs://{self.bucket}" if self.bucket else None


class AzureStorage(CloudStorage):
    """Azure Blob Storage and Data Lake Storage Gen2."""

    schemes = ("abfs", "abfss", "az")
    driver = "adlfs"
    extra = "azure"
    http_option = "azure_allow_http"

    container: str | None = None
    account: Annotated[str | None, Names("account_name", "azure_storage_account_name", "adls.account-name")] = None
    endpoint: Annotated[str | None, Names(None, "azure_storage_endpoint", None)] = None
    account_host: Annotated[str | None, Names("account_host", None, "adls.account-host")] = None
    account_key: Annotated[Secret | None, Names("account_key", "azure_storage_account_key", "adls.account-key")] = None
    sas_token: Annotated[Secret | None, Names("sas_token", "azure_storage_sas_token", "adls.sas-token")] = None
    connection_string: Annotated[Secret | None, Names("connection_string", None, "adls.connection-string")] = None
    tenant_id: Annotated[str | None, Names("tenant_id", "azure_storage_tenant_id", "adls.tenant-id")] = None
    client_id: Annotated[str | None, Names("client_id", "azure_storage_client_id", "adls.client-id")] = None
    client_secret: Annotated[
        Secret | None, Names("client_secret", "azure_storage_client_secret", "adls.client-secret")
    ] = None
    anonymous: Annotated[bool, Names("anon", "azure_skip_signature", "adls.anon")] = False

    def _default_host(self) -> str:
        return self.account_host or f"{self.account or 'unnamed'}.blob.core.windows.net"

    @property
    def root(self) -> str | None:
        return f"abfs://{self.container}" if self.container else None

    def options(self, dialect: Dialect, reveal: Reveal) -> dict[str, Any]:
        """As in the base; pyiceberg's Arrow file system lacks the Blob endpoint, so Azure always takes fsspec's."""
        options = super().options(dialect, reveal)
        if dialect == "iceberg":
            options["py-io-impl"] = "pyiceberg.io.fsspec.FsspecFileIO"
        if dialect == "polars" and self.connection_string is not None:
            pairs = (part.split("=", 1) for part in reveal(self.connection_string, self.host).split(";") if "=" in part)
            parts = {key.lower(): value for key, value in pairs}
            for part, name in _CONNECTION_PARTS.items():
                if part in parts:
                    options.setdefault(name, parts[part])
            if parts.get("blobendpoint", "").startswith("http://"):
                options[self.http_option] = "true"
        return options


_CONNECTION_PARTS = {
    "accountname": "azure_storage_account_name",
    "accountkey": "azure_storage_account_key",
    "blobendpoint": "azure_storage_endpoint",
    "sharedaccesssignature": "azure_storage_sas_token",
}

"""Settings of a lake: arguments, then the environment (``AUTOMIC_``), then automic.yaml, then defaults."""

from __future__ import annotations

from contextvars import ContextVar
from pathlib import Path
from typing import Any

from pydantic import PrivateAttr, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from automic_core.errors import ConfigError
from automic_core.settings.catalog import catalog_properties, warehouse
from automic_core.settings.cloud import AwsStorage, AzureStorage, CloudStorage, Dialect, GcpStorage, Section
from automic_core.settings.problems import explain, read_yaml, undeclared_secrets
from automic_core.settings.secret import Secret, SecretOrigin, reveal
from automic_core.settings.sections import (
    ExtractionSection,
    IcebergSection,
    JobsSection,
    LakehouseSection,
    LlmSection,
    MedallionSection,
    SecuritySection,
    SqlSection,
    StorageSection,
)

__all__ = [
    "FILE_NAME",
    "AwsStorage",
    "AzureStorage",
    "CloudStorage",
    "Dialect",
    "GcpStorage",
    "Secret",
    "SecretOrigin",
    "Section",
    "Settings",
    "SqlSection",
]

FILE_NAME = "automic.yaml"
_file_values: ContextVar[dict[str, Any]] = ContextVar("automic_settings_file")


class Settings(BaseSettings):
    """Everything that can be set about a lake; immutable, its keys checked, its secrets only named."""

    model_config = SettingsConfigDict(
        env_prefix="AUTOMIC_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    lakehouse: LakehouseSection = LakehouseSection()
    storage: StorageSection = StorageSection()
    iceberg: IcebergSection = IcebergSection()
    medallion: MedallionSection = MedallionSection()
    llm: LlmSection = LlmSection()
    extraction: ExtractionSection = ExtractionSection()
    sql: SqlSection = SqlSection()
    jobs: JobsSection = JobsSection()
    security: SecuritySection = SecuritySection()
    secrets: dict[str, SecretOrigin] = {}

    _file: Path | None = PrivateAttr(default=None)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, environment, the YAML file that ``load`` has read."""
        return init_settings, env_settings, InitSettingsSource(settings_cls, _file_values.get({}))

    @classmethod
    def load(cls, path: Path | str | None = None, **arguments: Any) -> Settings:
        """Read and check the settings.

        Args:
            path: A YAML file, or a lake's folder, whose automic.yaml is read if there is one; None = no file.
            arguments: Sections or parts of sections (``jobs={"workers": 2}``); they win over all else.

        Raises:
            ConfigError: An unknown key, a wrong value, a literal or undeclared secret; names file, key and value.
        """
        file = Path(path) if path is not None else None
        if file is not None and file.is_dir():
            file = file / FILE_NAME if (file / FILE_NAME).is_file() else None
        token = _file_values.set(read_yaml(file) if file is not None else {})
        try:
            settings = cls(**arguments)
        except (ValidationError, SettingsError) as exc:
            raise explain(exc, cls, file, arguments) from exc
        finally:
            _file_values.reset(token)
        settings._file = file
        if problem := undeclared_secrets(settings, settings.secrets):
            raise ConfigError(f"{file or 'settings'}: {problem[0]}", problem[1])
        return settings

    @property
    def file(self) -> Path | None:
        """The YAML file these settings came from, if any."""
        return self._file

    @property
    def cloud(self) -> CloudStorage | None:
        """The storage section of ``lakehouse.provider``; None for a local lake."""
        sections: dict[str, CloudStorage] = {
            "aws": self.storage.aws,
            "gcp": self.storage.gcp,
            "azure": self.storage.azure,
        }
        return sections.get(self.lakehouse.provider)

    def reveal(self, secret: Secret, host: str) -> str:
        """The value of ``secret``, to be sent to ``host`` and nowhere else.

        Raises:
            ConfigError: Not declared, or its variable or file is missing.
            SecurityError: ``host`` is not among the secret's declared hosts.
        """
        return reveal(secret, host, self.secrets)

    def warehouse(self, root: Path | str) -> str:
        """URL under which the tables lie, without a trailing slash; ``root`` is the lake's folder.

        Raises:
            ConfigError: The provider's bucket or container is not set.
        """
        return warehouse(self.iceberg.catalog, self.cloud, self.storage.local, Path(root))

    def catalog_properties(self, root: Path | str) -> dict[str, str]:
        """What ``pyiceberg.catalog.load_catalog`` needs for this catalog and storage; holds revealed secrets.

        Args:
            root: The lake's folder; holds the SQLite catalog unless another is set.

        Raises:
            ConfigError: A setting that this catalog or storage needs is missing.
            SecurityError: A secret is not declared for the host it would be sent to.
        """
        return catalog_properties(self.iceberg.catalog, self.cloud, self.warehouse(root), Path(root), self.reveal)

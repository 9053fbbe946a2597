"""Settings: where a value comes from, what is said when it is wrong, and that secrets stay secret."""

from __future__ import annotations

import copy
import json
import os
import pickle
import traceback
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel, TypeAdapter
from pydantic.dataclasses import dataclass

from automic_core.errors import ConfigError, SecurityError
from automic_core.settings import Secret, Settings

MISSION = """
lakehouse:
  name: "my_lakehouse"
  provider: "aws"  # aws, gcp, azure

storage:
  aws:
    bucket: "my-lakehouse-bucket"
    region: "us-east-1"

iceberg:
  catalog:
    type: "glue"  # glue, hive, rest
    warehouse: "s3://my-lakehouse-bucket/warehouse"

medallion:
  bronze:
    path: "bronze/"
    retention_days: 90
  silver:
    path: "silver/"
    retention_days: 365
  gold:
    path: "gold/"

llm:
  provider: "anthropic"
  model: "claude-sonnet-4-20250514"

extraction:
  default_mode: "incremental"
  batch_size: 100000
"""

VALUE = "hunter2-is-the-value"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AUTOMIC_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "automic.yaml"


def load(file: Path, text: str, **arguments: object) -> Settings:
    file.write_text(text, encoding="utf-8")
    return Settings.load(file, **arguments)


def refused(file: Path, text: str, **arguments: object) -> str:
    with pytest.raises(ConfigError) as caught:
        load(file, text, **arguments)
    everything = "".join(traceback.format_exception(caught.value))
    assert VALUE not in everything, "not even the traceback shows a secret"
    return str(caught.value)


class TestSources:
    def test_the_missions_file_loads_as_it_stands(self, file: Path) -> None:
        settings = load(file, MISSION)
        assert (settings.lakehouse.name, settings.lakehouse.provider) == ("my_lakehouse", "aws")
        assert settings.storage.aws.bucket == "my-lakehouse-bucket"
        assert [layer.retention_days for _, layer in settings.medallion] == [90, 365, None]
        assert (settings.llm.model, settings.llm.mode) == ("claude-sonnet-4-20250514", "off")
        assert (settings.extraction.default_mode, settings.extraction.batch_size) == ("incremental", 100_000)
        assert settings.file == file

    def test_a_folder_gives_its_file_or_the_defaults(self, file: Path) -> None:
        assert Settings.load(file.parent) == Settings.load()
        file.write_text("jobs: {workers: 3}")
        assert Settings.load(file.parent).jobs.workers == 3

    def test_arguments_win_over_environment_over_file_over_defaults(
        self, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        text = "jobs: {workers: 2}\nextraction: {batch_size: 2, default_mode: delta}"
        assert Settings.load().jobs.workers == 1
        assert load(file, text).jobs.workers == 2
        monkeypatch.setenv("AUTOMIC_JOBS__WORKERS", "3")
        monkeypatch.setenv("AUTOMIC_EXTRACTION__BATCH_SIZE", "3")
        monkeypatch.setenv("AUTOMIC_SECURITY__ALLOWED_HOSTS", '["db.internal"]')
        settings = load(file, text, jobs={"workers": 4})
        assert (settings.jobs.workers, settings.extraction.batch_size) == (4, 3)
        assert settings.extraction.default_mode == "delta", "sections are merged key by key"
        assert settings.security.allowed_hosts == ["db.internal"]

    def test_one_load_does_not_colour_the_next(self, file: Path) -> None:
        load(file, "jobs: {workers: 2}")
        assert Settings.load().jobs.workers == 1
        assert Settings().jobs.workers == 1

    def test_empty_files_and_sections_mean_defaults(self, file: Path) -> None:
        for text in ("", "# nothing\n", "jobs:\n  # workers: 2\n"):
            assert load(file, text).model_dump() == Settings.load().model_dump()

    def test_off_is_a_word(self, file: Path) -> None:
        assert load(file, "llm: {mode: off}").llm.mode == "off"
        assert load(file, "storage: {aws: {anonymous: yes}}").storage.aws.anonymous is True
        assert load(file, "storage: {aws: {anonymous: True}}").storage.aws.anonymous is True

    def test_settings_cannot_be_changed(self) -> None:
        with pytest.raises(ValueError, match="frozen"):
            Settings.load().jobs.workers = 5  # type: ignore[misc]

    def test_a_dump_loads_again(self, file: Path) -> None:
        settings = load(file, MISSION)
        again = load(file, yaml.safe_dump(settings.model_dump(mode="json", exclude_none=True)))
        assert again == settings

    def test_the_json_schema_describes_every_section(self) -> None:
        schema = Settings.model_json_schema()
        assert set(schema["properties"]) == set(Settings.model_fields)
        assert json.loads(json.dumps(schema)) == schema
        assert schema["$defs"]["AwsStorage"]["properties"]["secret_access_key"]["anyOf"][0]["format"] == "secret"


class TestProblems:
    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("lakehose: {}", ["unknown key 'lakehose'", "Did you mean 'lakehouse'"]),
            ("storage: {aws: {regoin: x}}", ["unknown key 'storage.aws.regoin'", "Did you mean 'region'"]),
            ("jobs: {zzz: 1}", ["unknown key 'jobs.zzz'", "Known keys: workers"]),
            ("secrets: {a: {evn: X, hosts: [h]}}", ["secrets.a.evn", "Did you mean 'env'"]),
            ("jobs: {workers: many}", ["jobs.workers", "'many'"]),
            ("jobs: {workers: 0}", ["jobs.workers", "greater than 0", "not 0"]),
            ("jobs: 3", ["jobs", "not 3"]),
            ("llm: {mode: on}", ["llm.mode", "'off', 'local' or 'remote'", "'on'"]),
            ("lakehouse: {provider: azur}", ["lakehouse.provider", "'azur'"]),
            ("secrets: {a: {env: X}}", ["secrets.a.hosts", "required"]),
            ("secrets: {a: {env: X, hosts: ['*']}}", ["secrets.a", "'*' alone"]),
            ("secrets: {a: {env: X, file: y, hosts: [h]}}", ["secrets.a", "exactly one"]),
            ("jobs: {workers: 1}\njobs: {workers: 2}", ["line 2", "'jobs' stands twice"]),
            ("jobs: {workers: [", ["line 1"]),
            ("jobs:\n\tworkers: 1", ["line 2"]),
            ("- a list", ["holds a list"]),
        ],
    )
    def test_each_names_file_key_and_value(self, file: Path, text: str, words: list[str]) -> None:
        message = refused(file, text)
        for word in [str(file), *words]:
            assert word in message, message

    def test_every_fault_at_once(self, file: Path) -> None:
        message = refused(file, "jobs: {workers: x}\nextraction: {batch_size: y, mode: z}")
        for word in ("jobs.workers", "extraction.batch_size", "extraction.mode"):
            assert word in message

    def test_the_place_of_the_fault_is_named(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        assert refused(file, "", jobs={"workers": "x"}).startswith("argument: jobs.workers")
        monkeypatch.setenv("AUTOMIC_JOBS__WORKERS", "x")
        assert refused(file, "").startswith("environment variable AUTOMIC_JOBS__WORKERS: jobs.workers")
        monkeypatch.setenv("AUTOMIC_JOBS", "{x")
        assert "jobs" in refused(file, "")

    def test_files_that_cannot_be_read(self, tmp_path: Path, file: Path) -> None:
        with pytest.raises(ConfigError, match=r"none\.yaml: cannot be read"):
            Settings.load(tmp_path / "none.yaml")
        file.write_bytes(b"lakehouse: {name: \xff}")
        with pytest.raises(ConfigError, match="not UTF-8 text at byte 18"):
            Settings.load(file)

    def test_yaml_makes_no_objects(self, file: Path) -> None:
        assert "constructor" in refused(file, "jobs: !!python/object/apply:os.getcwd []")


class TestSecrets:
    DECLARED = "secrets: {key: {env: MY_KEY, hosts: [s3.eu-west-1.amazonaws.com, '*.example.com']}}\n"

    @pytest.mark.parametrize("written", ["secret:key", "${key}"])
    def test_a_declared_name_resolves_for_its_hosts_only(
        self, file: Path, monkeypatch: pytest.MonkeyPatch, written: str
    ) -> None:
        settings = load(file, self.DECLARED + f"llm: {{api_key: '{written}'}}")
        secret = settings.llm.api_key
        assert secret == Secret("key")
        with pytest.raises(ConfigError, match="MY_KEY of secret 'key' is not set"):
            settings.reveal(secret, "api.example.com")
        monkeypatch.setenv("MY_KEY", VALUE)
        assert settings.reveal(secret, "api.example.com") == VALUE
        assert settings.reveal(secret, "S3.eu-west-1.AMAZONAWS.com") == VALUE
        for host in ("example.com", "evil-example.com", "api.example.com.evil.org", "", "s3.us-east-1.amazonaws.com"):
            with pytest.raises(SecurityError, match="may go to"):
                settings.reveal(secret, host)

    def test_from_a_file(self, tmp_path: Path, file: Path) -> None:
        settings = load(
            file, f"secrets: {{key: {{file: '{tmp_path}/key.txt', hosts: [h]}}}}\nllm: {{api_key: secret:key}}"
        )
        with pytest.raises(ConfigError, match=r"key\.txt of secret 'key' cannot be read"):
            settings.reveal(Secret("key"), "h")
        (tmp_path / "key.txt").write_text(VALUE + "\n")
        assert settings.reveal(Secret("key"), "h") == VALUE

    def test_it_is_never_shown(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MY_KEY", VALUE)
        settings = load(file, self.DECLARED + "storage: {aws: {secret_access_key: 'secret:key'}}")
        settings.reveal(Secret("key"), "a.example.com")
        literal = Secret.literal(VALUE)
        shown = [repr(settings), str(settings), settings.model_dump_json(), str(settings.model_dump()), repr(literal)]
        shown += [str(literal), f"{literal}", TypeAdapter(Secret).dump_json(literal).decode()]
        assert not [one for one in shown if VALUE in one]
        assert '"secret_access_key":"secret:key"' in settings.model_dump_json()
        assert copy.deepcopy(settings) == settings

    def test_a_literal_refuses_to_be_pickled(self) -> None:
        with pytest.raises(TypeError, match="literal"):
            pickle.dumps(Secret.literal(VALUE))
        assert pickle.loads(pickle.dumps(Secret("key"))) == Secret("key")

    @pytest.mark.parametrize(
        "text",
        [
            f"storage: {{aws: {{secret_access_key: {VALUE}}}}}",
            f"llm: {{api_key: {VALUE}}}",
            f"llm: {{api_key: [{VALUE}]}}",
            f"iceberg: {{catalog: {{properties: {{s3.secret-access-key: {VALUE}}}}}}}",
            f"iceberg: {{catalog: {{properties: {{token: {VALUE}}}}}}}",
            f"iceberg: {{catalog: {{uri: 'postgresql://me:{VALUE}@db/lake'}}}}",
            f"storage: {{aws: {{pasword: {VALUE}}}}}",
            f"secrets: {{a: {{value: {VALUE}, hosts: [h]}}}}",
            f"secrets: {{a: {VALUE}}}",
        ],
    )
    def test_literals_in_a_file_are_refused_and_not_repeated(self, file: Path, text: str) -> None:
        assert str(file) in refused(file, text)

    def test_the_hint_shows_how_to_write_it(self, file: Path) -> None:
        message = refused(file, f"llm: {{api_key: {VALUE}}}")
        assert "write secret:NAME and declare NAME under 'secrets:'" in message

    def test_undeclared_names_are_found_at_load(self, file: Path) -> None:
        message = refused(file, self.DECLARED + "llm: {api_key: 'secret:kye'}")
        assert "llm.api_key: the secret 'kye' is not declared" in message
        assert "Did you mean 'key'" in message
        assert "MY_KEY" not in refused(file, "llm: {api_key: '${HOME}'}"), "a variable is no secret by itself"

    def test_only_secret_fields_resolve(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MY_KEY", VALUE)
        settings = load(file, self.DECLARED + "lakehouse: {name: 'secret:key'}\nllm: {model: '${key}'}")
        assert (settings.lakehouse.name, settings.llm.model) == ("secret:key", "${key}")

    def test_an_adapter_may_have_a_secret_field(self) -> None:
        @dataclass(frozen=True)
        class Source:
            password: Secret | None = None

        class Spec(BaseModel):
            source: Source

        spec = Spec.model_validate({"source": {"password": "secret:key"}})
        assert spec.model_dump(mode="json") == {"source": {"password": "secret:key"}}
        assert Source(password=Secret.literal(VALUE)).password is not None
        with pytest.raises(ValueError, match="secret:NAME"):
            Spec.model_validate({"source": {"password": "x"}})


class TestCatalog:
    def test_a_local_lake_needs_nothing(self, tmp_path: Path) -> None:
        properties = Settings.load().catalog_properties(tmp_path / "my lake")
        assert properties == {
            "type": "sql",
            "uri": f"sqlite:///{tmp_path}/my lake/catalog.db?timeout=60",
            "warehouse": f"file://{tmp_path}/my lake/warehouse",
        }

    def test_its_properties_open_a_catalog(self, tmp_path: Path) -> None:
        pyiceberg = pytest.importorskip("pyiceberg.catalog")
        (tmp_path / "my lake").mkdir()
        catalog = pyiceberg.load_catalog("lake", **Settings.load().catalog_properties(tmp_path / "my lake"))
        catalog.create_namespace("bronze")
        assert catalog.list_namespaces() == [("bronze",)]
        catalog.close()
        assert (tmp_path / "my lake/catalog.db").is_file()

    def test_local_paths(self, tmp_path: Path) -> None:
        settings = Settings.load(storage={"local": {"path": "tables"}})
        assert settings.warehouse(tmp_path) == f"file://{tmp_path}/tables"
        assert Settings.load(storage={"local": {"path": "/data"}}).warehouse(tmp_path) == "file:///data"

    def test_glue_gets_the_storages_keys_under_both_names(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MY_KEY", VALUE)
        arguments = {
            "storage": {"aws": {"access_key_id": "AKIA", "secret_access_key": "secret:key"}},
            "secrets": {"key": {"env": "MY_KEY", "hosts": ["*.amazonaws.com"]}},
        }
        assert load(file, MISSION, **arguments).catalog_properties(file.parent) == {
            "type": "glue",
            "warehouse": "s3://my-lakehouse-bucket/warehouse",
            "s3.region": "us-east-1",
            "s3.access-key-id": "AKIA",
            "s3.secret-access-key": VALUE,
            "glue.region": "us-east-1",
            "glue.access-key-id": "AKIA",
            "glue.secret-access-key": VALUE,
        }

    def test_rest_with_a_credential(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("MY_KEY", VALUE)
        catalog = {
            "type": "rest",
            "uri": "http://127.0.0.1:18181",
            "warehouse": "s3://lake/",
            "credential": "secret:key",
            "properties": {"rest.signing-name": "s3tables", "token-refresh-enabled": "true"},
        }
        secrets = {"key": {"env": "MY_KEY", "hosts": ["127.0.0.1"]}}
        properties = Settings.load(iceberg={"catalog": catalog}, secrets=secrets).catalog_properties(tmp_path)
        assert properties["credential"] == VALUE
        assert (properties["uri"], properties["warehouse"]) == ("http://127.0.0.1:18181", "s3://lake/")
        moved = {**catalog, "uri": "http://evil.example"}
        with pytest.raises(SecurityError, match=r"not to 'evil\.example'"):
            Settings.load(iceberg={"catalog": moved}, secrets=secrets).catalog_properties(tmp_path)

    def test_a_database_with_a_password(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("MY_KEY", "p@ss/word")
        catalog = {"uri": "postgresql+psycopg2://me@db.example.com/lake", "password": "secret:key"}
        settings = Settings.load(
            iceberg={"catalog": catalog}, secrets={"key": {"env": "MY_KEY", "hosts": ["db.example.com"]}}
        )
        uri = settings.catalog_properties(tmp_path)["uri"]
        assert uri == "postgresql+psycopg2://me:p%40ss%2Fword@db.example.com/lake"

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ({"lakehouse": {"provider": "aws"}}, r"storage\.aws\.bucket is not set"),
            ({"lakehouse": {"provider": "gcp"}}, r"storage\.gcp\.bucket is not set"),
            ({"lakehouse": {"provider": "azure"}}, r"storage\.azure\.container is not set"),
            ({"iceberg": {"catalog": {"type": "rest"}}}, "needs its address"),
            ({"iceberg": {"catalog": {"type": "hive"}}}, "thrift://host"),
            ({"iceberg": {"catalog": {"uri": "no url"}}}, "not a database URL"),
        ],
    )
    def test_what_is_missing_is_named(self, tmp_path: Path, arguments: dict, words: str) -> None:
        with pytest.raises(ConfigError, match=words):
            Settings.load(**arguments).catalog_properties(tmp_path)

    @pytest.mark.parametrize(
        ("provider", "section", "root"),
        [
            ("aws", {"bucket": "b"}, "s3://b"),
            ("gcp", {"bucket": "b"}, "gs://b"),
            ("azure", {"container": "c"}, "abfs://c"),
        ],
    )
    def test_a_buckets_warehouse(self, tmp_path: Path, provider: str, section: dict, root: str) -> None:
        settings = Settings.load(lakehouse={"provider": provider}, storage={provider: section})
        assert settings.warehouse(tmp_path) == f"{root}/warehouse"


def test_the_example_environment_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    example = Path(__file__).parents[2] / ".env.example"
    lines = [line.removeprefix("# ") for line in example.read_text().splitlines()]
    assignments = [line.split(" #")[0].strip().split("=", 1) for line in lines if line.split("=")[0].isupper()]
    assert len(assignments) > 8
    for name, value in assignments:
        monkeypatch.setenv(name, value.strip("'"))
    settings = Settings.load()
    assert settings.storage.aws.secret_access_key == Secret("s3_key")
    assert settings.security.allowed_roots == [Path("/data/in")]

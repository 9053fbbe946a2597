"""The architecture, enforced: imports go down, heavy libraries stay in their files, files stay small."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from automic_core import workbench

ROOT = Path(__file__).resolve().parent.parent
CORE = ROOT / "automic_core"
# Top to bottom; names on one line never import each other.
LINES = [
    "cli",
    "conformance",
    "demo.run",
    "workbench",
    "jobs",
    "lake",
    "medallion",
    "extraction",
    "spec pipeline running tee planning scripting",
    "extraction",
    "assist",
    "cleaning",
    "lakehouse.connector",
    "connectors transforms lakehouse llm",
    "matching",
    "inference",
    "series",
    "queries",
    "storage state",
    "registry recordwise contracts frames events schemas",
    "settings logs",
    "yamltext",
    "errors records faults _version",
]
TOGETHER = {
    frozenset({"spec", "pipeline", "running", "tee", "planning", "scripting"}),
    frozenset({"registry", "recordwise", "contracts", "frames", "events", "schemas"}),
}
RANK = {name: number for number, line in enumerate(LINES) for name in line.split()}
# Library -> the only places that may import it at all.
ONLY = {
    "streamlit": ["pages/", "app.py", "server.py"],
    "starlette": ["server.py"],
    "litellm": ["automic_core/llm/client.py"],
    "pyiceberg.catalog": [
        "automic_core/lakehouse/",
        "automic_core/medallion/context.py",
        "automic_core/medallion/bronze.py",
    ],
    "lxml": ["automic_core/connectors/files/"],
    "python_calamine": ["automic_core/connectors/files/"],
    "psycopg": ["automic_core/connectors/databases/"],
    "adbc_driver_postgresql": ["automic_core/connectors/databases/"],
    "pymongo": ["automic_core/connectors/databases/"],
    "bson": ["automic_core/connectors/databases/"],
    "pymysql": ["automic_core/connectors/databases/"],
    "pymysqlreplication": ["automic_core/connectors/databases/"],
    "pickle": [],
    "joblib": [],
}
PAGES_NEVER = {"polars", "pandas", "pyarrow", "duckdb", "sqlalchemy", "pyiceberg", "automic_core.connectors"}
LAZY = {
    "lxml",
    "python_calamine",
    "xlsxwriter",
    "s3fs",
    "gcsfs",
    "adlfs",
    "litellm",
    "sentence_transformers",
    "torch",
    "aiohttp",
    "psycopg",
    "adbc_driver_manager",
    "adbc_driver_postgresql",
    "pymongo",
    "bson",
    "pymysql",
    "pymysqlreplication",
}


def core_files() -> list[Path]:
    return sorted(p for p in CORE.rglob("*.py") if "_app" not in p.parts)


def imports(path: Path) -> list[tuple[str, bool]]:
    """Imported modules of a file, and whether each import stands at module level (outside TYPE_CHECKING)."""
    found: list[tuple[str, bool]] = []

    def visit(node: ast.AST, top: bool) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                found.extend((alias.name, top) for alias in child.names)
            elif isinstance(child, ast.ImportFrom) and child.module:
                found.extend((f"{child.module}.{alias.name}", top) for alias in child.names)
            elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
                continue
            else:
                visit(child, top and not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef))

    visit(ast.parse(path.read_text(encoding="utf-8")), True)
    return found


def place(module: str) -> str | None:
    """The layer a core module belongs to: its longest known prefix."""
    parts = module.split(".")[1:]
    for size in range(len(parts), 0, -1):
        if ".".join(parts[:size]) in RANK:
            return ".".join(parts[:size])
    return None


def module_of(path: Path) -> str:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix(".__init__")


@pytest.mark.parametrize("path", core_files(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_down(path: Path) -> None:
    here = place(module_of(path))
    if here is None:
        assert module_of(path) == "automic_core" or module_of(path).startswith("automic_core.demo"), (
            f"{path} belongs to no layer; add it to LINES"
        )
        return
    for name, _ in imports(path):
        there = place(name) if name.startswith("automic_core.") else None
        if there is None or there == here:
            continue
        same = RANK[here] == RANK[there] and any({here, there} <= group for group in TOGETHER)
        assert RANK[here] < RANK[there] or same, f"{here} may not import {there} ({name})"


@pytest.mark.parametrize(
    "path",
    [*core_files(), *sorted((ROOT / "pages").rglob("*.py")), ROOT / "app.py", ROOT / "server.py"],
    ids=str,
)
def test_heavy_libraries_stay_in_their_files(path: Path) -> None:
    where = path.relative_to(ROOT).as_posix()
    for name, top in imports(path):
        for library, allowed in ONLY.items():
            if name == library or name.startswith(library + "."):
                assert any(where.startswith(place) for place in allowed), f"{where} imports {name}"
        if top and where.startswith("automic_core"):
            assert name.split(".")[0] not in LAZY, f"{where} imports {name} at the top; import it where it is needed"
        if where.startswith(("pages/", "app.py", "server.py")):
            assert not any(name == p or name.startswith(p + ".") for p in PAGES_NEVER), f"{where} imports {name}"


@pytest.mark.parametrize("path", core_files(), ids=lambda p: str(p.relative_to(ROOT)))
def test_no_code_from_text(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"eval", "exec", "compile", "__import__"}, f"{path}:{node.lineno}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "deserialize":
            raise AssertionError(f"{path}:{node.lineno}: no plan from outside is deserialised")


def test_files_stay_small() -> None:
    for path in core_files():
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 400, f"{path} is too long"
    for path in (ROOT / "pages").glob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 60, f"{path} is too long"
    for path in (ROOT / "pages" / "ui" / "views").glob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 200, f"{path} is too long"


def test_the_names_of_the_workbench_are_those_of_its_stub() -> None:
    stub = ast.parse((CORE / "workbench" / "__init__.pyi").read_text(encoding="utf-8"))
    told = {
        alias.asname: (node.module or "").rpartition(".")[2]
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert told == workbench._HOME
    assert all(hasattr(workbench, name) for name in told)


def test_unstable_polars_stays_in_one_file() -> None:
    for path in core_files():
        if path.name != "frames.py":
            text = path.read_text(encoding="utf-8")
            assert "register_io_source" not in text, path
            assert ".collect_batches(" not in text, path

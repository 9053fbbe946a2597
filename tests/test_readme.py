"""The README tells the truth: its blocks run and print what it says, its tables are the registry's.

A comment before a block says what the block is:

- ``run``: Python or ``$ automic …`` lines; all run in order, in one folder and one namespace.
  In what they print, ``...`` stands for any text.
- ``run slow``: the same, in a folder of its own, only in ``make test-all``.
- ``file PATH`` and ``class NAME PATH``: that file, or that class of it.
- ``table connectors``, ``table steps`` and ``table rules``, up to ``end``.

``python tests/test_readme.py --write`` rewrites the last two kinds.
"""

from __future__ import annotations

import ast
import contextlib
import doctest
import io
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from automic_core import cli, registry

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
BLOCK = re.compile(r"<!-- (run|run slow) -->\n```(\w+)\n(.*?)```\n(?:\n```text\n(.*?)```\n)?", re.DOTALL)
QUOTE = re.compile(r"(<!-- (?:file|class \w+) \S+ -->\n```\w+\n).*?(```\n)", re.DOTALL)
TABLE = re.compile(r"(<!-- table (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(name: str) -> str:
    """A table of the registry as Markdown."""
    if name == "connectors":
        sources, loaders = registry.entries("source"), registry.entries("loader")
        head = ("kind", "what", "reads", "writes", "files", "extra")
        rows = []
        for kind, entry in {**loaders, **sources}.items():
            reads, writes = ("yes" if kind in group else "" for group in (sources, loaders))
            files = " ".join(f"`{suffix}`" for suffix in entry.suffixes)
            rows.append((f"`{kind}`", entry.label, reads, writes, files, f"`{entry.extra}`" if entry.extra else ""))
    else:
        head = ("kind", "class", "what")
        entries = registry.entries("step" if name == "steps" else "rule")
        rows = [(f"`{kind}`", f"`{e.path.partition(':')[2]}`", e.label) for kind, e in entries.items()]
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n".replace("|  |", "| |").replace("|  |", "| |") for cells in lines)


def quoted(marker: str) -> str:
    """The file, or the class of a file, that a marker names."""
    *_, name, path = ["", *marker.split()[1:-1]]
    text = (ROOT / path).read_text(encoding="utf-8")
    if " class " not in f" {marker.removeprefix('<!--').strip()}":
        return text
    (found,) = (node for node in ast.parse(text).body if isinstance(node, ast.ClassDef) and node.name == name)
    return f"{ast.get_source_segment(text, found)}\n"


def rewritten(text: str) -> str:
    """The README with its tables and quotes made anew."""
    text = TABLE.sub(lambda found: found[1] + table(found[2]) + found[3], text)
    return QUOTE.sub(lambda found: found[1] + quoted(found[1].partition("\n")[0]) + found[2], text)


def transcript(language: str, code: str, names: dict[str, Any]) -> str:
    """What a block prints; console blocks with their commands."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        if language == "python":
            exec(compile(code, "README.md", "exec"), names)
        else:
            for line in (line for line in code.splitlines() if line.startswith("$ ")):
                print(line)
                program, *arguments = shlex.split(line[2:])
                assert program == "automic", line
                assert cli.run(arguments) == 0, line
    return "".join(f"{line.rstrip()}\n" for line in printed.getvalue().splitlines())


def check(kind: str) -> int:
    """Run the blocks of a kind and compare; returns how many there are."""
    names: dict[str, Any] = {}
    same = doctest.OutputChecker().check_output
    blocks = [found for found in BLOCK.finditer(README.read_text(encoding="utf-8")) if found[1] == kind]
    for _, language, code, output in (found.groups() for found in blocks):
        expected = (output if language == "python" else code) or ""
        got = transcript(language, code, names)
        if not same(expected, got, doctest.ELLIPSIS):
            assert got == expected  # shows the difference
    return len(blocks)


@pytest.fixture
def beside_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AUTOMIC_LAKE", raising=False)


@pytest.mark.usefixtures("beside_examples")
def test_blocks_run_and_print_what_the_readme_says() -> None:
    assert check("run") == README.read_text(encoding="utf-8").count("<!-- run -->") > 3


@pytest.mark.slow
@pytest.mark.usefixtures("beside_examples")
def test_the_demo_prints_what_the_readme_says() -> None:
    assert check("run slow") == 1


def test_tables_and_quotes_are_those_of_the_code() -> None:
    text = README.read_text(encoding="utf-8")
    assert set(re.findall(r"<!-- table (\w+)", text)) == {"connectors", "steps", "rules"}
    assert rewritten(text) == text, "python tests/test_readme.py --write"


def test_links_lead_somewhere() -> None:
    for page in (README, ROOT / "CHANGELOG.md"):
        links = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
        local = [link for link in links if "://" not in link]
        assert local
        assert [link for link in local if link.startswith("/") or not (ROOT / link).exists()] == []


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"(?:`|\$ )make ([a-z-]+)", README.read_text(encoding="utf-8")))
    assert {"demo", "test"} <= named <= targets


def test_what_is_said_to_be_missing_is_missing() -> None:
    gaps = README.read_text(encoding="utf-8").partition("## What is not there yet")[2]
    families = {entry.family for group in ("source", "loader") for entry in registry.REGISTRY[group].values()}
    assert families == {"Files", "Databases", "Lakehouse"}, gaps
    databases = [kind for kind, entry in registry.REGISTRY["source"].items() if entry.family == "Databases"]
    assert databases == ["sqlite", "postgresql", "mysql", "mongodb"], gaps
    parts = ("tuner.py",)
    assert [part for part in parts if (ROOT / "automic_core" / part).exists()] == [], gaps


if __name__ == "__main__" and "--write" in sys.argv:
    README.write_text(rewritten(README.read_text(encoding="utf-8")), encoding="utf-8")

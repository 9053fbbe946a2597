"""XML: which elements are records, what they become, and what is refused."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import polars as pl
import pytest

from automic_core.connectors.files.xml import XMLSource
from automic_core.errors import SecurityError, SourceError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "in.xml"


def read(path: Path, content: str | bytes, **options: object) -> pl.DataFrame:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return XMLSource(path=str(path), **options).scan().collect()  # type: ignore[arg-type]


def test_attributes_children_and_nesting(path: Path) -> None:
    content = """<shop xmlns:g="urn:g"><item id="1"><g:name>Pen &amp; ink</g:name><tag>a</tag><tag>b</tag>
      <size unit="cm">3</size></item><item id="2"><g:name/><tag>c</tag><note>x <b>y</b> z</note></item></shop>"""
    frame = read(path, content)
    assert frame["id"].to_list() == [1, 2]
    assert frame["g_name"].to_list() == ["Pen & ink", None]
    assert frame["tag"].to_list() == ['["a", "b"]', "c"]
    assert json.loads(frame["size"][0]) == {"@unit": "cm", "#text": "3"}
    assert json.loads(frame["note"][1])["#text"] == "x <b>y</b> z"


def test_an_attribute_called_as_a_child(path: Path) -> None:
    frame = read(path, '<r><a id="x"><id>1</id></a><a id="y"><id>2</id></a></r>')
    assert frame.select("id", "id_attribute").rows() == [(1, "x"), (2, "y")]


def test_records_are_the_most_repeated_element(path: Path) -> None:
    content = "<rss><channel><title>t</title>" + "<item><c>1</c><c>2</c><c>3</c></item>" * 3 + "</channel></rss>"
    assert read(path, content).height == 3
    assert "rss/channel/item (3 seen)" in XMLSource(path=str(path)).notes()[0]
    assert read(path, content, row_path="c")["text"].to_list() == [1, 2, 3] * 3
    assert read(path, "<one><a>1</a></one>").select("a").rows() == [(1,)]
    with pytest.raises(SourceError, match=r"'nope'.*rss/channel/item"):
        read(path, content, row_path="nope")


def test_encodings(path: Path) -> None:
    content = '<?xml version="1.0" encoding="{}"?><r><a><n>Köln</n></a><a><n>x</n></a></r>'
    for encoding in ("utf-8", "iso-8859-1", "utf-16"):
        assert read(path, content.format(encoding).encode(encoding))["n"][0] == "Köln"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(
    ("doctype", "line"),
    [
        ('<!DOCTYPE r [\n<!ENTITY x SYSTEM "file:///etc/passwd">]>', 2),
        ('<!DOCTYPE r [\n\n<!ENTITY x PUBLIC "p" "http://localhost/x">]>', 3),
        ('<!DOCTYPE r [<!ENTITY % x SYSTEM "http://localhost/x"> %x;]>', 1),
        ('<!DOCTYPE r [<!ENTITY a "aaaa">\n<!ENTITY x "&a;&a;&a;&a;">]>', 2),
        ("<!DOCTYPE r [" + "<!-- pad -->" * 20_000 + '\n<!ENTITY x SYSTEM "file:///etc/passwd">]>', 2),
    ],
)
def test_external_entities_and_bombs_are_refused(path: Path, doctype: str, line: int, encoding: str) -> None:
    with pytest.raises(SecurityError, match=rf"in\.xml, line {line}: the entity '"):
        read(path, f"{doctype}<r><a>&x;</a><a>2</a></r>".encode(encoding))


def test_plain_entities_and_an_external_doctype_are_fine(path: Path) -> None:
    content = '<!DOCTYPE r [<!ENTITY co "A &amp; B">]><r><a><n>&co;</n></a><a><n>&#233;</n></a></r>'
    assert read(path, content)["n"].to_list() == ["A & B", "é"]
    assert read(path, '<!DOCTYPE r SYSTEM "http://localhost/r.dtd"><r><a>1</a><a>2</a></r>').height == 2


def test_broken_xml_is_read_up_to_the_break(path: Path) -> None:
    frame = read(path, "<r>\n<a><n>1</n></a>\n<a><n>2</n></a>\n<a><n>3</a>\n</r>")
    assert frame["n"].to_list() == [1, 2, None]
    problem = json.loads(frame["_rescued"][2])
    assert problem["line"] == 4
    assert "not XML" in problem["reason"]


@pytest.mark.parametrize("content", ["", "no xml", "{}"])
def test_no_xml_is_refused(path: Path, content: str) -> None:
    with pytest.raises(SourceError, match=r"in\.xml"):
        read(path, content)


def test_memory_is_flat(path: Path) -> None:
    path.write_text("<r>" + "<a><n>1</n><t>" + "x" * 50 + "</t></a>" + "<a><n>2</n></a>" * 60_000 + "</r>")
    source = XMLSource(path=str(path), types="text", infer_rows=100)
    tracemalloc.start()
    try:
        assert sum(len(batch) for batch in source.batches()) == 60_001
        assert tracemalloc.get_traced_memory()[1] < 30_000_000
    finally:
        tracemalloc.stop()

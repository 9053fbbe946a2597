"""One XML file as batches of text: the elements of one path are the records."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from typing import Any, BinaryIO

import pyarrow as pa

from automic_core import frames
from automic_core.connectors.files import _ordinals, _types, _xmlguard, _xmllines
from automic_core.errors import MissingDriverError, SourceError
from automic_core.records import FieldType

_BATCH_ROWS = 5_000
_LOOK_ELEMENTS = 200_000
Path = tuple[str, ...]
Entry = dict[str, Any]
"""Values by key; a broken end is a dict with ``line`` and ``reason`` under the key None."""


class XMLFile:
    """The records of one file.

    Args:
        open_file: Opens it, decompressed; called once a pass.
        name: What errors call it.
        row_path: Names of elements from the root to the records, or the last of them; None = found out.
        look: Records whose keys become columns.
    """

    def __init__(self, open_file: Callable[[], BinaryIO], name: str, row_path: str | None, look: int) -> None:
        self._open_file, self._name = open_file, name
        self.notes: list[str] = []
        paths = self._paths()
        self._path = self._asked(row_path, paths) if row_path else _most_repeated(paths)
        self.facts = {"row_path": "/".join(self._path), "records_seen": paths[self._path]}
        if not paths:
            self.notes.append(f"{name} has no element.")
        elif not row_path:
            self.notes.append(f"Records are the elements {'/'.join(self._path)} ({paths[self._path]} seen).")
        keys: dict[str, None] = {}
        for entry in islice(self._entries(), look):
            keys.update(dict.fromkeys(entry) if "\0" not in entry else {})
        self.columns, renamed = _types.column_names(keys)
        self._columns = dict(zip(keys, self.columns, strict=True))
        self.notes += renamed

    def allowed(self) -> Mapping[str, Collection[FieldType]]:
        """Any type: XML text has none of its own."""
        return {}

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """The records; keys that are no column go to ``_rescued``."""
        schema = pa.schema([(name, pa.string()) for name in [*columns, frames.RESCUED]])
        entries = self._entries()
        while some := list(islice(entries, _BATCH_ROWS)):
            rows: list[dict[str, str]] = []
            kept: list[str | None] = []
            for entry in some:
                if "\0" in entry:
                    rows.append({})
                    kept.append(json.dumps(entry["\0"], ensure_ascii=False))
                    continue
                late = {key: value for key, value in entry.items() if key not in self._columns}
                rows.append({self._columns[key]: value for key, value in entry.items() if key in self._columns})
                kept.append(_types.rescued(None, late) if late else None)
            arrays = [pa.array([row.get(name) for row in rows], pa.string()) for name in columns]
            yield pa.RecordBatch.from_arrays([*arrays, pa.array(kept, pa.string())], schema=schema)

    def _events(self, file: BinaryIO) -> Any:
        try:
            from lxml import etree
        except ModuleNotFoundError as exc:
            raise MissingDriverError("lxml", "xml") from exc
        _xmlguard.check(file, self._name)
        return etree.iterparse(
            file,
            events=("start", "end"),
            resolve_entities="internal",
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )

    def _walk(self, broken: Callable[[dict[str, Any]], None]) -> Iterator[tuple[str, Path, Any]]:
        """Events with the path of the element; what stops the reading is told to ``broken``."""
        with closing(self._open_file()) as file:
            events = self._events(file)
            path: list[str] = []
            try:
                for event, element in events:
                    if event == "start":
                        path.append(_tag(element))
                        yield event, tuple(path), element
                    else:
                        yield event, tuple(path), element
                        path.pop()
            except SyntaxError as exc:  # lxml's XMLSyntaxError is one
                detail = " ".join((exc.msg or "").split())
                broken({"line": exc.lineno, "reason": f"not XML: {detail}; the rest of the file is not read"})

    def _paths(self) -> Counter[Path]:
        """How often each path occurs; children of a record are emptied as they end, so that memory stays flat."""
        counts: Counter[Path] = Counter()
        problems: list[dict[str, Any]] = []
        for number, (event, path, element) in enumerate(self._walk(problems.append)):
            if event == "start":
                counts[path] += 1
            else:
                _forget(element)
            if number > 2 * _LOOK_ELEMENTS:
                break
        if not counts and problems:
            line = f", line {problems[0]['line']}" if problems[0]["line"] else ""
            raise SourceError(f"{self._name}{line}: {problems[0]['reason']}.", "Is it an XML file?")
        return counts

    def _asked(self, row_path: str, paths: Counter[Path]) -> Path:
        wanted = tuple(part for part in row_path.split("/") if part)
        found = [path for path in paths if path[-len(wanted) :] == wanted]
        if not found and len(wanted) > 1 and wanted[:-1] in paths:
            self.notes.append(f"{self._name} has no element {row_path!r} in {'/'.join(wanted[:-1])}: no records.")
            return wanted
        if not found:
            known = ", ".join("/".join(path) for path, _ in paths.most_common(8))
            raise SourceError(f"{self._name} has no element {row_path!r}.", f"The most frequent are: {known}.")
        return min(found, key=len)

    def locate(self, record: int) -> int | None:
        """The physical line at which a record begins; where the rest of the file is broken, the line of the break.

        None if only libxml2 can read the file so far, as in an encoding of several bytes that is no Unicode.
        """
        with closing(self._open_file()) as file:
            _xmlguard.check(file, self._name)
            if line := _xmllines.begin(file, self._path, record):
                return line
        found = _ordinals.pick(self._elements(), record, self._name)
        return int(found["line"]) if isinstance(found, dict) else None

    def _entries(self) -> Iterator[Entry]:
        for found in self._elements():
            yield {"\0": {**found, "text": ""}} if isinstance(found, dict) else _record(found)

    def _elements(self) -> Iterator[Any]:
        """The elements that are records; at last a dict with ``line`` and ``reason`` if the file is broken."""
        problems: list[dict[str, Any]] = []
        depth = len(self._path)
        for event, path, element in self._walk(problems.append):
            if event == "end" and path == self._path:
                yield element
            if event == "end" and len(path) <= depth:
                _forget(element)
        yield from problems


def _most_repeated(paths: Counter[Path]) -> Path:
    """The path that repeats most under a parent that does not repeat; the root if nothing repeats."""
    repeated = {path: count for path, count in paths.items() if count > 1 and paths[path[:-1]] == 1}
    if repeated:
        return max(repeated, key=lambda path: (repeated[path], -len(path)))
    return next(iter(paths), ())


def _tag(element: Any) -> str:
    """The name of an element: without namespace, but with its prefix if it has one."""
    tag = element.tag if isinstance(element.tag, str) else ""
    local = tag.rsplit("}", 1)[-1]
    return f"{element.prefix}_{local}" if element.prefix else local


def _attributes(element: Any) -> dict[str, str]:
    return {name.rsplit("}", 1)[-1]: value for name, value in element.attrib.items()}


def _record(element: Any) -> Entry:
    """Children and attributes by name; an attribute that is called as a child is gets "_attribute" after its name."""
    values: dict[str, list[Any]] = {}
    for child in element:
        if isinstance(child.tag, str):
            values.setdefault(_tag(child), []).append(_value(child))
    row = {name: _cell(found[0] if len(found) == 1 else found) for name, found in values.items()}
    for name, value in _attributes(element).items():
        row[f"{name}_attribute" if name in row else name] = value
    if text := _own_text(element):
        row["text" if "text" not in row else "text_content"] = text
    return row


def _own_text(element: Any) -> str:
    return "".join([element.text or "", *(child.tail or "" for child in element)]).strip()


def _value(element: Any) -> Any:
    """Text of a leaf; an object of attributes ("@name"), children and text ("#text") of anything else."""
    children = [child for child in element if isinstance(child.tag, str)]
    if not children and not element.attrib:
        return element.text or ""
    value: dict[str, Any] = {f"@{name}": text for name, text in _attributes(element).items()}
    for child in children:
        name = _tag(child)
        if name in value:
            value[name] = [*(value[name] if isinstance(value[name], list) else [value[name]]), _value(child)]
        else:
            value[name] = _value(child)
    if children and _own_text(element):  # text between elements: only the markup itself keeps their order
        from lxml import etree

        inner = (
            etree.tostring(child, method="c14n", exclusive=True).decode() + (child.tail or "") for child in element
        )
        value["#text"] = (element.text or "") + "".join(inner)
    elif text := _own_text(element):
        value["#text"] = text
    return value


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _forget(element: Any) -> None:
    """Free an element that has been used, and the ones before it."""
    tail = element.tail
    element.clear()
    element.tail = tail
    while element.getprevious() is not None:
        parent = element.getparent()
        if parent is None:
            return
        del parent[0]

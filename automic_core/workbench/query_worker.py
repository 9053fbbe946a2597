"""The process that answers the questions of a page: one at a time, asked and answered through pipes.

It ends when its input closes, so it never outlives the process that started it. Rows cross as Arrow IPC.
"""

from __future__ import annotations

import os
import queue
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl
import pyarrow as pa

from automic_core.errors import AutomicError, TransformError
from automic_core.lake import Lakehouse
from automic_core.lakehouse import sql as engine
from automic_core.lakehouse.lineage import tables_of
from automic_core.lakehouse.pinning import unpinned
from automic_core.lakehouse.types import storable
from automic_core.medallion import asking
from automic_core.queries.wire import Reply, receive, send
from automic_core.storage.writing import disk_errors
from automic_core.workbench import query_output
from automic_core.workbench.asking_words import sent

COUNT_SECONDS = 3.0
_BATCH = 2048
_MOST_PAYLOAD = 64 << 20
_RETIRE_BYTES = 1 << 30

Request = Mapping[str, Any]


def main() -> None:
    """Answer requests until the input closes."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not get between the frames
    folder = Path(tempfile.gettempdir())
    waiting: queue.Queue[Request] = queue.Queue()
    threading.Thread(target=_listen, args=(requests, waiting, folder), daemon=True).start()
    _limit(int(sys.argv[1]))
    send(answers, {"ready": True})
    while True:
        header, payload = _answered(waiting.get(), lambda text: send(answers, {"part": text}))
        send(answers, header, payload)


def _listen(requests: BinaryIO, waiting: queue.Queue[Request], folder: Path) -> None:
    """Pass requests on; when nobody can ask any more, end at once, even in the middle of a query."""
    while (frame := receive(requests)) is not None:
        waiting.put(frame[0])
    if folder.name.startswith("automic-query-"):
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def _limit(memory: int) -> None:
    """Let no allocation go beyond so many bytes more than the process has now, and leave no core dump."""
    with suppress(ImportError, OSError, ValueError):  # where the system has no such limits, the time limit remains
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.nice(5)  # the pages come first
        now = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (now + memory, now + memory))


def _answered(request: Request, on_part: Callable[[str], None]) -> Reply:
    started = time.perf_counter()
    os.environ.update(request["variables"])
    try:
        header, payload = _words(request, on_part) if request["do"] == "words" else _DO[request["do"]](request)
    except (MemoryError, pa.ArrowMemoryError):
        header, payload = {"error": _no_memory(request), "retire": True}, b""
    except AutomicError as exc:
        memory = "out of memory" in str(exc.__cause__).lower() or "memory limit" in exc.message.lower()
        error = {"kind": type(exc).__name__, "message": exc.message, "hint": exc.hint, "position": exc.position}
        header, payload = {"error": _no_memory(request) if memory else error, "retire": memory}, b""
    except Exception as exc:  # what nobody foresaw ends this question, not the process
        message = f"The query fails: {type(exc).__name__}: {str(exc)[:300]}"
        header, payload = {"error": {"kind": "TransformError", "message": message, "hint": ""}}, b""
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "retire": _size() > _RETIRE_BYTES, **header}, payload


def _no_memory(request: Request) -> dict[str, Any]:
    message = f"The query needs more memory than the {request['memory']} it may use."
    return {"kind": "TransformError", "message": message, "hint": "Select fewer rows or columns, or aggregate earlier."}


def _size() -> int:
    with suppress(OSError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _limits(request: Request) -> dict[str, Any]:
    return {"timeout": request["seconds"], "memory_limit": request["memory"], "spill_limit": request["spill"]}


def _with(request: Request, use: Callable[[engine.Answering], Reply]) -> Reply:
    as_of: Any = request.get("as_of")
    if isinstance(as_of, str):
        as_of = datetime.fromisoformat(as_of)
    with (
        Lakehouse.open(request["lake"]) as lake,
        lake.answering(request["sql"], as_of, **_limits(request)) as running,
    ):
        header, payload = use(running)
        return {**header, "tables": [[read.name, read.snapshot, read.own] for read in running.tables]}, payload


def _rows(request: Request) -> Reply:
    """The first rows, and how many there are (counting ends after a while)."""

    def use(running: engine.Answering) -> Reply:
        relation = running.relation()
        kinds = {name: str(kind) for name, kind in zip(relation.columns, relation.types, strict=True)}
        reader = relation.project(query_output.readable(kinds)).to_arrow_reader(_BATCH)
        kept: list[pa.RecordBatch] = []
        total, held, stop = 0, 0, float("inf")
        for batch in reader:
            if total < request["rows"] and held < _MOST_PAYLOAD:
                kept.append(batch.slice(0, request["rows"] - total))
                held += batch.nbytes
            elif stop == float("inf"):
                stop = time.monotonic() + COUNT_SECONDS
            total += batch.num_rows
            if time.monotonic() > stop:
                break
        exact = time.monotonic() <= stop
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, reader.schema) as writer:
            for batch in kept:
                writer.write_batch(batch)
        renamed = [name for name, own in zip(relation.columns, running.names(), strict=True) if name != own]
        header = {"columns": kinds, "total": total, "exact": exact, "renamed": renamed, "cut": query_output.cut(kept)}
        return header, sink.getvalue().to_pybytes()

    return _with(request, use)


def _file(request: Request) -> Reply:
    """All rows, into a file."""

    def use(running: engine.Answering) -> Reply:
        path = Path(request["path"])
        try:
            rows = query_output.write(running.relation(), path, request["format"], request["excel"], request["most"])
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return {"rows": rows, "bytes": path.stat().st_size}, b""

    return _with(request, use)


def _mentions(request: Request) -> Reply:
    """The tables that a statement reads."""
    return {"names": tables_of(request["sql"])}, b""


def _spool(request: Request) -> Reply:
    """All rows as they are, into a file of Arrow IPC; the tables are those that the request brings, and no others."""
    tables = {name: unpinned(told) for name, told in request["tables"].items()}
    rows = {name: pl.read_ipc(path) for name, path in request["present"].items()}
    path, most = Path(request["path"]), request["most"]
    with (
        engine.answering(tables, request["sql"], present=rows.get, **_limits(request)) as running,
        disk_errors(path, path),
        path.open("wb") as file,
    ):
        reader = running.reader(_BATCH * 8)
        storable(reader.schema)  # a type that no table holds is told now, not after hours
        with pa.ipc.new_stream(file, reader.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
            for batch in reader:
                writer.write_batch(batch)
                if file.tell() > most:
                    raise TransformError(
                        f"The answer takes more than the {most:,} bytes it may.",
                        "Select fewer rows or columns, or raise sql.spill_bytes in the settings.",
                    )
    return {}, b""


def _words(request: Request, on_part: Callable[[str], None]) -> Reply:
    """The answer to a question in plain language; parts of how it is read before, if somebody hears them."""
    with Lakehouse.open(request["lake"], actor=request["actor"], read_only=request["read_only"]) as lake:
        said = {"pins": request.get("pins"), "layer": request.get("layer")}
        heard = on_part if request["parts"] else None
        return sent(asking.ask(lake.context, request["question"], lake.answering, request["after"], heard, **said))


_DO: dict[str, Callable[[Request], Reply]] = {"rows": _rows, "file": _file, "mentions": _mentions, "spool": _spool}

if __name__ == "__main__":
    main()

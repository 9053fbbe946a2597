"""Questions in processes of their own: answered, stopped, killed, counted; nothing stays behind."""

from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import psutil
import pytest

from automic_core import workbench
from automic_core.errors import CatalogError, ConfigError, SecurityError, TransformError
from automic_core.queries.process import Pool, Question


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("questions")
    file = folder / "people.csv"
    file.write_text("id,name\n1,Ada\n2,Grace\n", encoding="utf-8")
    path = workbench.create(folder / "lake").path
    with workbench.opened(path) as opened:
        workbench.ingest(opened, workbench.build_source(str(file)), "people", keys=["id"])
    return path


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    made = Pool(most=2, idle=2)
    yield made
    made.close()


def ask(pool: Pool, lake: Path, sql: str, seconds: float = 30, **more: Any) -> Question:
    limits = {key: more.pop(key) for key in ("memory", "on_done") if key in more}
    request = {"do": "rows", "lake": str(lake), "sql": sql, "as_of": None, "rows": 100, **more}
    return Question(pool, request, seconds=seconds, **limits)


def frame(question: Question) -> pl.DataFrame:
    return pl.read_ipc_stream(io.BytesIO(question.result()[1]))


def test_answers_and_says_what_it_read(pool: Pool, lake: Path) -> None:
    question = ask(pool, lake, "SELECT name FROM bronze.people ORDER BY id")
    header, _ = question.result()
    assert frame(question)["name"].to_list() == ["Ada", "Grace"]
    assert (header["total"], header["exact"], header["renamed"], header["cut"]) == (2, True, [], False)
    [[name, snapshot, own]] = header["tables"]
    assert (name, type(snapshot), own) == ("bronze.people", int, False)


def test_keeps_few_rows_and_counts_all(pool: Pool, lake: Path) -> None:
    question = ask(pool, lake, "FROM range(250000)")
    assert (frame(question).height, question.result()[0]["total"]) == (100, 250_000)


def test_counting_ends_after_a_while(pool: Pool, lake: Path) -> None:
    question = ask(pool, lake, "SELECT 1 AS one FROM range(1000000), range(1000000)")
    header = question.result()[0]
    assert not header["exact"]
    assert header["total"] > 1_000_000
    assert frame(question).height == 100


def test_a_warm_process_answers_within_a_second(pool: Pool, lake: Path) -> None:
    ask(pool, lake, "SELECT 1").result()
    started = time.perf_counter()
    ask(pool, lake, "SELECT count(*) FROM bronze.people").result()
    assert time.perf_counter() - started < 1


def test_columns_with_one_name_are_told_apart_and_long_values_cut(pool: Pool, lake: Path) -> None:
    sql = "SELECT a.*, b.id, repeat('é', 5000) AS long FROM bronze.people a JOIN bronze.people b USING (id) ORDER BY 1"
    question = ask(pool, lake, sql)
    header = question.result()[0]
    assert header["renamed"] == ["id_1"]
    assert header["cut"]
    assert frame(question)["long"].str.len_chars().to_list() == [2001, 2001]


def test_every_type_crosses(pool: Pool, lake: Path) -> None:
    sql = """SELECT 1::HUGEINT a, uuid() b, INTERVAL 1 DAY c, TIME '10:00' d, TIMESTAMP_NS '2020-01-01' e,
        'x'::ENUM('x') f,         '01'::BIT g, {'k': [1]} h, MAP {'k': 1} i, '{}'::JSON j, NULL k, 1.5 l, 'ab'::BLOB m,
        'nan'::DOUBLE n, true o,
        DATE '2020-01-01' p, TIMESTAMPTZ '2020-01-01 00:00:00+00' q, [1, NULL] r, 10::BIGNUM s"""
    row = frame(ask(pool, lake, sql)).row(0, named=True)
    assert (row["h"], row["i"], row["r"], row["m"], row["c"]) == ('{"k":[1]}', '{"k":1}', "[1,null]", "6162", "1 day")


@pytest.mark.parametrize(
    ("sql", "error", "message", "position"),
    [
        ("SELECT nme FROM bronze.people", TransformError, r"line 1, column 8.*Did you mean name", (1, 8)),
        ("SELECT rid FROM bronze.people", TransformError, r'"rid" not found(?!.*_rid)', (1, 8)),
        ("SELECT _ridd FROM bronze.people", TransformError, r"Did you mean _rid\b", (1, 8)),
        ("SELECT 1\nFROM bronze.peple", CatalogError, "no table bronze.peple", (2, 6)),
        ("COPY (SELECT 1) TO '/tmp/x'", SecurityError, "Only a SELECT", None),
        ("SELECT * FROM read_csv('/etc/passwd')", SecurityError, "read_csv", None),
        ("SELEC 1", TransformError, "cannot be read", (1, 1)),
    ],
)
def test_errors_cross_as_they_are(
    pool: Pool, lake: Path, sql: str, error: type[Exception], message: str, position: tuple[int, int] | None
) -> None:
    with pytest.raises(error, match=message) as caught:
        ask(pool, lake, sql).result()
    assert caught.value.position == position  # type: ignore[attr-defined]


def test_one_huge_value_is_killed_in_time(pool: Pool, lake: Path) -> None:
    started = time.perf_counter()
    with pytest.raises(TransformError, match=r"longer than 1 s"):
        ask(
            pool, lake, "SELECT count(DISTINCT md5(repeat(i::VARCHAR, 400000000))) FROM range(9) t(i)", seconds=1
        ).result()
    assert time.perf_counter() - started < 20
    assert frame(ask(pool, lake, "SELECT 1 AS a")).item() == 1


def test_a_runaway_join_is_stopped(pool: Pool, lake: Path) -> None:
    with pytest.raises(TransformError, match=r"longer than 0\.5 s"):
        ask(
            pool, lake, "SELECT count(*) FROM range(1e9::BIGINT) a, range(1e9::BIGINT) b WHERE a.range % 7 = 3", 0.5
        ).result()


def test_too_much_memory_is_said_and_the_next_question_answered(pool: Pool, lake: Path) -> None:
    with pytest.raises(TransformError, match="more memory than the 50MB"):
        ask(pool, lake, "SELECT list(i) FROM range(100000000) t(i)", memory="50MB").result()
    assert frame(ask(pool, lake, "SELECT 1 AS a")).item() == 1


def test_memory_outside_the_engine_is_limited_too(lake: Path) -> None:
    small = Pool(most=1, idle=1, hard_memory=1 << 30)
    try:
        with pytest.raises(TransformError, match="memory"):
            ask(small, lake, "SELECT list(i) FROM range(900000000) t(i)", memory="40GB", seconds=60).result()
        assert frame(ask(small, lake, "SELECT 1 AS a")).item() == 1
    finally:
        small.close()


def test_a_process_that_dies_is_replaced(pool: Pool, lake: Path) -> None:
    question = ask(pool, lake, "SELECT count(*) FROM range(1e9::BIGINT) a, range(1e9::BIGINT) b WHERE a.range % 7 = 3")
    worker = started(question)
    os.kill(worker.process.pid, signal.SIGKILL)
    with pytest.raises(TransformError, match=r"ended.*memory"):
        question.result()
    assert frame(ask(pool, lake, "SELECT 1 AS a")).item() == 1


def test_cancel_stops_it_at_once(pool: Pool, lake: Path) -> None:
    question = ask(pool, lake, "SELECT count(*) FROM range(1e9::BIGINT) a, range(1e9::BIGINT) b WHERE a.range % 7 = 3")
    started(question)
    assert not question.done
    question.cancel()
    with pytest.raises(TransformError, match="cancelled"):
        question.result()


def started(question: Question) -> Any:
    deadline = time.monotonic() + 30
    while question._worker is None or not question._worker._ready:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return question._worker


def test_two_questions_at_once_and_a_third_waits(pool: Pool, lake: Path) -> None:
    slow = "SELECT count(*) FROM range(1e9::BIGINT) a, range(1e9::BIGINT) b WHERE a.range % 7 = 3"
    one, two = ask(pool, lake, slow), ask(pool, lake, slow)
    first, second = started(one), started(two)
    assert first.process.pid != second.process.pid
    third = ask(pool, lake, "SELECT 3 AS a")
    assert not third.wait(0.3)
    one.cancel()
    assert frame(third).item() == 3
    two.cancel()
    two.wait()


def test_the_outcome_is_told_before_it_is_seen(pool: Pool, lake: Path) -> None:
    told: list[Any] = []
    ask(pool, lake, "SELECT 1", on_done=told.append).result()
    with pytest.raises(TransformError):
        ask(pool, lake, "SELECT x", on_done=told.append).result()
    assert told[0][0]["total"] == 1
    assert isinstance(told[1], TransformError)


def test_closing_leaves_nothing(lake: Path) -> None:
    own = Pool(most=1, idle=1)
    ask(own, lake, "SELECT 1").result()
    [worker] = own._idle
    own.close()
    assert not psutil.pid_exists(worker.process.pid)
    assert not worker.folder.exists()


def test_nothing_stays_when_the_server_is_killed(lake: Path, tmp_path: Path) -> None:
    script = f"""
import time
from automic_core.queries.process import Pool, Question
pool = Pool()
request = {{"do": "rows", "lake": {str(lake)!r}, "as_of": None, "rows": 10}}
Question(pool, {{**request, "sql": "SELECT 1"}}).result()
sql = "SELECT count(*) FROM range(1e9::BIGINT) a, range(1e9::BIGINT) b WHERE a.range % 7 = 3"
Question(pool, {{**request, "sql": sql}})
[worker] = pool._workers
print(worker.process.pid, worker.folder, flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        pid, folder = server.stdout.readline().split()
        time.sleep(0.5)
        assert psutil.pid_exists(int(pid))
        server.kill()
        server.wait()
    deadline = time.monotonic() + 20
    while running(int(pid)) or Path(folder).exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def put(pool: Pool, lake: Path, path: Path, sql: str, **more: Any) -> int:
    about = {"do": "file", "lake": str(lake), "sql": sql, "as_of": None, "path": str(path), "most": 1 << 20}
    return int(Question(pool, {**about, "excel": False, "format": path.suffix[1:], **more}).result()[0]["rows"])


NASTY = """SELECT '=1+1' AS "-cmd", 'a"b,
c' AS "na""me, x", [1, NULL] AS l, NULL AS n, 1.5 AS d, 'nan'::DOUBLE AS f, INTERVAL 1 DAY AS i FROM range(2)"""


def test_files_hold_all_rows(pool: Pool, lake: Path, tmp_path: Path) -> None:
    assert put(pool, lake, tmp_path / "a.csv", NASTY) == 2
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as file:
        head, first, _ = csv.reader(file)
    assert head == ["-cmd", 'na"me, x', "l", "n", "d", "f", "i"]
    assert first == ["=1+1", 'a"b,\nc', "[1,null]", "", "1.5", "nan", "1 day"]
    assert put(pool, lake, tmp_path / "a.json", NASTY) == 2
    assert pl.read_json(tmp_path / "a.json")["l"].to_list() == [[1, None], [1, None]]
    assert put(pool, lake, tmp_path / "a.parquet", NASTY) == 2
    assert pl.read_parquet(tmp_path / "a.parquet")["l"].to_list() == [[1, None], [1, None]]
    for kind in ("csv", "json", "parquet"):
        assert put(pool, lake, tmp_path / f"none.{kind}", "SELECT 1 AS a WHERE false") == 0
    assert (tmp_path / "none.csv").read_text() == "a\n"
    assert (tmp_path / "none.json").read_text() == "[]\n"
    assert pl.read_parquet(tmp_path / "none.parquet").shape == (0, 1)


def test_a_spreadsheet_computes_no_cell(pool: Pool, lake: Path, tmp_path: Path) -> None:
    sql = (
        "SELECT x AS \"=x\", 1 - 3 AS n FROM (VALUES ('=1+1'), ('+1'), ('-1'), ('@a'), (E'\\tb'), ('ok'), (NULL)) t(x)"
    )
    put(pool, lake, tmp_path / "a.csv", sql, excel=True)
    text = (tmp_path / "a.csv").read_bytes()
    assert text.startswith(b"\xef\xbb\xbf'=x,n\n")
    assert text.decode("utf-8-sig").split("\n")[1:-1] == [
        f"{x},-2" for x in ("'=1+1", "'+1", "'-1", "'@a", "'\tb", "ok", "")
    ]


def test_a_file_has_a_limit_and_a_format(pool: Pool, lake: Path, tmp_path: Path) -> None:
    with pytest.raises(TransformError, match="larger than 1 MB"):
        put(pool, lake, tmp_path / "a.csv", "SELECT uuid() FROM range(1000000)")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ConfigError, match="no download as xml"):
        put(pool, lake, tmp_path / "a.xml", "SELECT 1")

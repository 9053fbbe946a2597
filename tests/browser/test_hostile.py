"""Hostile files, names, cells and links in a real browser: nothing runs, nothing is fetched, nothing is lost."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from automic_core import workbench
from tests.browser.driver import Person, serving

NewPerson = Callable[..., Person]

IMAGE = '<img src=x onerror="window.hacked=1">'
SCRIPT = "<script>window.hacked=1</script>"
LINK = "[x](javascript:window.hacked=1) ![p](http://evil.invalid/p.png)"
TICK = "`b` ![q](http://evil.invalid/q.png) **bold** :material/home: www.evil.invalid"
HUGE = "<b>" + "x" * 1_000_000
LIMIT = 3 << 20
ACTOR = f"eve {IMAGE} ![a](http://evil.invalid/a.png)"

_FOUND = """() => {
    const found = [];
    for (const each of document.querySelectorAll('img, a, iframe, object, embed')) {
        const target = each.getAttribute('src') || each.getAttribute('href') || '';
        if (/evil\\.invalid|^javascript:|^x$/.test(target)) found.push(each.outerHTML.slice(0, 200));
    }
    for (const each of document.querySelectorAll('strong, b, code'))
        if (['bold', 'b'].includes(each.innerText)) found.push(each.outerHTML);
    return found;
}"""


def table(rows: int = 40) -> str:
    """A file whose names and cells are all hostile."""
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(["id", IMAGE, SCRIPT, LINK, TICK])
    for n in range(rows):
        cells = [
            IMAGE if n % 3 else "",
            SCRIPT if n % 2 else LINK,
            TICK if n % 5 else IMAGE,
            5 if n % 7 else "<b>no</b>",
        ]
        lines.writerow([n, *cells])
    return text.getvalue()


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hostile in every name: columns, rules, steps, drafts, the file, who did it; with a review that waits."""
    folder = tmp_path_factory.mktemp("hostile")
    root = workbench.create(folder / "lake").path
    (root / "automic.yaml").write_text(f"security: {{max_upload_bytes: {LIMIT}}}\n", encoding="utf-8")
    file = folder / "evil ` ![f](x) *b*.csv"
    step = {"id": f"s {TICK}", "kind": "dedup", "match_mode": "exact", "match_fields": [SCRIPT, LINK, IMAGE, TICK]}
    rules = [
        {"id": IMAGE, "kind": "not_null", "columns": [IMAGE], "action": "quarantine"},
        {"id": LINK, "kind": "sql", "sql": "id <> 3", "action": "warn"},
    ]
    with workbench.opened(root, ACTOR) as opened:
        for rows in (40, 45):
            file.write_text(table(rows), encoding="utf-8")
            workbench.ingest(opened, workbench.build_source(str(file)), "evil", keys=["id"])
            if rows == 40:
                data = {"schema": {TICK: "integer"}, "steps": [step], "rules": rules}
                draft = workbench.save_draft(opened, "evil", data, 0, f"Add {LINK}")
                workbench.promote(opened, "evil", workbench.parse_promotion(draft.text))
        workbench.build(opened, "evil_gold", "SELECT * FROM silver.evil")
        workbench.stage(opened, "evil", workbench.parse_promotion("schema: {id: string}\n"))
    return root


@pytest.fixture
def eve(person: NewPerson) -> Iterator[Person]:
    """A visitor; whatever the test does, nothing of the data ran or was followed."""
    visitor = person()
    dialogs: list[str] = []

    def dismiss(dialog: Any) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    visitor.page.on("dialog", dismiss)
    yield visitor
    calm(visitor)
    assert dialogs == []


def calm(visitor: Person) -> None:
    assert visitor.page.evaluate("window.hacked") is None
    assert visitor.page.evaluate(_FOUND) == []
    assert visitor.foreign == []
    assert visitor.errors == []
    assert "Something went wrong" not in visitor.text()


def kept(root: Path) -> list[str]:
    """What lies among the uploads."""
    return sorted(str(file.relative_to(root / "uploads")) for file in (root / "uploads").rglob("*") if file.is_file())


def alive(visitor: Person) -> None:
    visitor.open("tables", table="bronze.evil")
    visitor.see("bronze.evil has 85 rows")


def test_a_file_beyond_the_limit(eve: Person, lake: Path) -> None:
    before = kept(lake)
    eve.open("connect")
    eve.hand_over("large.csv", b"a,b\n" + b"1,2\n" * (LIMIT // 4))
    eve.see("large.csv", "3.0MB")
    assert kept(lake) == before
    alive(eve)


@pytest.mark.parametrize("kind", ["gz", "zip", "nested"])
def test_a_bomb(eve: Person, lake: Path, kind: str) -> None:
    before = kept(lake)
    rows = b"a,b\n" + b"1,2\n" * (30 << 18)
    if kind == "gz":
        content = gzip.compress(rows, 6)
    else:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("bomb.csv", rows)
            if kind == "nested":
                archive.writestr("../../out.csv", rows)
        content = packed.getvalue()
    assert len(content) < LIMIT / 10
    eve.open("connect")
    eve.hand_over("bomb.csv.gz" if kind == "gz" else "bomb.zip", content)
    eve.see("is larger than 3 MB (unpacked)")
    assert kept(lake) == before
    alive(eve)


@pytest.mark.parametrize(
    "name", ["../../../escaped.csv", "..\\..\\escaped.csv", "/etc/escaped.csv", f"{IMAGE}.csv", f"{LINK}.csv", ".csv"]
)
def test_a_name_that_would_lead_elsewhere(eve: Person, lake: Path, name: str) -> None:
    before = kept(lake)
    eve.open("connect")
    eve.hand_over(name, f"name,n\n{abs(hash(name))},1\n".encode())
    eve.page.wait_for_selector(".st-key-connect-chosen, :text('That did not work')")
    new = set(kept(lake)) - set(before)
    assert len(new) <= 1
    assert all(len(Path(each).parts) == 2 and ".." not in each and "<" not in each for each in new)
    assert not list(lake.parent.rglob("*escaped*")) or all("uploads" in str(p) for p in lake.parent.rglob("*escaped*"))


def test_an_upload_with_hostile_names_and_a_cell_of_a_megabyte(eve: Person, lake: Path) -> None:
    eve.open("connect")
    eve.hand_over("wild.csv", f'id,"{IMAGE.replace(chr(34), chr(34) * 2)}",big\n1,{SCRIPT},"{HUGE}"\n2,x,y\n'.encode())
    eve.see("wild: 2 rows, 3 columns", "long cell is cut here")
    calm(eve)
    eve.click("Take into bronze")
    eve.see("Decide on the schema")
    with workbench.opened(lake) as opened:
        shown = workbench.query(opened, "SELECT * FROM bronze.wild", limit=None)
        assert IMAGE in shown.columns
        assert sorted(len(row["big"]) for row in shown.rows) == [1, len(HUGE)]
        workbench.promote(
            opened, "wild", workbench.parse_promotion("rules:\n- {id: r, kind: length, columns: [big], max: 9}\n")
        )
    for name, about in {
        "schema": {"table": "bronze.wild"},
        "rules": {"table": "bronze.wild"},
        "quarantine": {"table": "bronze.wild"},
        "tables": {"table": "bronze.wild"},
        "explore": {"sql": "SELECT * FROM bronze.wild"},
        "ask": {"question": "How many wild are there?"},
    }.items():
        eve.open(name, **about)
        calm(eve)


def views(root: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Every view that shows names and cells of the hostile table."""
    both: dict[str, str] = {"table": "bronze.evil"}
    yield from (("", {}), ("schema", both), ("promote", both), ("quarantine", both), ("runs", {}), ("connect", {}))
    yield from (("tables", {"table": "silver.evil", "view": v}) for v in ("columns", "timeline", "schema", "files"))
    yield from (("schema", both | {"column": name}) for name in (IMAGE, TICK))
    yield from (("rules", both | {"entry": entry}) for entry in ("cast", IMAGE, LINK, f"s {TICK}"))
    yield "explore", {"sql": f'SELECT * FROM silver.evil WHERE "{LINK}" IS NOT NULL'}
    yield from (
        ("ask", {"question": question}) for question in ("List the id of evil.", f"How many evil are {SCRIPT}?")
    )
    with workbench.opened(root) as opened:
        (review,) = workbench.reviews(opened, "evil")
        yield "promote", {"review": review.id}
        for run in workbench.runs(opened)[:4]:
            yield from (("runs", {"run": run.run_id, "tab": tab}) for tab in ("steps", "pipeline", "compare"))
        for row in workbench.quarantine(opened, "evil").rows[:2]:
            yield "quarantine", both | {"row": str(row["_rid"])}
        first = workbench.show(opened, "silver.evil", system=True).rows[0]["_rid"]
        yield from (("tables", {"table": "silver.evil", "rid": str(first), "column": name}) for name in (IMAGE, TICK))


@pytest.mark.slow  # every view of every page
def test_names_and_cells_on_every_page(eve: Person, lake: Path) -> None:
    for name, about in views(lake):
        eve.open(name, **about)
        calm(eve)
        assert "That did not work" not in eve.text(), (name, about)


def test_labels_of_charts(eve: Person) -> None:
    image = IMAGE.replace('"', '""')
    numbers = f'CAST(id AS DOUBLE) * 1.5 AS "{LINK}"'
    eve.open("explore", sql=f"SELECT id || '{SCRIPT}' AS \"{image}\", {numbers} FROM bronze.evil WHERE id < '3'")
    eve.page.get_by_role("radio", name="Chart").or_(
        eve.page.get_by_role("button", name="Chart", exact=True)
    ).first.click()
    eve.page.wait_for_selector(".js-plotly-plot .main-svg")
    eve.settle()
    assert "<" in eve.page.locator(".js-plotly-plot").first.inner_text()
    eve.page.locator(".js-plotly-plot .barlayer .point, .js-plotly-plot .scatterlayer .point").first.hover(force=True)
    eve.page.wait_for_timeout(300)


def test_dialogs_and_hints_of_hostile_names(eve: Person, lake: Path) -> None:
    """What undo would take back and what a waiver is about stand in hints and dialogs."""
    with workbench.opened(lake) as opened:
        row = workbench.quarantine(opened, "evil").rows[0]["_rid"]
    eve.open("quarantine", table="bronze.evil", row=str(row))
    eve.tap("row-waive")
    eve.see("What they may break")
    calm(eve)
    eve.page.keyboard.press("Escape")
    eve.open("rules", table="bronze.evil")
    eve.tap("rules-undo")
    calm(eve)
    eve.tap("rules-redo")
    calm(eve)


ODD_LINKS: list[tuple[str, dict[str, str]]] = [
    ("tables", {"table": "../../etc/passwd"}),
    ("tables", {"table": "silver.evil", "snapshot": "abc"}),
    ("tables", {"table": "silver.evil", "snapshot": "9" * 5_000}),
    ("tables", {"table": "silver.evil", "filter": "::::"}),
    ("tables", {"table": "silver.evil", "rid": "\N{SUPERSCRIPT TWO}", "column": SCRIPT}),
    ("runs", {"run": SCRIPT}),
    ("runs", {"job": "../../x"}),
    ("", {"job": SCRIPT}),
    ("quarantine", {"table": "bronze.evil", "row": "-1"}),
    ("quarantine", {"table": "bronze.evil", "filter": SCRIPT}),
    ("promote", {"review": SCRIPT}),
    ("rules", {"table": "bronze.evil", "entry": SCRIPT}),
    ("explore", {"sql": "SELECT * FROM read_csv('/etc/passwd')"}),
    ("explore", {"sql": "(" * 5_000}),
    ("ask", {"question": SCRIPT}),
    ("ask", {"question": "how many " * 500}),
    ("settings", {"part": SCRIPT}),
]


@pytest.mark.slow  # tests/ui/test_links.py tries the same without a browser
def test_links_with_anything_in_them(eve: Person) -> None:
    for name, about in ODD_LINKS:
        eve.open(name, **about)
        calm(eve)


@pytest.mark.slow
def test_half_a_gigabyte(chromium: Any, tmp_path: Path) -> None:
    """500 MB within the limit are kept, looked at and taken in; the server goes on."""
    root = workbench.create(tmp_path / "lake").path
    file = tmp_path / "large.csv"
    block = "".join(f"{n},{'x' * 90}\n" for n in range(100_000, 110_000)).encode()
    with file.open("wb") as out:
        out.write(b"id,text\n")
        while out.tell() < 500_000_000:
            out.write(block)
    with serving(root, log=tmp_path / "server.log") as url:
        context = chromium.new_context(viewport={"width": 1280, "height": 800})
        visitor = Person(context.new_page(), url)
        visitor.page.set_default_timeout(200_000)
        visitor.open("connect")
        visitor.upload(file)
        visitor.see("large: about")
        assert [Path(each).name for each in kept(root)] == ["large.csv"]
        calm(visitor)
        context.close()

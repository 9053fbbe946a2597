"""Links with anything in them open a calm page, and names from data are no markup wherever they stand."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from automic_core import workbench
from pages.ui.words import code, on_badge, plain, whole

OpenApp = Callable[..., AppTest]
SCRIPT = "<script>window.hacked=1</script>"
ODD = (SCRIPT, "abc", "-1", "²", "9" * 30, "9" * 5_000, "1.5", " ", "../../etc/passwd", "[x](javascript:a)", "%00")
PLACES = (
    *(("tables", name) for name in ("table", "snapshot", "filter", "view", "rid", "column")),
    *(("quarantine", name) for name in ("table", "row", "filter")),
    *(("match", name) for name in ("table", "view", "cluster", "pair")),
    *(("runs", name) for name in ("run", "job", "from", "state", "table", "part", "tab", "with")),
    *(("schema", name) for name in ("table", "column")),
    *(("rules", name) for name in ("table", "entry")),
    *(("promote", name) for name in ("table", "review")),
    *(("explore", name) for name in ("table", "sql")),
    *(("connect", name) for name in ("upload", "source", "kind", "options", "job", "table")),
    ("home", "job"),
    ("settings", "part"),
)


def words(page: AppTest) -> str:
    return "\n".join(str(part.value) for part in [*page.markdown, *page.text, *page.caption])


@pytest.mark.parametrize(
    "anything", [pytest.param(ODD[::2], id="some"), pytest.param(ODD[1::2], id="others", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize(("name", "parameter"), PLACES)
def test_a_link_with_anything_in_it(
    app: OpenApp, demo_lake: Path, name: str, parameter: str, anything: tuple[str, ...]
) -> None:
    about = {"table": "silver.customers"} | ({"column": "id"} if parameter == "rid" else {})
    about |= {"rid": "1"} if parameter == "column" and name == "tables" else {}
    for odd in anything:
        page = app(name, demo_lake, **about | {parameter: odd})
        assert "should not" not in words(page), odd


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *[("0", 0), ("68719476737", 68719476737), (str((1 << 63) - 1), (1 << 63) - 1)],
        *[("", None), ("²", None), (str(1 << 63), None), ("9" * 19, None), ("-1", None)],
    ],
)
def test_numbers_in_links(text: str, number: int | None) -> None:
    assert whole(text) == number


@pytest.mark.parametrize("text", ["plain", "a `b` c", "``` x", "`", "a\n\n# b", "x" * 1000])
def test_nothing_ends_a_name_in_monospace(text: str) -> None:
    shown = code(text)
    fence = re.match("`+", shown)
    assert fence is not None
    inside = shown[fence.end() : -fence.end()]
    assert shown.endswith(fence[0])
    assert fence[0] not in re.findall("`+", inside)
    assert "\n" not in inside
    assert len(inside) < 310


def test_a_bracket_does_not_end_a_badge() -> None:
    assert on_badge("a] [b](c)") == r"a] [b]\(c\)"
    assert plain("a] b") == r"a\] b"


def test_column_names_in_a_review_are_no_markup(app: OpenApp, empty_lake: Path, tmp_path: Path) -> None:
    evil = "`x` ![p](http://evil.invalid/p.png)"
    with workbench.opened(empty_lake, "ann") as lake:
        for value in (1, 2):
            file = tmp_path / f"{value}.csv"
            file.write_text(f'"{evil}",other\nkey,{value}\n', encoding="utf-8")
            workbench.ingest(lake, workbench.build_source(str(file)), "evil", keys=[evil])
            if value == 1:
                workbench.promote(lake, "evil")
        review = workbench.stage(lake, "evil", workbench.parse_promotion(""))
    page = app("promote", empty_lake, review=review)
    shown = [str(part.value) for part in [*page.markdown, *page.caption] if "evil.invalid" in str(part.value)]
    assert shown
    assert [each for each in shown if "![p]" in re.sub(r"``.+?``(?!`)", "", each)] == []


@pytest.mark.parametrize("table", ["../../etc/passwd", "bronze.", ".", "..", "bronze. ", "a.b.c.d"])
def test_a_name_that_no_table_can_have_is_a_table_that_is_not_there(app: OpenApp, demo_lake: Path, table: str) -> None:
    assert f"There is no table {table}" in words(app("explore", demo_lake, table=table))


@pytest.mark.parametrize("review", ["a" * 5_000, "../../x", ".", "²" * 300])
def test_the_id_of_no_review(app: OpenApp, demo_lake: Path, review: str) -> None:
    assert "is not the id of a review" in words(app("promote", demo_lake, review=review))


def test_the_same_error_twice_on_a_page() -> None:
    def page() -> None:
        from automic_core.errors import ConfigError
        from pages.ui import show

        for _ in range(2):
            show.error(ConfigError("The same.", "Do this."))

    shown = AppTest.from_function(page).run()
    assert not shown.exception
    assert [part.value for part in shown.text] == ["The same.", "Do this."] * 2

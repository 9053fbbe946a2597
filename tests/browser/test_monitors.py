"""A person watches the tables: a jump of empty cells is first in the inbox, is called expected, and comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest

from automic_core import workbench
from tests.browser.driver import Person, serving

NewPerson = Callable[..., Person]
JUMP = "40% of email is empty"


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """bronze.visits: nine batches of 200 rows; in the newest 40 % of the emails are missing, else 1 %."""
    root = workbench.create(tmp_path / "lake").path
    with workbench.opened(root, "ann") as opened:
        for day in range(9):
            holes = 80 if day == 8 else 2
            emails = ["" if row < holes else f"p{day * 200 + row}@example.org" for row in range(200)]
            file = tmp_path / f"visits_{day}.csv"
            pl.DataFrame({"visit_id": range(day * 200, day * 200 + 200), "email": emails}).write_csv(file)
            workbench.ingest(opened, workbench.build_source(str(file)), "visits", keys=["visit_id"])
        workbench.measure(opened)
    return root


@pytest.fixture
def url(lake: Path) -> Iterator[str]:
    with serving(lake, log=lake.parent / "server.log") as found:
        yield found


def test_a_jump_is_called_expected_and_taken_back(person: NewPerson, lake: Path) -> None:
    ann = person()
    ann.open()
    ann.page.get_by_role("link", name="Surprises, drift and failed rules").click()
    ann.see("1 surprise in 1 table", JUMP, "0% to", "2.6 times as far")
    first = ann.page.locator("[class*='st-key-monitors-card-0']").first
    first.get_by_text(JUMP).wait_for()
    ann.page.locator(".st-key-monitors-figure svg").first.wait_for()

    ann.tap("alert-expected-0")
    ann.see("Nothing is out of the ordinary in 1 table", "Called expected")
    ann.open("monitors", table="bronze.visits")
    ann.see("Nothing is out of the ordinary in 1 table", "nulls:email")
    assert JUMP not in ann.text()
    with workbench.opened(lake) as opened:
        assert [mark.series for mark in workbench.monitors(opened).marks] == ["nulls:email"]

    ann.tap("mark-revoke-0")
    ann.see("1 surprise in 1 table", JUMP)
    assert ann.errors == []
    assert ann.foreign == []

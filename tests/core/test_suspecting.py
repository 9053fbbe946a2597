"""Cells that are probably wrong, in a lake: found, fixed, found right, and learned from."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from automic_core import CSVSource, Lakehouse, workbench
from automic_core.errors import CatalogError
from automic_core.workbench.promotions import parse_promotion

TOWNS = ["Berlin", "Hamburg", "Cologne", "Munich", "Dresden"]


@pytest.fixture
def lake(tmp_path: Path) -> Lakehouse:
    draw = random.Random(1)
    lines = ["id,town,note"]
    for n in range(200):
        note = "unknown" if n % 25 == 0 else f"note {draw.randrange(900)}"
        lines.append(f"{n},{'Hambrug' if n == 7 else 'Berlni' if n == 9 else draw.choice(TOWNS)},{note}")
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    opened = Lakehouse.open(tmp_path / "lake")
    opened.bronze.ingest(CSVSource(str(tmp_path / "t.csv")), "t", keys=["id"])
    return opened


def cells(lake: Lakehouse) -> dict[tuple[int, str], str | None]:
    return {(each.record, each.column): each.suggestion for each in workbench.suspects(lake, "t").cells}


def test_fixes_and_trust_are_decisions_and_the_search_learns_from_them(lake: Lakehouse) -> None:
    with lake:
        found = workbench.suspects(lake, "bronze.t")
        assert (found.total, found.looked, found.labels) == (2, 200, 0)
        assert cells(lake) == {(8, "town"): "Hamburg", (10, "town"): "Berlin"}
        first, second = found.cells
        assert (first.value, first.fixed) == ("Hambrug", True)
        workbench.fix_suspects(lake, "t", {(first.rid, first.column): first.suggestion})
        workbench.trust_cells(lake, "t", [(second.rid, second.column)])
        assert cells(lake) == {}
        lake.silver.promote("t")
        towns = dict(lake.query("SELECT id, town FROM silver.t WHERE id IN (7, 9)").iter_rows())
        assert towns == {7: "Hamburg", 9: "Berlni"}

        wrong = [rid for rid, note in lake.query("SELECT _rid, note FROM bronze.t").iter_rows() if note == "unknown"]
        workbench.fix_suspects(lake, "t", {(rid, "note"): None for rid in wrong[:3]})
        taught = workbench.suspects(lake, "t")
        assert {each.rid for each in taught.cells} == set(wrong[3:]), "cells like those that were fixed"
        assert taught.labels == 5


def test_a_waived_rule_says_that_the_cell_is_right(lake: Lakehouse) -> None:
    rule = "rules: [{id: places, kind: set, columns: [town], values: [Berlin, Hamburg, Cologne, Munich, Dresden]}]"
    with lake:
        workbench.promote(lake, "t", parse_promotion(rule))
        first = next(each.rid for each in workbench.suspects(lake, "t").cells if each.record == 8)
        workbench.waive(lake, "t", first, ["places"], "an old spelling")
        assert cells(lake) == {(10, "town"): "Berlin"}
        with pytest.raises(CatalogError, match="no table"):
            workbench.suspects(lake, "nowhere")

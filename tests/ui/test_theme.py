"""Both themes are legible: contrast by WCAG 2.2, level AA."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
THEME = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]
COLOURS = ("red", "orange", "yellow", "blue", "green", "violet", "gray")
TEXT, LARGE = 4.5, 3.0


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2, section "relative luminance")."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_on_every_ground(mode: str) -> None:
    theme = THEME[mode]
    grounds = [theme["backgroundColor"], theme["secondaryBackgroundColor"], theme["sidebar"]["backgroundColor"]]
    for ground in grounds:
        for ink in ("textColor", "linkColor"):
            assert contrast(theme[ink], ground) >= TEXT, (mode, ink, ground)
    assert contrast("#FFFFFF", theme["primaryColor"]) >= TEXT, "the words of the primary button"
    assert contrast(theme["primaryColor"], theme["backgroundColor"]) >= LARGE


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("colour", COLOURS)
def test_badges_and_marks(mode: str, colour: str) -> None:
    theme = THEME[mode]
    text = theme[f"{colour}TextColor"]
    assert contrast(text, theme[f"{colour}BackgroundColor"]) >= TEXT
    assert contrast(text, theme["backgroundColor"]) >= TEXT, "coloured words in a sentence"
    assert contrast(theme[f"{colour}Color"], theme["backgroundColor"]) >= LARGE, "lines and fields of a chart"


def test_words_on_the_parts_of_the_ledger() -> None:
    css = (ROOT / "pages" / "ui" / "components" / "ledger.css").read_text(encoding="utf-8")
    parts = re.findall(r"\.(\w+) \{ background: (#\w{6}); \}", css)
    assert len(parts) == 7
    for name, ground in parts:
        assert contrast("#FFFFFF", ground) >= TEXT, name


def test_every_badge_has_a_colour_of_its_own() -> None:
    for mode in ("light", "dark"):
        grounds = [THEME[mode][f"{colour}BackgroundColor"] for colour in COLOURS]
        assert len(set(grounds)) == len(COLOURS)

"""Expected values and bands: short and long histories, seasons, new levels, what a person called expected."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automic_core.series.alarms import events, unlikeliness
from automic_core.series.bands import Accepted, Expectation, judge
from automic_core.series.scales import Nature

DAY = 86_400.0
SHARES, COUNTS = Nature("share", 0.05), Nature("log", 0.15)


def daily(values: list[float], nature: Nature = COUNTS, **options: object) -> list[Expectation]:
    return judge(values, [place * DAY for place in range(len(values))], nature, **options)  # type: ignore[arg-type]


def test_a_jump_of_empty_cells_is_outside_and_a_short_history_has_a_wide_band() -> None:
    found = daily([0.01, 0.012, 0.009, 0.01, 0.011, 0.4], SHARES)
    assert [each.outside for each in found] == [False] * 5 + [True]
    widths = [each.high - each.low for each in found if each.judged]
    assert all(after < before for before, after in pairwise(widths[:-1]))
    assert not daily([0.01, 0.4], SHARES)[1].judged


def test_a_new_level_is_a_surprise_until_it_has_settled() -> None:
    found = daily([100.0, 104, 97, 101, 99, 102, 100, 98, 300, 304, 296, 301, 299])
    assert [place for place, each in enumerate(found) if each.outside] == [8, 9, 10]
    assert found[10].shifted
    assert found[11].expected == pytest.approx(300, rel=0.05)


def test_weekends_are_expected_after_some_weeks_and_a_weekday_like_a_weekend_is_not() -> None:
    noise = np.random.default_rng(0).normal(0, 15, 70)
    values = [1000 + noise[day] if day % 7 < 5 else 300 + noise[day] for day in range(70)]
    calm = daily(values)
    assert not any(each.outside for each in calm[35:])
    assert {each.basis for each in calm[50:]} == {"weekday"}
    values[65] = 300.0
    assert [place for place, each in enumerate(daily(values)) if each.outside and place >= 35] == [65]


def test_growth_is_followed() -> None:
    found = daily([1000 * 1.05**day for day in range(40)])
    assert not any(each.outside for each in found)
    assert found[12].basis == "trend"


def test_what_was_called_expected_widens_its_side_from_there_on() -> None:
    values = [100.0, 104, 97, 101, 99, 300, 100, 290, 30]
    plain = daily(values)
    moved = daily(values, accepted=[Accepted(5 * DAY, 300.0, plain[5].expected)])
    assert [place for place, each in enumerate(plain) if each.outside] == [5, 7, 8]
    assert [place for place, each in enumerate(moved) if each.outside] == [8]
    assert [each.high for each in moved[:5]] == [each.high for each in plain[:5]]


def test_only_more_is_of_interest_where_the_series_says_so() -> None:
    found = daily([24.0, 24, 24, 24, 24, 24, 0.5, 200], Nature("log", 0.15, above_only=True))
    assert [place for place, each in enumerate(found) if each.outside] == [7]


@settings(deadline=None)
@given(
    st.lists(st.floats(0, 1e9), min_size=1, max_size=60),
    st.lists(st.floats(1, 1e6), min_size=60, max_size=60),
    st.sampled_from([COUNTS, SHARES, Nature("plain", 2.0), Nature("log", 0.3, above_only=True)]),
)
def test_bands_hold_what_they_expect_and_look_only_back(values: list[float], gaps: list[float], nature: Nature) -> None:
    values = [value / 1e9 for value in values] if nature is SHARES else values
    seconds = np.cumsum(gaps)[: len(values)].tolist()
    found = judge(values, seconds, nature)
    for each in found:
        assert each.low <= each.expected * (1 + 1e-9) + 1e-9
        assert each.expected <= each.high * (1 + 1e-9) + 1e-9
    shorter = values[: max(2, min(len(values), 14) // 2)]
    assert daily(values[:14], nature)[: len(shorter)] == daily(shorter, nature)


def test_small_surprises_in_a_row_raise_one_alarm() -> None:
    draw = np.random.default_rng(1)
    values = draw.normal(50, 2, 1200)
    values[900:930] += 7
    found = judge(values.tolist(), [place * 300.0 for place in range(1200)], Nature("plain", 2.0))
    places = events(unlikeliness(found), 9.0, quiet=50)
    assert len(places) == 1
    assert 900 <= places[0] < 915

"""Dirty tables of several domains with their truth, for finding_errors.py; made up, the same for the same seed.

    python benchmarks/dirty_tables.py FOLDER [--seeds 3 4 5] && python benchmarks/finding_errors.py FOLDER

flights: many sources tell the times of the same flights; some leave them out, some are off by minutes, some write the
day before them. prices: country and product settle the price, town and street the postcode; some of either are others'.
taxes: a zip settles town and state, the state and the status settle the exemptions; slips, swaps and numbers with two
zeros too many. shop: 70 rows, in which a town stands beside the postcode of another.
"""

from __future__ import annotations

import argparse
import csv
import random
from collections.abc import Callable, Sequence
from pathlib import Path

Row = list[str]
Made = tuple[list[str], list[Row], list[Row]]
STATES = {
    "AZ": ["Phoenix", "Tucson"],
    "CA": ["Sacramento", "Fresno"],
    "FL": ["Tampa", "Orlando", "Miami"],
    "GA": ["Atlanta", "Savannah"],
    "KS": ["Wichita", "Topeka"],
    "MA": ["Boston", "Worcester"],
    "NY": ["Albany", "Buffalo"],
    "OH": ["Cleveland", "Dayton"],
    "TX": ["Dallas", "Austin", "Houston"],
    "WA": ["Seattle", "Tacoma", "Spokane"],
}
TOWNS = {town: state for state, towns in STATES.items() for town in towns}
NAMES = ["James", "Mary", "Robert", "Patricia", "John", "Jennifer", "Michael", "Linda", "David", "Susan"]


def main() -> None:
    """Write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[3, 4, 5])
    options = parser.parse_args()
    makers: dict[str, Callable[[random.Random], Made]] = {
        "flights": flights,
        "prices": prices,
        "taxes": taxes,
        "shop": shop,
    }
    for seed in options.seeds:
        for name, make in makers.items():
            columns, clean, dirty = make(random.Random(f"{name} {seed}"))
            place = options.folder / f"{name}-{seed}"
            place.mkdir(parents=True, exist_ok=True)
            for kind, rows in (("clean", clean), ("dirty", dirty)):
                with (place / f"{kind}.csv").open("w", newline="", encoding="utf-8") as file:
                    csv.writer(file).writerows([columns, *rows])


def flights(draw: random.Random) -> Made:
    """Some 2,300 rows; a quarter of the cells is wrong or missing."""
    truth = []
    for number in range(90):
        leaves, takes = draw.randrange(300, 1300), draw.randrange(60, 330)
        late, later = draw.choice([-5, 0, 3, 7, 15, 40]), draw.randrange(-9, 9)
        times = (leaves, leaves + late, leaves + takes, leaves + takes + late + later)
        truth.append((f"{draw.choice(['AA', 'UA', 'CO'])}-{1000 + number}", times))
    sources = [
        (f"src{n}", draw.choice([0, 0.05, 0.1, 0.2, 0.35]), draw.choice([0, 0, 0.1, 0.3, 0.6]), draw.random() < 0.2)
        for n in range(28)
    ]
    clean, dirty = [], []
    for flight, times in truth:
        for source, off, missing, dated in sources:
            clean.append([source, flight, *map(_clock, times)])
            told = []
            for time in times:
                if draw.random() < missing:
                    told.append("")
                elif draw.random() < off:
                    told.append(_clock(time + draw.choice([-10, -6, 5, 8, 12, 20])))
                else:
                    told.append(f"12/02/2011 {_clock(time)}" if dated else _clock(time))
            dirty.append([source, flight, *told])
    return ["source", "flight", "scheduled_out", "actual_out", "scheduled_in", "actual_in"], clean, dirty


def _clock(minutes: int) -> str:
    hour, minute = divmod(minutes % 1440, 60)
    return f"{(hour - 1) % 12 + 1}:{minute:02d} {'a.m.' if hour < 12 else 'p.m.'}"


def prices(draw: random.Random) -> Made:
    """900 rows."""
    lands, goods = ["DE", "FR", "IT", "ES", "NL", "PL"], [f"P-{n}" for n in draw.sample(range(1000, 9999), 25)]
    price = {(land, good): f"{draw.uniform(3, 200):.2f}" for land in lands for good in goods}
    roads = ["Main", "Oak", "Park", "Mill", "High"]
    code = {(town, road): str(draw.randrange(10000, 99999)) for town in draw.sample(list(TOWNS), 12) for road in roads}
    clean, dirty = [], []
    for number in range(900):
        (land, good), (town, road) = draw.choice(list(price)), draw.choice(list(code))
        row = [str(number), land, good, price[land, good], town, f"{road} Street", code[town, road]]
        wrong = list(row)
        if draw.random() < 0.03:
            wrong[3] = f"{float(row[3]) * draw.choice([1.1, 0.9, 100]):.2f}"
        if draw.random() < 0.03:
            wrong[6] = draw.choice(list(code.values()))
        clean.append(row)
        dirty.append(wrong)
    return ["id", "country", "product", "price", "town", "street", "postcode"], clean, dirty


def taxes(draw: random.Random) -> Made:
    """4,000 rows; one cell in 250 is wrong."""
    zips = {str(draw.randrange(10000, 99999)): town for town in TOWNS for _ in range(draw.randrange(1, 5))}
    rate = {state: f"{draw.uniform(0, 9):.2f}" for state in STATES}
    single = {state: draw.choice([1000, 2000, 3250, 4200]) for state in STATES}
    clean, dirty = [], []
    for _ in range(4000):
        zip_ = draw.choice(list(zips))
        town, status = zips[zip_], draw.choice("MS")
        state, salary = TOWNS[town], str(draw.randrange(1, 20) * 5000)
        exempt = [str(single[state] * (status == "S")), str(2 * single[state] * (status == "M"))]
        row = [draw.choice(NAMES), town, state, zip_, status, salary, rate[state], *exempt]
        wrong = [_other(draw, place, value) if draw.random() < 0.004 else value for place, value in enumerate(row)]
        clean.append(row)
        dirty.append(wrong)
    columns = ["name", "city", "state", "zip", "status", "salary", "rate", "single_exemption", "married_exemption"]
    return columns, clean, dirty


def _other(draw: random.Random, place: int, value: str) -> str:
    """A wrong value for a column of taxes."""
    if place in (0, 1):
        at = draw.randrange(1, len(value) - 1)
        return f"{value[:at]}{draw.choice('xqz')}{value[at + 1 :]}"
    if place in (2, 4):
        return draw.choice([each for each in (STATES if place == 2 else "MS") if each != value])
    if place == 3:
        return value[:-1] + str((int(value[-1]) + 1) % 10)
    return f"{value}00" if place == 5 else f"{float(value) + draw.choice([1, 3, 10]):g}"


def shop(draw: random.Random) -> Made:
    """70 rows; three towns are others'."""
    code = {str(draw.randrange(10000, 99999)): town for town in draw.sample(list(TOWNS), 9)}
    clean = []
    for number in range(70):
        zip_ = draw.choice(list(code))
        clean.append([str(number), draw.choice(NAMES), zip_, code[zip_], f"{draw.uniform(5, 90):.2f}"])
    dirty = [list(row) for row in clean]
    for number in draw.sample(range(70), 3):
        dirty[number][3] = _another(draw, list(code.values()), clean[number][3])
    return ["id", "name", "postcode", "town", "amount"], clean, dirty


def _another(draw: random.Random, values: Sequence[str], value: str) -> str:
    return draw.choice([each for each in values if each != value])


if __name__ == "__main__":
    main()

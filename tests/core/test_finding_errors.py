"""Cells that are probably wrong: each kind of error planted in made-up tables, and tables without any."""

from __future__ import annotations

import random

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from automic_core import find_errors
from automic_core.cleaning import dependencies, spellings, table
from automic_core.cleaning.shapes import bare, shape
from automic_core.errors import TransformError
from tests.drawing import draws

TOWNS = {
    "10115": ("Berlin", "BE"),
    "20095": ("Hamburg", "HH"),
    "50667": ("Cologne", "NW"),
    "80331": ("Munich", "BY"),
    "90402": ("Nuremberg", "BY"),
    "01067": ("Dresden", "SN"),
    "04109": ("Leipzig", "SN"),
    "28195": ("Bremen", "HB"),
}


def towns(rows: int = 400, seed: int = 1) -> dict[str, list[str | None]]:
    """A clean table: zip settles town and state; free numbers and dates beside."""
    draw = random.Random(seed)
    zips = [draw.choice(list(TOWNS)) for _ in range(rows)]
    return {
        "id": [str(5000 + n) for n in range(rows)],
        "zip": list(zips),
        "town": [TOWNS[z][0] for z in zips],
        "state": [TOWNS[z][1] for z in zips],
        "amount": [f"{draw.lognormvariate(3, 0.6):.2f}" for _ in range(rows)],
        "day": [f"2024-{draw.randint(1, 12):02d}-{draw.randint(1, 28):02d}" for _ in range(rows)],
        "paid": [draw.choice(["yes", "no"]) for _ in range(rows)],
    }


def found(data: dict[str, list[str | None]]) -> dict[tuple[int, str], str | None]:
    frame = find_errors(pl.DataFrame(data))
    return {(row, column): repair for row, column, _, repair in frame.iter_rows()}


@pytest.mark.parametrize("seed", range(5))
def test_a_clean_table_has_no_errors(seed: int) -> None:
    assert found(towns(seed=seed)) == {}


def test_a_value_that_the_row_contradicts_is_wrong_and_its_key_is_not() -> None:
    data = towns()
    row = data["zip"].index("50667")
    data["town"][row] = "Munich"
    assert found(data) == {(row, "town"): "Cologne"}


def test_a_hole_that_the_row_fills() -> None:
    data = towns()
    row = data["zip"].index("80331")
    data["state"][row] = None
    assert found(data) == {(row, "state"): "BY"}


def test_the_cell_that_all_others_contradict_is_the_wrong_one() -> None:
    data = towns()
    data["name"] = [f"office {zip_}" for zip_ in data["zip"]]
    row = data["zip"].index("20095")
    data["zip"][row] = "28195"
    assert found(data) == {(row, "zip"): "20095"}


def test_two_towns_of_one_name_are_both_right() -> None:
    data = towns()
    for row in [n for n, zip_ in enumerate(data["zip"]) if zip_ == "28195"][:12]:
        data["zip"][row], data["state"][row], data["town"][row] = "99999", "TH", "Berlin"
    assert not {cell for cell in found(data) if cell[1] in ("state", "town")}


@pytest.mark.parametrize(
    ("column", "planted", "repair"),
    [
        ("town", "Nurmberg", "Nuremberg"),
        ("town", "NUREMBERG", "Nuremberg"),
        ("zip", "9O402", None),
        ("amount", "n/a", None),
        ("amount", "12.50 €", "12.50"),
        ("amount", "91000000", None),
        ("day", "2024/03/09", None),
        ("day", "2024-03-09T00:00", "2024-03-09"),
        ("paid", "Leipzig", None),
        ("paid", "yess", "yes"),
        ("state", "Bavaria", None),
    ],
)
def test_a_planted_value_is_found_alone(column: str, planted: str, repair: str | None) -> None:
    data = towns()
    data = {name: values for name, values in data.items() if name == column or name in ("id", "town")}
    row = 50 if column != "town" else data["town"].index("Nuremberg")
    data[column][row] = planted
    flagged = found(data)
    assert set(flagged) == {(row, column)}
    if repair is not None:
        assert flagged[row, column] == repair


def prices(rows: int = 700) -> dict[str, list[str | None]]:
    """A clean table in which country and product settle the price, and town and street the postcode."""
    draw = random.Random(4)
    lands, goods, roads = ["DE", "FR", "IT", "ES"], [f"P-{n}" for n in range(100, 125)], ["Elm", "Oak", "Ash", "Fir"]
    price = {(land, good): f"{draw.uniform(3, 90):.2f}" for land in lands for good in goods}
    code = {(town, road): str(draw.randrange(10000, 99999)) for town, _ in TOWNS.values() for road in roads}
    sold = [(draw.choice(lands), draw.choice(goods)) for _ in range(rows)]
    sent = [draw.choice(list(code)) for _ in range(rows)]
    return {
        "country": [land for land, _ in sold],
        "product": [good for _, good in sold],
        "price": [price[each] for each in sold],
        "town": [town for town, _ in sent],
        "street": [f"{road} Street" for _, road in sent],
        "postcode": [code[each] for each in sent],
    }


def test_two_columns_together_settle_a_third() -> None:
    data = prices()
    assert found(data) == {}
    wanted = {(40, "price"): data["price"][40], (90, "postcode"): data["postcode"][90]}
    data["price"][40] = data["price"][41]
    data["postcode"][90] = next(each for each in data["postcode"] if each != data["postcode"][90])
    assert found(data) == wanted
    reason = find_errors(pl.DataFrame(data))["reason"][0]
    assert f"rows with country {data['country'][40]!r} and product {data['product'][40]!r}" in reason


def test_where_nothing_tells_which_of_two_is_wrong_both_are_shown() -> None:
    data = {name: values for name, values in towns(70).items() if name in ("id", "zip", "town")}
    row = data["zip"].index("20095")
    data["town"][row] = "Berlin"
    assert found(data) == {(row, "town"): "Hamburg", (row, "zip"): "10115"}
    reasons = find_errors(pl.DataFrame(data))["reason"].to_list()
    assert [reason.rpartition("; ")[2] for reason in reasons] == ["or town is wrong", "or zip is wrong"]


def test_chance_in_small_groups_is_no_dependency() -> None:
    draw = random.Random(9)
    data: dict[str, list[str | None]] = {
        name: [str(draw.choice(kinds)) for _ in range(600)]
        for name, kinds in (("a", range(12)), ("b", range(12)), ("c", [1, 1, 1, 1, 1, 1, 2, 3, 4, 5]))
    }
    assert found(data) == {}


def test_numbers_below_a_thousand_have_no_mark() -> None:
    draw = random.Random(2)
    data: dict[str, list[str | None]] = {"n": [f"{draw.randrange(1000, 900000):,}" for _ in range(200)]}
    data["n"][7], data["n"][9] = "345", "45.1"
    assert set(found(data)) == {(9, "n")}


@pytest.mark.parametrize(
    ("planted", "repair"),
    [("20240309", "2024-03-09"), ("25.03.2024", "2024-03-25"), ("03/25/2024", "2024-03-25"), ("09.03.2024", None)],
)
def test_a_day_is_turned_around_only_where_it_reads_one_way(planted: str, repair: str | None) -> None:
    data = {"day": towns()["day"]}
    data["day"][50] = planted
    assert found(data) == {(50, "day"): repair}


def test_words_are_not_parted_anew() -> None:
    draw = random.Random(6)
    names = ["".join(draw.choices("abcdefg", k=draw.choice([4, 5, 6]))) for _ in range(200)]
    data: dict[str, list[str | None]] = {
        "mail": [f"{a}.{b}{len(b)}@site.org" for a, b in zip(names, names[::-1], strict=True)]
    }
    data["mail"][3] = str(data["mail"][3]).upper()
    assert set(found(data).values()) <= {None, str(data["mail"][3]).lower()}


def test_what_one_source_writes_otherwise_is_not_borne_out_by_itself() -> None:
    draw = random.Random(8)
    times = {f"AA-{n}": (f"{n % 12 + 1}:{n % 50 + 10}", f"{(n + 3) % 12 + 1}:{n % 40 + 11}") for n in range(100, 130)}
    data: dict[str, list[str | None]] = {"source": [], "flight": [], "leaves": [], "lands": []}
    for flight, (leaves, lands) in times.items():
        for source in range(10):
            around = "12/02/2011 " if source >= 8 else ""
            row = (f"s{source}", flight, around + leaves, around + lands)
            for name, value in zip(data, row, strict=True):
                data[name].append(value)
    wanted = {(n, name) for n in range(300) if n % 10 >= 8 for name in ("leaves", "lands")}
    assert set(found(data)) == wanted
    assert found(data)[8, "leaves"] == times["AA-100"][0]
    data["leaves"][0] = f"{draw.randrange(1, 12)}:05"
    assert set(found(data)) == wanted | {(0, "leaves")}


def test_a_hundredfold_in_an_even_spread() -> None:
    draw = random.Random(2)
    data: dict[str, list[str | None]] = {"salary": [str(draw.randrange(1, 20) * 5000) for _ in range(300)]}
    data["salary"][5] = "3000000"
    assert set(found(data)) == {(5, "salary")}


def test_codes_that_have_no_zeros_have_lost_none() -> None:
    data = {"zip": [zip_.lstrip("0") if zip_ else zip_ for zip_ in towns()["zip"]]}
    data["zip"][3] = "01067"
    assert found(data) == {}


def test_lost_leading_zeros_come_back() -> None:
    data = {"zip": towns()["zip"]}
    row = data["zip"].index("01067")
    data["zip"][row] = "1067"
    assert found(data) == {(row, "zip"): "01067"}


def test_a_state_run_together_with_its_town() -> None:
    draw = random.Random(3)
    streets = [f"{draw.choice(['Elm', 'Oak', 'Ash', 'Fir'])} Road {n % 17}" for n in range(300)]
    states = [draw.choice(["BE", "HH", "NW", "BY"]) for _ in range(300)]
    data: dict[str, list[str | None]] = {"street": list(streets), "state": list(states)}
    for row in (7, 90, 201):
        data["street"][row], data["state"][row] = f"{streets[row]} {states[row]}", None
    wanted = {(r, "street"): streets[r] for r in (7, 90, 201)} | {(r, "state"): states[r] for r in (7, 90, 201)}
    assert found(data) == wanted


def test_units_in_several_spellings_leave_the_number() -> None:
    spelt = ["12.0 oz", "12.0 oz.", "16.0 ounce", "12.0 OZ"]
    flagged = found({"size": [spelt[n % 4] for n in range(80)]})
    assert len(flagged) == 80
    assert flagged[2, "size"] == "16.0"
    assert found({"size": ["12 oz", "16 oz"] * 40}) == {}


def test_one_word_for_missing_is_the_tables_own_way() -> None:
    draw = random.Random(0)
    columns: dict[str, list[str | None]] = {name: [str(draw.randint(0, 50)) for _ in range(200)] for name in "abc"}
    columns["a"][9] = columns["b"][70] = "empty"
    assert found(columns) == {}
    columns["c"][100] = None
    assert set(found(columns)) == {(9, "a"), (70, "b")}


def test_a_column_made_of_others_vouches_for_its_cells() -> None:
    data = towns()
    data["key"] = [f"{state}-{town}" for state, town in zip(data["state"], data["town"], strict=True)]
    data["key"][3] = "XX-" + str(data["town"][3])
    assert found(data) == {(3, "key"): f"{data['state'][3]}-{data['town'][3]}"}


def test_surnames_alike_are_not_slips() -> None:
    draw = random.Random(0)
    ends = ["son", "sen", "ton", "den", "man", "men", "ley", "lay"]
    begins = [first + middle for first in "ABCDEFGHKLMNPRSTW" for middle in ("ar", "er", "or", "al", "el")]
    names = [draw.choice(begins) + draw.choice(ends) for _ in range(2000)]
    assert len(found({"name": list(names)})) <= 10


def test_typed_columns_are_judged_too() -> None:
    frame = pl.DataFrame(towns()).with_columns(pl.col("amount").cast(pl.Float64), pl.col("day").str.to_date())
    frame = frame.with_columns(amount=pl.when(pl.int_range(pl.len()) == 9).then(5e9).otherwise("amount"))
    assert find_errors(frame.lazy()).select("row", "column").rows() == [(9, "amount")]


def test_labels_decide_their_cells_and_teach_the_rest() -> None:
    data = towns()
    data["note"] = ["unknown" if n % 40 == 0 else f"note {n}" for n in range(400)]
    holders = [(n, "note") for n in range(0, 400, 40)]
    assert not {cell for cell in found(data) if cell[1] == "note"}
    labels = pl.DataFrame({"row": [0, 40, 80, 1, 2], "column": ["note"] * 5, "wrong": [True, True, True, False, False]})
    taught = find_errors(pl.DataFrame(data), labels)
    assert taught.select("row", "column").rows() == holders

    data["amount"] = ["n/a" if n % 20 == 0 else value for n, value in enumerate(data["amount"])]
    assert len([cell for cell in found(data) if cell[1] == "amount"]) == 20
    fine = pl.DataFrame({"row": range(0, 160, 20), "column": ["amount"] * 8, "wrong": [False] * 8})
    assert "amount" not in find_errors(pl.DataFrame(data), fine)["column"]


def test_labels_that_name_no_cell_are_refused() -> None:
    frame = pl.DataFrame({"a": ["1"]})
    with pytest.raises(TransformError, match="row 4 of column 'a'"):
        find_errors(frame, pl.DataFrame({"row": [4], "column": ["a"], "wrong": [True]}))
    with pytest.raises(TransformError, match="'wrong'"):
        find_errors(frame, pl.DataFrame({"row": [0], "column": ["a"]}))


def test_numbers_beyond_all_measure_spoil_nothing() -> None:
    numbers = [f"{n}.5" for n in range(100)]
    assert {cell for cell in found({"n": [*numbers, "1e999", "-2e300"]}) if cell[0] < 100} == set()


cells = st.one_of(st.none(), st.text(max_size=12), st.sampled_from(["a", "b", "1", "2", "n/a", " "]))


@settings(max_examples=draws(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(0, 40).flatmap(
        lambda n: st.fixed_dictionaries({name: st.lists(cells, min_size=n, max_size=n) for name in "xyz"})
    )
)
def test_any_table_is_judged_and_only_its_own_cells(data: dict[str, list[str | None]]) -> None:
    frame = pl.DataFrame(data, schema=dict.fromkeys("xyz", pl.String))
    flagged = find_errors(frame)
    assert flagged.schema == {"row": pl.UInt32, "column": pl.String, "reason": pl.String, "suggestion": pl.String}
    assert flagged.select("row", "column").is_unique().all()
    assert set(flagged["column"]) <= set("xyz")
    assert flagged["reason"].null_count() == 0
    assert flagged.height == 0 or int(flagged["row"].max()) < frame.height  # type: ignore[arg-type]
    assert flagged.equals(find_errors(frame))


def test_errors_at_random_are_told_from_correlation() -> None:
    draw = random.Random(5)
    keys = [n % 40 for n in range(800)]
    random_errors = [k if draw.random() > 0.2 else draw.randint(100, 900) for k in keys]
    half_of_them = [k if k < 20 else draw.randint(100, 160) for k in keys]

    def trust(values: list[int]) -> float:
        frame = pl.DataFrame({"k": keys, "v": values}).cast(pl.String)
        read = table.read(frame, ["k", "v"])
        return max((d.trust for d in dependencies.discover(read) if d.left == 0), default=0.0)

    assert trust(random_errors) > 0.9
    assert trust(half_of_them) == 0.0


def test_a_large_group_that_is_not_settled_excuses_no_one() -> None:
    single = [str(1000 + 250 * (n % 5)) for n in range(2000)] + ["0"] * 1972
    married = ["0"] * 2000 + ["6500"] * 1157 + ["2000"] * 400 + ["4000"] * 415
    for n in range(10):
        married[n] = "50"
    flagged = find_errors(pl.DataFrame({"single": single, "married": married}))
    assert flagged.filter(pl.col("column") == "married")["row"].to_list() == list(range(10))


def test_shapes() -> None:
    assert [shape(t) for t in ("Main St. 12", "-1.5e3", "AB-12c", "ärger", "")] == ["Aa Aa. 9", "9", "A-9a", "a", ""]
    assert bare("2001-12X") == "999999a"


def test_other_digits_are_another_code() -> None:
    assert spellings.another_code("room 12", "room 13")
    assert not spellings.another_code("room 1x", "room 12")
    assert not spellings.same_words("Alaskan Brewing Company", "SanTan Brewing Company")
    assert spellings.same_words("acuxe care hospixals", "acute care hospitals")

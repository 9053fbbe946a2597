"""Who is who, and which cells are probably wrong: judged from the rows alone, without labels.

python examples/judging.py
"""

import random

import polars as pl

from automic_core import Deduplicator, find_errors

random.seed(7)
FIRST = ["Ann", "Ben", "Carla", "David", "Emma", "Felix", "Greta", "Hugo", "Iris", "Jonas", "Klara", "Leon"]
LAST = ["Abel", "Brandt", "Conrad", "Dietrich", "Engel", "Fuchs", "Graf", "Hartmann", "Jansen", "Krause", "Lorenz"]
CITIES = {"10115": "Berlin", "20095": "Hamburg", "50667": "Cologne", "80331": "Munich"}


def people(count: int) -> list[dict[str, str]]:
    """Made-up people, each with a name, a birth date and a town."""
    found = []
    for number in range(count):
        code = random.choice(list(CITIES))
        born = f"{random.randint(1950, 2005)}-{random.randint(1, 12):02}-{random.randint(1, 28):02}"
        street = f"{random.choice(LAST)}weg {random.randint(1, 80)}"
        name = {"first": random.choice(FIRST), "last": random.choice(LAST)}
        found.append(
            {"id": str(number), **name, "born": born, "street": street, "postcode": code, "city": CITIES[code]}
        )
    return found


def main() -> None:
    """Print what is found."""
    rows = people(400)
    again = [dict(row) for row in rows[:40]]
    for number, row in enumerate(again):
        row["id"] = str(1000 + number)
        row["last"] = row["last"].replace("n", "nn", 1) if number % 2 else row["last"]
        row["first"] = row["first"] if number % 2 else row["first"][0] + "."
    rows[200]["city"] = "Hambrug"
    frame = pl.DataFrame(rows + again)

    clusters = Deduplicator(match_mode="fuzzy", match_fields=list(frame.columns[1:])).cluster(frame).collect()
    pairs = clusters.group_by("_cluster_id").agg("id").filter(pl.col("id").list.len() == 2)["id"].to_list()
    right = sum(int(max(pair, key=int)) - 1000 == int(min(pair, key=int)) for pair in pairs)
    print(f"{len(pairs)} pairs found, {right} of the 40 people who came twice")

    for row, column, reason, suggestion in find_errors(frame).sort("row", "column").iter_rows():
        print(f"row {row}, {column} = {frame[row, column]}: {reason}; {suggestion or 'no suggestion'}")


if __name__ == "__main__":
    main()

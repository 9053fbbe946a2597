"""Bronze, silver, quarantine, a fix, gold, the past, and the way back to the file."""

from pathlib import Path
from tempfile import TemporaryDirectory

from automic_core import CSVSource, Lakehouse, load_rules, workbench

HERE = Path(__file__).parent


def main(folder: Path) -> None:
    with Lakehouse.open(folder / "lake") as lake:
        lake.bronze.ingest(CSVSource(str(HERE / "data" / "customers.csv")), "customers", keys=["id"])
        rules = load_rules(HERE / "rules.yaml")
        first = lake.silver.promote("customers", rules=rules)
        print(f"{first.report}\n")

        held = lake.quarantine("customers").row(0, named=True)
        print("In quarantine:", held["row"])
        print(f"because: {[reason['message'] for reason in held['reasons']]}\n")

        workbench.fix(lake, "customers", held["_rid"], {"purchase_amount": "99.99"}, reason="asked the customer")
        lake.silver.promote("customers", rules=rules)
        count = "SELECT count(*) FROM silver.customers"
        before = lake.query(f"{count} AT (VERSION => {first.snapshot})").item()
        print(f"Rows before the fix: {before}, now: {lake.query(count).item()}\n")

        totals = {"spent": {"field": "purchase_amount", "function": "sum"}}
        lake.gold.build("spending", source="silver.customers", group_by=["name"], aggregations=totals)
        for name, spent, rid in lake.query("SELECT name, spent, _rid FROM gold.spending ORDER BY spent").iter_rows():
            trace = lake.trace("gold.spending", rid)
            records = [(Path(origin.source).name, origin.record) for origin in trace.origins]
            print(f"{name}: {spent} from {records}")


if __name__ == "__main__":
    with TemporaryDirectory() as temporary:
        main(Path(temporary))

"""Ten sales become three customer summaries; the ledger says which rows each stands for."""

from pathlib import Path
from tempfile import TemporaryDirectory

from automic_core import Aggregator, JSONSource, Pipeline, SQLiteLoader, SQLiteSource

SALES = Path(__file__).parent / "data" / "sales.json"


def main(folder: Path) -> None:
    summary = str(folder / "sales_summary.db")
    pipeline = (
        Pipeline()
        .extract(JSONSource(str(SALES)))
        .transform(
            Aggregator(
                group_by=["customer"],
                aggregations={
                    "total_quantity": {"field": "quantity", "function": "sum"},
                    "total_orders": {"field": "order_id", "function": "count"},
                    "avg_quantity": {"field": "quantity", "function": "avg"},
                    "products": {"field": "product", "function": "list"},
                },
            )
        )
        .load(SQLiteLoader(summary))
        .run()
    )
    print(pipeline.report)
    for row in SQLiteSource(summary).scan().collect().iter_rows(named=True):
        orders, average = row["total_orders"], row["avg_quantity"]
        print(f"{row['customer']}: {row['total_quantity']} items, {orders} orders, avg {average:.1f}/order")


if __name__ == "__main__":
    with TemporaryDirectory() as temporary:
        main(Path(temporary))

"""A step of one's own: a class that changes one record at a time."""

from pathlib import Path
from tempfile import TemporaryDirectory

from automic_core import JSONLoader, JSONSource, Pipeline, Transformer


class CurrencyConverter(Transformer):
    def __init__(self, from_field, to_field, rate):
        super().__init__()
        self.from_field = from_field
        self.to_field = to_field
        self.rate = rate

    def transform(self, record):
        if self.from_field in record.data:
            amount = record.data[self.from_field]
            record.data[self.to_field] = amount * self.rate
            self.stats.records_modified += 1
        return record


def main(folder: Path) -> None:
    prices, converted = folder / "prices.jsonl", folder / "converted.jsonl"
    prices.write_text('{"item": "pen", "usd": 2.0}\n{"item": "desk", "usd": 250.0}\n', encoding="utf-8")
    pipeline = (
        Pipeline()
        .extract(JSONSource(str(prices)))
        .transform(CurrencyConverter("usd", "eur", 0.85))
        .load(JSONLoader(str(converted)))
        .run()
    )
    print(converted.read_text(encoding="utf-8").strip())
    print("modified:", pipeline.get_stats()["steps"]["s1"]["records_modified"])
    print("ledger adds up:", pipeline.report.balanced)


if __name__ == "__main__":
    with TemporaryDirectory() as temporary:
        main(Path(temporary))

"""A source of one's own: a class that yields records. The client is a stand-in, so this runs without a server.

With the driver installed, replace ``MongoClient`` by ``from pymongo import MongoClient``.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from automic_core import JSONLoader, Pipeline, Record, RecordMetadata, SourceAdapter, infer_schema


class MongoSource(SourceAdapter):
    def __init__(self, connection_string, database, collection):
        self.connection_string = connection_string
        self.database = database
        self.collection = collection
        self.client = None

    def connect(self):
        self.client = MongoClient(self.connection_string)
        self._connected = True

    def read(self):
        collection = self.client[self.database][self.collection]
        for doc in collection.find():
            yield Record(data=doc, metadata=RecordMetadata(source_type="mongodb", source_id=self.collection))

    def get_schema(self):
        # Use schema inferrer on sample documents
        sample = list(self.read())[:100]
        return infer_schema(pl.DataFrame([record.data for record in sample]), name=self.collection)

    def close(self):
        if self.client:
            self.client.close()


class MongoClient:
    """What the source needs of a client, over documents in memory."""

    def __init__(self, connection_string):
        self.address = connection_string

    def __getitem__(self, database):
        return {"users": Users()} if database == "mydb" else {}

    def close(self):
        pass


class Users:
    def find(self):
        yield {"_id": 1, "name": "Ada", "langs": ["en", "fr"]}
        yield {"_id": 2, "name": "Linus", "langs": ["fi"]}


def main(folder: Path) -> None:
    target = folder / "users.jsonl"
    source = MongoSource("mongodb://localhost", "mydb", "users")
    report = Pipeline().extract(source).load(JSONLoader(str(target))).run().report
    print(target.read_text(encoding="utf-8").strip())
    print("rows:", report.rows_out, "- ledger adds up:", report.balanced)
    source.connect()
    print("schema:", [f"{field.name} {field.type}" for field in source.get_schema().fields])
    source.close()


if __name__ == "__main__":
    with TemporaryDirectory() as temporary:
        main(Path(temporary))

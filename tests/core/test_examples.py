"""Each example runs as a script, prints what it promises and leaves nothing behind."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from automic_core import workbench
from automic_core.spec import PipelineSpec

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PRINTS = {
    "customers": """\
Extracted: 5
Transformed: 4 {'merged': 1}
Loaded: 4
Anomalies: 1
Quality: {'excellent': 3, 'good': 1, 'fair': 0, 'poor': 0}
1 John Smith 1.0 -
3 Jane Doe 0.8 ["email is missing"]
4 Bob Jones 0.65 ["email is not an email address: invalid-email", "flagged as an anomaly"]
5 Alice Lee 1.0 -
""",
    "sales": """\
sales: 10 rows in from sales
  extract      json                   10 rows
  s1           aggregate               3 rows  7 grouped
3 rows out to sales; the ledger adds up (10 = 3 + 0 + 7 grouped).
Alice: 14 items, 4 orders, avg 3.5/order
Bob: 16 items, 3 orders, avg 5.3/order
Charlie: 19 items, 3 orders, avg 6.3/order
""",
    "mongo_like_source": """\
{"id": 1, "name": "Ada", "langs": "[\\"en\\", \\"fr\\"]"}
{"id": 2, "name": "Linus", "langs": "[\\"fi\\"]"}
rows: 2 - ledger adds up: True
schema: ['_id integer', 'name string', 'langs array']
""",
    "currency_converter": """\
{"item": "pen", "usd": 2.0, "eur": 1.7}
{"item": "desk", "usd": 250.0, "eur": 212.5}
modified: 2
ledger adds up: True
""",
    "lakehouse": """\
promote customers: 5 rows in from bronze.customers
  extract      bronze                  5 rows
  latest       latest                  5 rows
  cast         cast                    5 rows
  rules        rules                   4 rows  1 quarantined:amount
4 rows out to silver.customers; the ledger adds up (5 = 4 + 1).
Note: The schema was inferred; nobody has accepted it yet.

In quarantine: {"id":"4","name":"Bob Jones","email":"invalid-email","age":"42","purchase_amount":"9999.99"}
because: ['purchase_amount is outside 0 to 1000']

Rows before the fix: 4, now: 5

Jane Doe: 85.0 from [('customers.csv', 3)]
Bob Jones: 99.99 from [('customers.csv', 4)]
Alice Lee: 120.0 from [('customers.csv', 5)]
John Smith: 300.0 from [('customers.csv', 1), ('customers.csv', 2)]
""",
    "judging": """\
40 pairs found, 40 of the 40 people who came twice
row 200, city = Hambrug: city 'Hambrug' is one slip from 'Hamburg' (107 rows); Hamburg
row 405, last = Connrad: last 'Connrad' is one slip from 'Conrad' (35 rows); Conrad
row 407, last = Jannsen: last 'Jannsen' is one slip from 'Jansen' (33 rows); Jansen
row 409, last = Enngel: last 'Enngel' is one slip from 'Engel' (44 rows); Engel
row 411, last = Lorennz: last 'Lorennz' is one slip from 'Lorenz' (41 rows); Lorenz
row 413, last = Lorennz: last 'Lorennz' is one slip from 'Lorenz' (41 rows); Lorenz
row 417, last = Hartmannn: last 'Hartmannn' is one slip from 'Hartmann' (36 rows); Hartmann
row 419, last = Connrad: last 'Connrad' is one slip from 'Conrad' (35 rows); Conrad
row 425, last = Branndt: last 'Branndt' is one slip from 'Brandt' (42 rows); Brandt
row 427, last = Enngel: last 'Enngel' is one slip from 'Engel' (44 rows); Engel
row 431, last = Lorennz: last 'Lorennz' is one slip from 'Lorenz' (41 rows); Lorenz
""",
}


def test_every_script_is_known() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == set(PRINTS)


@pytest.mark.parametrize("name", PRINTS)
def test_example(name: str, tmp_path: Path) -> None:
    here, temporary = tmp_path / "here", tmp_path / "temporary"
    here.mkdir()
    temporary.mkdir()
    files = sorted(EXAMPLES.rglob("*"))
    done = subprocess.run(
        [sys.executable, "-B", str(EXAMPLES / f"{name}.py")],
        cwd=here,
        env={**os.environ, "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
    )
    assert done.stderr == ""
    assert done.returncode == 0
    assert done.stdout == PRINTS[name]
    assert [*here.iterdir(), *temporary.iterdir()] == []
    assert sorted(EXAMPLES.rglob("*")) == files


def test_the_pipeline_file_is_the_customers_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = PipelineSpec.load_file(EXAMPLES / "pipeline.yaml")
    script = (EXAMPLES / "customers.py").read_text(encoding="utf-8")
    steps = [type(named.step).__name__ for named in spec.to_pipeline().steps]
    assert steps == re.findall(r"transform\((\w+)\(", script)
    (tmp_path / "examples").symlink_to(EXAMPLES)
    monkeypatch.chdir(tmp_path)
    report = workbench.run(EXAMPLES / "pipeline.yaml")
    assert (report.rows_in, report.rows_out, report.removed(), report.balanced) == (5, 4, {"merged": 1}, True)

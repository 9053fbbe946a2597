"""The demo as a job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from automic_core.demo.run import run_demo
from automic_core.events import Listener
from automic_core.lake import Lakehouse


def demo(lake: Lakehouse, arguments: Mapping[str, Any], on_event: Listener) -> dict[str, Any]:
    """Load the demo into a lake. Arguments: perhaps ``orders``."""
    size = {"orders": int(arguments["orders"])} if arguments.get("orders") is not None else {}
    done = run_demo(lake.context.root, on_event=on_event, actor=lake.context.actor, **size)
    tables = [each.table for each in done.ingestions]
    tables += [each.table for each in done.promotions] + [each.table for each in done.builds]
    return {"tables": tables, "rows": done.added, "balanced": done.balanced}

"""The lakehouse in one object: bronze in, silver proven, gold asked."""

from __future__ import annotations

import getpass
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import polars as pl

from automic_core.errors import CatalogError
from automic_core.lakehouse import history as histories
from automic_core.lakehouse import sql as engine
from automic_core.lakehouse import tables
from automic_core.lakehouse.catalog import open_catalog
from automic_core.lakehouse.commits import head
from automic_core.medallion import provenance, quarantine, watermarks
from automic_core.medallion.batches import BATCH, SOURCE, content_key
from automic_core.medallion.bronze import Bronze
from automic_core.medallion.context import ACTOR, REPORT, RUN_ID, LakeContext
from automic_core.medallion.decisions import Decisions
from automic_core.medallion.gold import Gold
from automic_core.medallion.pairs import PairDecisions
from automic_core.medallion.silver import Silver
from automic_core.settings import Settings
from automic_core.state import State

if TYPE_CHECKING:  # what questions in plain language need is loaded when one is asked: jobs and commands start quicker
    from automic_core.assist.asking.answers import Answer
    from automic_core.medallion.approving import Questions

STATE_FILE = "state.db"


class Lakehouse:
    """An open lake. Use ``Lakehouse.open``; close it, or use it in a ``with`` block.

    Attributes:
        bronze: Takes records in: ``ingest``.
        silver: Builds trusted tables: ``promote``.
        gold: Builds tables for questions: ``build``.
        decisions: What people decided: ``fix``, ``waive``, ``revoke``.
        pairs: What they decided about pairs of rows: ``decide``.
        questions: What they said of answers: ``approve``, ``reject``, ``revoke``.
    """

    def __init__(self, context: LakeContext) -> None:
        self.context = context
        self.bronze = Bronze(context)
        self.silver = Silver(context)
        self.gold = Gold(context)
        self.decisions = Decisions(context)
        self.pairs = PairDecisions(context)

    @cached_property
    def questions(self) -> Questions:
        """What people said of answers."""
        from automic_core.medallion.approving import Questions

        return Questions(self.context)

    @classmethod
    def open(
        cls,
        path: str | Path | Settings = "lake",
        *,
        actor: str | None = None,
        read_only: bool = False,
        **settings: Any,
    ) -> Self:
        """Open a lake; what is missing is created.

        Args:
            path: The lake's folder, or settings (the folder is then the settings file's, else the current one).
            actor: Who is acting, for the records; default the login name.
            read_only: Whatever would change a table raises a SecurityError.
            settings: Sections that override the lake's automic.yaml.

        Raises:
            ConfigError: The settings are wrong.
            CatalogError: The catalog cannot be opened.
        """
        root = Path.cwd() if isinstance(path, Settings) else Path(path).expanduser().absolute()
        if isinstance(path, Settings) and path.file is not None:
            root = path.file.absolute().parent
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise CatalogError(f"Cannot create the lake {root}: {exc.strerror}.", "Choose another folder.") from exc
        chosen = path if isinstance(path, Settings) else Settings.load(root, **settings)
        catalog = open_catalog(chosen.lakehouse.name, chosen.catalog_properties(root))
        fresh = not (root / STATE_FILE).exists()
        lake = cls(LakeContext(root, chosen, catalog, State(root / STATE_FILE), actor or current_login(), read_only))
        if fresh:
            lake.rebuild_state()
        return lake

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the catalog and the state."""
        self.context.state.close()
        self.context.catalog.close()

    def rebuild_state(self) -> None:
        """Fill the state from the lake's snapshots: the lake is the truth, the state a cache of it."""
        batches: list[dict[str, Any]] = []
        runs: list[dict[str, Any]] = []
        for name in self.tables():
            table = self.context.need(name)
            watermarks.mirror(self.context, table)
            for info in histories.history(table):
                summary = info.summary
                if BATCH in summary:
                    entry = {
                        "source": summary[SOURCE],
                        "content_hash": content_key(summary),
                        "batch": int(summary[BATCH]),
                    }
                    batches.append({"table": name, **entry})
                if REPORT in summary:
                    report = json.loads(summary[REPORT])
                    runs.append(
                        {
                            "run_id": summary[RUN_ID],
                            "pipeline": report["name"],
                            "table": name,
                            "actor": summary.get(ACTOR, ""),
                            "started_at": datetime.fromisoformat(report["started_at"]),
                            "ended_at": info.at,
                            "report": report,
                        }
                    )
        self.context.state.rebuild(batches, runs)

    def tables(self, layer: str | None = None) -> list[str]:
        """Full names of the published tables, bronze first."""
        return self.context.names(layer)

    def scan(self, table: str, snapshot: int | None = None) -> pl.LazyFrame:
        """A table as a lazy frame, pinned to a snapshot.

        Raises:
            CatalogError: There is no such table or snapshot.
        """
        found = self.context.need(table)
        return tables.scan(found, snapshot if snapshot is not None else head(found))

    def query(self, sql: str, as_of: int | datetime | None = None) -> pl.DataFrame:
        """Answer one SELECT over all namespaces; each table is read at one pinned snapshot.

        A table of quarantine holds the rows that are set aside now, each in its state, as the Quarantine page shows
        them; AT and ``as_of`` read what is stored: the rows of all runs, as they were when they were set aside.

        Args:
            sql: DuckDB SQL; ``AT (VERSION => id)`` or ``AT (TIMESTAMP => ts)`` behind a table reads its past.
            as_of: A time for all tables, or a snapshot id if there is only one.

        Raises:
            SecurityError: More than a SELECT.
            CatalogError: A table or snapshot is missing.
            TransformError: A column or function is missing.
        """
        with self.answering(sql, as_of) as running:
            rows = pl.from_arrow(running.reader().read_all())
        assert isinstance(rows, pl.DataFrame)
        return rows

    @contextmanager
    def answering(self, sql: str, as_of: engine.AsOf = None, **limits: Any) -> Iterator[engine.Answering]:
        """The same, for a block that reads the answer itself; limits and errors as for ``lakehouse.sql.answering``."""
        present = partial(quarantine.present, self.context)
        with engine.answering(self.context.need, sql, as_of=as_of, present=present, **limits) as running:
            yield running

    def ask(
        self,
        question: str,
        after: Sequence[str] = (),
        on_part: Callable[[str], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> Answer:
        """Answer a question in plain English about the tables, each at one snapshot; abstain rather than guess.

        Gold and silver are asked, bronze only where there is nothing more refined. A question that a person approved
        (``questions``) is tried first, then the grammar; a language model only where one is set up and the grammar is
        not sure.

        Args:
            question: Plain English.
            after: The questions before it in the same conversation, oldest first; "and in 2023?" goes on from them.
            on_part: Called with how the question is read, before its statements run, and with the pieces of a model's
                explanation as they arrive; None = the model is not asked for one.
            cancel: Set it, and the call of a model ends.

        Raises:
            TransformError: The statement that answers it takes too long.
        """
        from automic_core.medallion import asking

        return asking.ask(self.context, question, self.answering, after, on_part, cancel)

    def history(self, table: str) -> list[histories.SnapshotInfo]:
        """The states a table had, oldest first."""
        return histories.history(self.context.need(table))

    def rollback(self, table: str, snapshot: int, expected: int | None = None) -> int:
        """Make an earlier state current again, rows and schema.

        Args:
            table: Full name.
            snapshot: The state to return to.
            expected: The present state as it was looked at; None = any.

        Raises:
            CatalogError: The table never had this state.
            ConflictError: It changed meanwhile.
        """
        self.context.writable()
        found = self.context.need(table)
        now = histories.rollback(found, snapshot, self.context.actor, expected=expected)
        watermarks.mirror(self.context, found)
        return now

    def diff(self, table: str, before: int, after: int, keys: list[str]) -> histories.RowDiff:
        """Rows added, removed and changed between two states, matched by key."""
        return histories.row_diff(self.context.need(table), before, after, keys)

    def quarantine(self, table: str) -> pl.DataFrame:
        """Rows of a table in quarantine now: ``_rid``, ``_key``, every reason, the row as JSON, its state."""
        return quarantine.current(self.context, table.rpartition(".")[2])

    def trace(self, table: str, rid: int) -> provenance.Trace:
        """From a gold or silver row to its bronze records, file and line.

        Raises:
            CatalogError: There is no such table or row; says where a removed row went.
        """
        return provenance.trace(self.context, table, rid)

    def runs(self, limit: int = 50) -> list[Any]:
        """The newest runs first."""
        return self.context.state.runs(limit)


def current_login() -> str:
    """The login name of the person this process runs for; "unknown" if the system does not tell."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"

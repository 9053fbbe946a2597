"""What the Connect page remembers of one visitor."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from automic_core import workbench
from automic_core.errors import AutomicError
from pages.ui.state import drawn, put


@dataclass
class Connecting:
    """From nothing chosen, over a source that is looked at, to the job that takes it in.

    Attributes:
        turn: Grows with each source chosen, so that its widgets begin anew.
        chosen: Whether a source is chosen; ``place``, ``kind`` and ``options`` say which.
        fixed: Options that were set before the source was shown (a card's form).
        notice: Something to know about how it got here.
        folder: Folder that is open in the browser; empty = the roots.
        card: Kind whose form is open.
        handled: Uploaded files that were dealt with; ``refused`` says why one was not kept, ``kept`` names several.
        sample: What was last seen of the source, read as ``seen`` says; ``trouble`` says why it cannot be read.
        page: Another page of columns of the same sample.
        standing: How it fits the table asked about.
        job: The job that takes it in.
        logged: What is known of the source's log, read as the first part says.
        proposed: The key that a sample suggests for a table of this name.
        typed: What was typed or chosen in the widgets that take the source, by their keys.
        link: What the address says of all this.
    """

    turn: int = 0
    chosen: bool = False
    place: str = ""
    kind: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    fixed: dict[str, Any] = field(default_factory=dict)
    notice: str = ""
    folder: str = ""
    card: str = ""
    handled: set[str] = field(default_factory=set)
    refused: dict[str, AutomicError] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    sample: workbench.Sample | None = None
    seen: str = ""
    trouble: AutomicError | None = None
    page: workbench.Sample | None = None
    inside: workbench.Inside | None = None
    standing: workbench.Standing | None = None
    stood: str = ""
    job: str = ""
    logged: tuple[str, workbench.LogChoice] | None = None
    proposed: tuple[workbench.Sample, str, workbench.KeyEvidence] | None = None
    typed: dict[str, Any] = field(default_factory=dict)
    link: dict[str, str] = field(default_factory=dict)

    def choose(self, place: str, kind: str = "", options: dict[str, Any] | None = None, notice: str = "") -> None:
        """Take a source to look at."""
        self.forget()
        self.chosen, self.place, self.kind, self.notice = True, place, kind, notice
        self.fixed = dict(options or {})
        self.options = dict(self.fixed)

    def forget(self) -> None:
        """Back to choosing."""
        folder, turn, link = self.folder, self.turn, self.link
        self.__init__(folder=folder, turn=turn + 1, link=link)  # type: ignore[misc]

    def begin(self, key: str, first: Any) -> None:
        """Let the widget with this key begin with what it held when the page was left, else with ``first``."""
        if not drawn(key):
            put(key, self.typed.get(key, first))

"""The language model as a person sees it: what is set up, what it may be told, what was asked, what it cost."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from importlib.util import find_spec
from urllib.parse import urlsplit

from automic_core.errors import AutomicError, ConfigError, MissingDriverError
from automic_core.lake import Lakehouse
from automic_core.llm.budget import today
from automic_core.llm.model import LanguageModel, Plan, sending_to, telling
from automic_core.llm.routes import Route, key_for, route_of
from automic_core.state.models import Consent, ModelCall
from automic_core.workbench.lakes import check_unshared

__all__ = [
    "ModelStatus",
    "Plan",
    "agree_to_model",
    "allow_values",
    "language_model",
    "model_status",
    "telling",
    "withdraw_consent",
]

CALLS = 20
_CONNECT_SECONDS = 1.0
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class ModelStatus:
    """What is set up, and how much of today is left.

    Attributes:
        mode: off, local or remote.
        model: As LiteLLM names it; empty while none is set up.
        host: Who is asked.
        problem, hint: Why it cannot be asked; empty if it can.
        reachable: Whether something listens there; None if that was not tried, as with a remote server.
        tokens, cost: Spent today (UTC), in US dollars; of ``most_tokens`` and ``most_cost``, None = no limit.
        consent: Who agreed that a remote server is asked; None if nobody did, or nobody has to.
        consents: Everything people agreed to.
        calls: The newest calls first.
    """

    mode: str
    model: str
    host: str
    problem: str
    hint: str
    reachable: bool | None
    tokens: int
    most_tokens: int | None
    cost: float
    most_cost: float | None
    consent: Consent | None
    consents: list[Consent] = field(default_factory=list)
    calls: list[ModelCall] = field(default_factory=list)


def language_model(lake: Lakehouse) -> LanguageModel:
    """The language model of a lake, asked in the name of the person who opened it."""
    context = lake.context
    return LanguageModel(context.settings, context.state.models, context.actor)


def model_status(lake: Lakehouse, calls: int = CALLS) -> ModelStatus:
    """What is set up, whether it can be asked, and what was asked; nothing is sent to find out."""
    llm, book = lake.context.settings.llm, lake.context.state.models
    problem = hint = ""
    route: Route | None = None
    try:
        if llm.mode != "off":
            route = route_of(llm)
            key_for(lake.context.settings, route)
            if find_spec("litellm") is None:
                raise MissingDriverError("litellm", "llm")
    except AutomicError as exc:
        problem, hint = exc.message, exc.hint
    spent = book.spent(today())
    reachable = _listens(route.address) if route is not None and route.mode == "local" else None
    return ModelStatus(
        llm.mode,
        route.model if route else "",
        route.place if route else "",
        problem,
        hint,
        reachable,
        spent.tokens,
        llm.daily_tokens,
        spent.cost,
        llm.daily_cost,
        book.consent(sending_to(route.place)) if route and route.mode == "remote" else None,
        book.consents(),
        book.calls(calls),
    )


def agree_to_model(lake: Lakehouse) -> str:
    """Agree that questions of this lake go to the remote server its settings name; returns the server.

    Raises:
        ConfigError: No model is set up, or not completely.
        SecurityError: The lake is open for looking only, or people log in to this workbench.
    """
    check_unshared()
    lake.context.writable()
    return language_model(lake).agree()


def allow_values(lake: Lakehouse, table: str) -> None:
    """Allow that a model is told frequent values of a table, never those that are, or look, personal.

    Raises:
        CatalogError: There is no such table.
        SecurityError: The lake is open for looking only, or people log in to this workbench.
    """
    check_unshared()
    lake.context.writable()
    lake.context.need(table)
    lake.context.state.models.agree(telling(table), lake.context.actor)


def withdraw_consent(lake: Lakehouse, subject: str) -> None:
    """Take back what somebody agreed to; ``subject`` as `ModelStatus.consents` names it.

    Raises:
        ConfigError: Nobody agreed to it.
        SecurityError: The lake is open for looking only, or people log in to this workbench.
    """
    check_unshared()
    lake.context.writable()
    book = lake.context.state.models
    known = [each.subject for each in book.consents()]
    if subject not in known:
        raise ConfigError(f"Nobody agreed to {subject!r}.", f"Agreed to: {', '.join(known) or 'nothing'}.")
    book.withdraw(subject)


def _listens(address: str) -> bool:
    parts = urlsplit(address)
    try:
        place = (parts.hostname or "", parts.port or _PORTS[parts.scheme])
        with socket.create_connection(place, _CONNECT_SECONDS):
            return True
    except OSError:
        return False

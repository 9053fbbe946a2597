"""The language model of a lake: asked within its mode, budget and what people agreed to; every call on record."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import tenacity

from automic_core.errors import AutomicError, BudgetError, ConfigError, ModelError, SecurityError
from automic_core.llm.budget import Tab
from automic_core.llm.calls import Failure, Message, Part, Request
from automic_core.llm.client import Client, hidden
from automic_core.llm.routes import Route, key_for, route_of
from automic_core.llm.typed import Answer, parsed, repairing, with_form
from automic_core.llm.waiting import until
from automic_core.settings import Settings
from automic_core.state.models import Consent, ModelBook

_HINTS = {
    "cut": "Raise llm.answer_tokens, or ask for less.",
    "too_long": "Send less: fewer columns or a shorter question; or use a model with a longer context.",
    "timeout": "Raise llm.timeout_seconds, or use a smaller model.",
    "rate_limited": "Wait, then ask again.",
    "no_access": "Check the value of the secret behind llm.api_key.",
    "refused": "The rules work without a model.",
    "invalid": "Ask again, or use a larger model; the rules work without one.",
    "failed": "Check llm.model and llm.api_base; `automic model` says whether the server can be reached.",
}
_WORDS = {
    "cut": "was cut before its end",
    "too_long": "cannot take a question of this length",
    "timeout": "did not answer in time",
    "rate_limited": "is asked too often",
    "no_access": "does not accept the key",
    "refused": "refuses to answer",
    "invalid": "did not answer in the form asked for",
    "failed": "did not answer",
}
_LONGEST_WAIT = 20.0


class CancelledError(ModelError):
    """Nobody wanted the answer any more."""


@dataclass(frozen=True)
class Plan:
    """What would be sent, before it is.

    Attributes:
        host: Who would receive it.
        sent: Everything, word for word, but the key.
        tokens, cost: At most, of the budget of the day; None if the price is not known.
        cached: The answer is here already: nothing would be sent.
        consent: Who agreed that this host is asked; None if nobody did.
        needs_consent: Whether somebody must agree first.
    """

    host: str
    model: str
    sent: dict[str, Any]
    tokens: int
    cost: float | None
    cached: bool
    consent: Consent | None
    needs_consent: bool


def sending_to(host: str) -> str:
    """The subject of a consent: that this lake's questions go to a host."""
    return f"send to {host}"


def telling(table: str) -> str:
    """The subject of a consent: that values of a table are told."""
    return f"tell values of {table}"


class LanguageModel:
    """Asks the model that the settings name.

    Args:
        settings: The lake's.
        book: The state's memory of calls, spending, answers and consents.
        actor: Who asks, for the record.
        client: The wire.
    """

    def __init__(self, settings: Settings, book: ModelBook, actor: str = "", client: Client | None = None) -> None:
        self._settings, self._book, self._actor = settings, book, actor
        self._client = client or Client()

    @property
    def on(self) -> bool:
        """Whether a model is set up; it may still be out of reach."""
        return self._settings.llm.mode != "off"

    def plan(self, messages: Sequence[Message], form: type[Answer] | None = None) -> Plan:
        """What a question would send; nothing is sent.

        Raises:
            ConfigError: No model is set up, or not completely.
            SecurityError: The settings let nothing be sent to its server.
        """
        route = route_of(self._settings.llm)
        request = self._request(route, messages, form)
        consent = self._book.consent(sending_to(route.place))
        cached = self._book.answer(request.key) is not None
        cost: float | None = None
        with suppress(ConfigError):  # no price, or no LiteLLM to know it
            cost = self._tab(route).most(request).cost
        needed = route.mode == "remote" and consent is None
        tokens = request.tokens + request.answer_tokens
        return Plan(route.place, route.model, request.sent(), tokens, cost, cached, consent, needed)

    def agree(self) -> str:
        """Agree that questions go to the remote server of the settings; returns its host.

        Raises:
            ConfigError: No model is set up, or not completely.
        """
        place = route_of(self._settings.llm).place
        self._book.agree(sending_to(place), self._actor)
        return place

    def answer(
        self, messages: Sequence[Message], form: type[Answer], purpose: str, cancel: threading.Event | None = None
    ) -> Answer:
        """An answer of a given form; asked for once more, with what is wrong, if it does not fit.

        Args:
            messages: The question; text from data belongs into it as `automic_core.llm.context` writes it.
            form: What the answer must be.
            purpose: What for, for the record.
            cancel: Set it, and the call ends.

        Raises:
            ModelError: No answer, or twice one that does not fit.
            BudgetError: The day's budget is spent; nothing was sent.
            ConfigError: No model is set up, or not completely.
            SecurityError: Nobody has agreed yet that the server is asked, or the settings forbid it.
        """

        def check(text: str) -> str:
            return parsed(form, text)[1]

        route = route_of(self._settings.llm)
        request = self._request(route, messages, form)
        text = "".join(self._asked(route, request, purpose, cancel, check, stream=False))
        value, problem = parsed(form, text)
        if value is None:
            again = [*with_form(messages, form), *repairing(text, problem)]
            second = Request(tuple(again), request.model, request.address, request.answer_tokens, request.schema)
            text = "".join(self._asked(route, second, f"{purpose}, repaired", cancel, check, stream=False))
            value, problem = parsed(form, text)
        if value is None:
            raise _error("invalid", route, problem)
        self._book.keep(request.key, text)
        return value

    def text(self, messages: Sequence[Message], purpose: str, cancel: threading.Event | None = None) -> str:
        """An answer as text; errors as for `answer`."""
        return "".join(self.stream(messages, purpose, cancel))

    def stream(self, messages: Sequence[Message], purpose: str, cancel: threading.Event | None = None) -> Iterator[str]:
        """An answer as text, as it arises; who stops reading ends the call. Errors as for `answer`."""
        route = route_of(self._settings.llm)
        yield from self._asked(route, self._request(route, messages, None), purpose, cancel, None, stream=True)

    def _request(self, route: Route, messages: Sequence[Message], form: type[Answer] | None) -> Request:
        said = tuple(messages if form is None else with_form(messages, form))
        schema = None if form is None else form.model_json_schema()
        return Request(said, route.model, route.address, self._settings.llm.answer_tokens, schema)

    def _tab(self, route: Route) -> Tab:
        return Tab(self._settings.llm, self._book, route, self._client)

    def _asked(
        self,
        route: Route,
        request: Request,
        purpose: str,
        cancel: threading.Event | None,
        check: Callable[[str], str] | None,
        *,
        stream: bool,
    ) -> Iterator[str]:
        record = {"actor": self._actor, "purpose": purpose, "model": route.model, "host": route.place}
        known = self._book.answer(request.key)
        if known is not None:
            call = {"sent": request.sent(), "answer": known, "outcome": "cached", "error": None}
            self._book.record(**record, **call, tokens_in=0, tokens_out=0, cost=0.0, seconds=0.0)
            yield known
            return
        self._client.load()
        if route.mode == "remote" and self._book.consent(sending_to(route.place)) is None:
            raise SecurityError(
                f"Nobody has agreed yet that questions of this lake go to {route.place}; nothing was sent.",
                "See what would be sent, then agree: `automic model --agree`, or Settings, Model.",
            )
        key = key_for(self._settings, route)
        tab, began = self._tab(route), time.monotonic()
        tab.open(request)
        got: list[Part] = []
        outcome, error = "cancelled", None  # as it stays if the reader goes away
        try:
            for part in self._tried(route, request, key, cancel, stream=stream):
                got.append(part)
                if part.text:
                    yield part.text
            text = "".join(part.text for part in got)
            finish = next((part.finish for part in got if part.finish), "stop")
            error = check(text) if check and finish == "stop" else ""
            outcome = {"length": "cut", "refused": "refused"}.get(finish, "invalid" if error else "answered")
        except Failure as failure:
            asks = "" if failure.wait is None else f" (asks for {failure.wait:g} s)"
            outcome, error = failure.outcome, failure.said + asks
        finally:
            text = hidden("".join(part.text for part in got), key)
            used = tab.close(got, asked=bool(got) or outcome in ("timeout", "cancelled"))
            call = {"sent": request.sent(), "answer": text or None, "outcome": outcome, "error": error or None}
            self._book.record(**record, **call, **used, seconds=time.monotonic() - began)
        if outcome == "answered" and check is None:
            self._book.keep(request.key, text)
        if outcome not in ("answered", "invalid"):
            raise _error(outcome, route, error or text[:200])

    def _tried(
        self, route: Route, request: Request, key: str | None, cancel: threading.Event | None, *, stream: bool
    ) -> Iterator[Part]:
        """Parts of the answer; a fault that may pass is tried again until the first of them is here."""
        llm = self._settings.llm
        deadline = time.monotonic() + llm.timeout_seconds
        wish = cancel or threading.Event()

        def begin() -> tuple[Part | None, Iterator[Part]]:
            left = max(deadline - time.monotonic(), 0.001)
            fetch = lambda stop: self._client.parts(request, route, key, left, stop, stream=stream)  # noqa: E731
            parts = until(fetch, deadline, wish)
            return next(parts, None), parts

        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(llm.retries + 1) | tenacity.stop_before_delay(llm.timeout_seconds),
            wait=_pause,
            retry=tenacity.retry_if_exception(lambda exc: isinstance(exc, Failure) and exc.passing),
            sleep=tenacity.sleep_using_event(wish),
            reraise=True,
        )
        first, rest = retrying(begin)
        if first is not None:
            yield first
            yield from rest


def _pause(state: tenacity.RetryCallState) -> float:
    """Seconds until the next try: what the server says, else longer each time."""
    failure = state.outcome.exception() if state.outcome else None
    if isinstance(failure, Failure) and failure.wait is not None:
        return failure.wait
    return min(0.5 * 2.0 ** (state.attempt_number - 1), _LONGEST_WAIT)


def _error(outcome: str, route: Route, said: str) -> AutomicError:
    if outcome == "cancelled":
        return CancelledError("The call was cancelled.")
    subject = f"The answer of {route.model}" if outcome == "cut" else f"{route.model} at {route.place}"
    return ModelError(f"{subject} {_WORDS[outcome]}" + (f": {said}" if said else "."), _HINTS[outcome])


__all__ = ["BudgetError", "CancelledError", "LanguageModel", "Message", "Plan", "sending_to", "telling"]

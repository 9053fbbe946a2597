"""The wire: LiteLLM in, plain parts and failures out. Nothing else imports it."""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from automic_core.errors import MissingDriverError
from automic_core.llm.calls import Failure, Part, Request
from automic_core.llm.routes import Route

HIDDEN = "•••"
_LONGEST = 300
_OUTCOMES = {
    # exception of LiteLLM: outcome, may it pass; special ones before the general ones they derive from
    "ContextWindowExceededError": ("too_long", False),
    "ContentPolicyViolationError": ("refused", False),
    "AuthenticationError": ("no_access", False),
    "PermissionDeniedError": ("no_access", False),
    "RateLimitError": ("rate_limited", True),
    "Timeout": ("timeout", True),
    "InternalServerError": ("failed", True),
    "ServiceUnavailableError": ("failed", True),
    "BadGatewayError": ("failed", True),
    "APIConnectionError": ("failed", True),
}
_PREFIX = re.compile(r"^(?:(?:litellm\.)?\w+(?:Error|Exception|Timeout)(?:: | - ))+")
_TOO_LONG = re.compile(r"context (?:length|size|window)|too many tokens|prompt is too long", re.IGNORECASE)
_FINISHED = {"content_filter": "refused", "refusal": "refused", "length": "length"}


def hidden(text: str, key: str | None) -> str:
    """A text without the key, should a server repeat it."""
    return text.replace(key, HIDDEN) if key else text


class Client:
    """Sends requests by LiteLLM; one attempt a call."""

    def load(self) -> None:
        """Load LiteLLM now, before a clock runs.

        Raises:
            MissingDriverError: It is not installed; says how to install it.
        """
        self._litellm()

    def parts(
        self, request: Request, route: Route, key: str | None, seconds: float, stop: threading.Event, *, stream: bool
    ) -> Iterator[Part]:
        """Send a request; the parts of the answer, one if it is not streamed.

        Args:
            request: What to send.
            route: Where to.
            key: For that server alone.
            seconds: How long the server may be silent.
            stop: Set when the answer is not wanted any more; the connection is closed then.
            stream: Whether the answer is wanted as it arises.

        Raises:
            Failure: There is no answer.
        """
        litellm = self._litellm()
        import httpx

        # A redirect would carry the data on to a host nobody has agreed to; a proxy is one too, for a local server.
        with httpx.Client(follow_redirects=False, trust_env=route.mode == "remote", timeout=seconds) as http:
            try:
                answer = litellm.completion(
                    **_arguments(request, seconds, stream=stream),
                    api_base=route.address,
                    api_key=key or "none",
                    client=_wired(route, key, http),
                )
                yield from _streamed(answer, stop) if stream else [_whole(answer)]
                return
            except Exception as exc:
                failure = _failure(exc, key)
        raise failure  # outside the handler: a chained exception could show what a server repeated of the request

    def price(self, model: str) -> tuple[float, float] | None:
        """US dollars a million tokens sent and received, by LiteLLM's list; None if the model is not in it."""
        litellm = self._litellm()
        try:
            sent, received = litellm.cost_per_token(model=model, prompt_tokens=1_000_000, completion_tokens=1_000_000)
        except litellm.ModelNotMappedError:
            return None
        return (float(sent), float(received)) if sent and received else None

    def _litellm(self) -> Any:
        """LiteLLM, loaded on first use (it takes seconds), silent, and reading nothing but what it is given.

        Raises:
            MissingDriverError: It is not installed.
        """
        if find_spec("litellm") is None:
            raise MissingDriverError("litellm", "llm")
        os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # or it fetches a price list
        os.environ.setdefault("LITELLM_MODE", "PRODUCTION")  # or it reads a .env file
        import litellm

        litellm.telemetry = False
        litellm.suppress_debug_info = True
        litellm.drop_params = True
        for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)  # its lines may hold what was sent
        return litellm


def _arguments(request: Request, seconds: float, *, stream: bool) -> dict[str, Any]:
    wanted: dict[str, Any] = {
        "model": request.model,
        "messages": [{"role": each.role, "content": each.content} for each in request.messages],
        "temperature": 0,
        "max_tokens": request.answer_tokens,
        "timeout": seconds,
        "num_retries": 0,
        "max_retries": 0,
        "stream": stream,
    }
    if stream:
        wanted["stream_options"] = {"include_usage": True}
    if request.schema is not None:
        schema = {"name": str(request.schema.get("title", "answer")), "schema": request.schema}
        wanted["response_format"] = {"type": "json_schema", "json_schema": schema}
    return wanted


def _wired(route: Route, key: str | None, http: Any) -> Any:
    """The protocol's client over our connection; it reads no key or address from the environment."""
    if route.model.startswith("anthropic/"):
        from litellm.llms.custom_httpx.http_handler import HTTPHandler

        return HTTPHandler(client=http)
    from openai import OpenAI

    client = OpenAI(api_key=key or "none", base_url=route.address, max_retries=0, http_client=http)
    client.organization = client.project = None
    return client


def _whole(answer: Any) -> Part:
    choice = answer.choices[0]
    refusal = getattr(choice.message, "refusal", None) or (choice.message.provider_specific_fields or {}).get("refusal")
    finish = "refused" if refusal else _FINISHED.get(choice.finish_reason or "", "stop")
    return Part(choice.message.content or refusal or "", finish, *_usage(answer))


def _streamed(answer: Any, stop: threading.Event) -> Iterator[Part]:
    for chunk in answer:
        if stop.is_set():
            return
        choice = chunk.choices[0] if chunk.choices else None
        finish = choice.finish_reason if choice else None
        text = (choice.delta.content or "") if choice else ""
        yield Part(text, _FINISHED.get(finish, "stop") if finish else "", *_usage(chunk))


def _usage(answer: Any) -> tuple[int | None, int | None]:
    usage = getattr(answer, "usage", None)
    return (usage.prompt_tokens, usage.completion_tokens) if usage is not None else (None, None)


def _failure(exc: Exception, key: str | None) -> Failure:
    names = [kind.__name__ for kind in type(exc).__mro__]
    outcome, passing = next((_OUTCOMES[name] for name in names if name in _OUTCOMES), ("failed", False))
    said = " ".join(str(getattr(exc, "message", exc)).split())
    said = _PREFIX.sub("", said)
    if outcome == "failed" and _TOO_LONG.search(said):  # servers on one's own machine say it in words of their own
        outcome, passing = "too_long", False
    return Failure(outcome, hidden(said, key)[:_LONGEST], passing=passing, wait=_wait(exc))


def _wait(exc: Exception) -> float | None:
    """What the server's Retry-After says, in seconds."""
    headers = getattr(exc, "litellm_response_headers", None) or getattr(getattr(exc, "response", None), "headers", None)
    text = str((headers or {}).get("retry-after") or "")
    return float(text) if text.replace(".", "", 1).isdecimal() else None

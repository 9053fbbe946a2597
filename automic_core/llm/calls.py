"""A question to a model and the parts of its answer, as plain data."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Literal

_BYTES_A_TOKEN = 3  # fewer than any usual text has, so that an estimate is rather too large
_TOKENS_A_MESSAGE = 8


@dataclass(frozen=True)
class Message:
    """One message of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True)
class Request:
    """Everything that is sent, but the key.

    Attributes:
        model: As LiteLLM names it: protocol/model.
        address: Of the server.
        answer_tokens: Most tokens of the answer.
        schema: JSON schema of the answer; None = text.
    """

    messages: tuple[Message, ...]
    model: str
    address: str
    answer_tokens: int
    schema: dict[str, Any] | None = None

    def sent(self) -> dict[str, Any]:
        """The request as plain JSON values."""
        said: dict[str, Any] = {
            "model": self.model,
            "address": self.address,
            "messages": [{"role": each.role, "content": each.content} for each in self.messages],
            "temperature": 0,
            "max_tokens": self.answer_tokens,
        }
        return said | ({"schema": self.schema} if self.schema is not None else {})

    @property
    def key(self) -> str:
        """SHA-256 of everything sent: the same question of the same model has the same key."""
        return hashlib.sha256(json.dumps(self.sent(), sort_keys=True).encode()).hexdigest()

    @property
    def tokens(self) -> int:
        """Tokens of what is sent: an estimate that is rather too large."""
        texts = [each.content for each in self.messages] + [json.dumps(self.schema)] * (self.schema is not None)
        return sum(len(text.encode()) // _BYTES_A_TOKEN + _TOKENS_A_MESSAGE for text in texts)


@dataclass(frozen=True)
class Part:
    """A piece of an answer.

    Attributes:
        finish: Why the answer ended: stop, length, refused; empty before its end.
        tokens_in, tokens_out: Of the whole call, in one part of it; None if the server does not count.
    """

    text: str = ""
    finish: str = ""
    tokens_in: int | None = None
    tokens_out: int | None = None


class Failure(Exception):  # noqa: N818  (it is told to a person as a ModelError)
    """A call that gave no answer.

    Args:
        outcome: As in ``ModelCall``.
        said: What the server or the network said, without the key.
        passing: Whether trying again may help.
        wait: Seconds the server wants to be left alone; None if it did not say.
    """

    def __init__(self, outcome: str, said: str, *, passing: bool = False, wait: float | None = None) -> None:
        super().__init__(said)
        self.outcome, self.said, self.passing, self.wait = outcome, said, passing, wait

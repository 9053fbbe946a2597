"""The budget of a day: reserved before a call is made, settled after it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from automic_core.errors import BudgetError, ConfigError
from automic_core.llm.calls import Part, Request
from automic_core.llm.client import Client
from automic_core.llm.routes import Route
from automic_core.settings.sections import LlmSection
from automic_core.state.models import ModelBook, Spent


def today() -> str:
    """The day that is spent from: an ISO date, in UTC."""
    return datetime.now(UTC).date().isoformat()


class Tab:
    """What one call costs.

    Args:
        llm: Limits and prices.
        book: Where spending is kept.
        route: Who is asked; a local model costs no money.
        client: Knows list prices.
    """

    def __init__(self, llm: LlmSection, book: ModelBook, route: Route, client: Client) -> None:
        self._llm, self._book, self._route, self._client = llm, book, route, client
        self._day, self._reserved = today(), Spent()

    def most(self, request: Request) -> Spent:
        """The most a request can cost.

        Raises:
            ConfigError: Money is limited and the price is not known.
        """
        return self._cost(request.tokens, request.answer_tokens)

    def open(self, request: Request) -> None:
        """Reserve what the call can cost at most.

        Raises:
            BudgetError: That is more than the day has left.
            ConfigError: Money is limited and the price is not known.
        """
        llm, wanted = self._llm, self.most(request)
        if not self._book.reserve(self._day, wanted.tokens, wanted.cost, llm.daily_tokens, llm.daily_cost):
            spent = self._book.spent(self._day)
            limits = [f"{llm.daily_tokens:,} tokens"] if llm.daily_tokens is not None else []
            limits += [f"${llm.daily_cost:,.2f}"] if llm.daily_cost is not None else []
            raise BudgetError(
                f"The call could take {wanted.tokens:,} tokens and ${wanted.cost:,.4f}; of {' and '.join(limits)} "
                f"a day {spent.tokens:,} tokens and ${spent.cost:,.4f} are spent. Nothing was sent.",
                "Wait until tomorrow (UTC), or raise llm.daily_tokens or llm.daily_cost.",
            )
        self._reserved = wanted

    def close(self, parts: Sequence[Part], *, asked: bool) -> dict[str, Any]:
        """Settle the call; tokens and cost for the record.

        Args:
            parts: What came back.
            asked: Whether the server may have worked on it; if it does not say how much, the reserve stands.
        """
        counted = next((part for part in reversed(parts) if part.tokens_in is not None), None)
        if counted is not None:
            tokens_in, tokens_out = counted.tokens_in or 0, counted.tokens_out or 0
            used = self._cost(tokens_in, tokens_out)
        else:
            used = self._reserved if asked else Spent()
            tokens_in, tokens_out = used.tokens, 0
        self._book.settle(self._day, self._reserved, used)
        return {"tokens_in": tokens_in, "tokens_out": tokens_out, "cost": used.cost}

    def _cost(self, tokens_in: int, tokens_out: int) -> Spent:
        sent, received = self._prices()
        return Spent(tokens_in + tokens_out, (tokens_in * sent + tokens_out * received) / 1_000_000)

    def _prices(self) -> tuple[float, float]:
        llm = self._llm
        if self._route.mode == "local":
            return 0.0, 0.0
        if llm.input_price is not None and llm.output_price is not None:
            return llm.input_price, llm.output_price
        listed = self._client.price(self._route.model)
        if listed is None:
            raise ConfigError(
                f"What {self._route.model} costs is not known; nothing was sent.",
                "Set llm.input_price and llm.output_price, in US dollars a million tokens.",
            )
        return listed

"""Language models on disk: every call, what a day has spent, answers to use again, what people agreed to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from automic_core.state import tables as t
from automic_core.state.engine import Database

CALLS = 500
"""Calls that are kept, the newest."""
ANSWERS = 2_000
"""Answers that are kept for using again, those used last."""
_CALL, _DAY, _ANSWER, _CONSENT = t.model_calls, t.model_spending, t.model_answers, t.model_consents


@dataclass(frozen=True)
class ModelCall:
    """One question to a language model.

    Attributes:
        purpose: What for, in words.
        host: Who was asked.
        sent: Everything that was sent but the key.
        answer: What came back, as far as it did.
        outcome: answered, cached (nothing was sent), invalid, cut, refused, too_long, timeout, rate_limited, no_access,
            cancelled or failed.
        tokens_in, tokens_out: As the server counted them, else as reserved.
        cost: US dollars.
        seconds: Until the last token.
    """

    number: int
    at: datetime
    actor: str
    purpose: str
    model: str
    host: str
    sent: dict[str, Any]
    answer: str | None
    outcome: str
    error: str | None
    tokens_in: int
    tokens_out: int
    cost: float
    seconds: float


@dataclass(frozen=True)
class Spent:
    """Tokens and US dollars of one day (UTC), with what running calls have reserved."""

    tokens: int = 0
    cost: float = 0.0


@dataclass(frozen=True)
class Consent:
    """That somebody agreed to something being sent."""

    subject: str
    actor: str
    at: datetime


class ModelBook:
    """What the state knows of language models. Get it as ``state.models``."""

    def __init__(self, database: Database) -> None:
        self._db = database

    # Calls

    def record(self, **values: Any) -> None:
        """Remember a call (the attributes of ``ModelCall`` but number and time); the oldest ones go."""
        with self._db.write() as db:
            made = db.execute(insert(_CALL).values(at=datetime.now(UTC), **values))
            assert made.inserted_primary_key is not None
            db.execute(delete(_CALL).where(_CALL.c.number <= made.inserted_primary_key[0] - CALLS))

    def calls(self, limit: int = 20) -> list[ModelCall]:
        """The newest calls first."""
        with self._db.read() as db:
            rows = db.execute(select(_CALL).order_by(_CALL.c.number.desc()).limit(limit))
            return [ModelCall(**row._mapping) for row in rows]

    # Spending

    def spent(self, day: str) -> Spent:
        """What a day (ISO date) has spent."""
        with self._db.read() as db:
            row = db.execute(select(_DAY.c.tokens, _DAY.c.cost).filter_by(day=day)).first()
        return Spent(*row) if row else Spent()

    def reserve(self, day: str, tokens: int, cost: float, most_tokens: int | None, most_cost: float | None) -> bool:
        """Add to a day's spending if that stays within its limits; two calls at once never share what is left.

        Returns:
            Whether it did.
        """
        with self._db.write() as db:
            row = db.execute(select(_DAY.c.tokens, _DAY.c.cost).filter_by(day=day)).first()
            now = Spent(*row) if row else Spent()
            over = most_tokens is not None and now.tokens + tokens > most_tokens
            over |= most_cost is not None and now.cost + cost > most_cost
            if not over and row is None:
                db.execute(insert(_DAY).values(day=day, tokens=tokens, cost=cost))
            elif not over:
                db.execute(update(_DAY).filter_by(day=day).values(tokens=now.tokens + tokens, cost=now.cost + cost))
        return not over

    def settle(self, day: str, reserved: Spent, used: Spent) -> None:
        """Put what a call really used in place of what was reserved for it."""
        with self._db.write() as db:
            tokens, cost = _DAY.c.tokens + used.tokens - reserved.tokens, _DAY.c.cost + used.cost - reserved.cost
            db.execute(update(_DAY).filter_by(day=day).values(tokens=tokens, cost=cost))

    # Answers

    def answer(self, key: str) -> str | None:
        """The answer kept under ``key``."""
        with self._db.write() as db:
            found = db.execute(select(_ANSWER.c.answer).filter_by(key=key)).scalar()
            if found is not None:
                db.execute(update(_ANSWER).filter_by(key=key).values(used_at=datetime.now(UTC)))
        return found

    def keep(self, key: str, answer: str) -> None:
        """Keep an answer; those used longest ago go."""
        with self._db.write() as db:
            db.execute(delete(_ANSWER).filter_by(key=key))
            db.execute(insert(_ANSWER).values(key=key, answer=answer, used_at=datetime.now(UTC)))
            over = (db.execute(select(func.count()).select_from(_ANSWER)).scalar() or 0) - ANSWERS
            if over > 0:
                old = select(_ANSWER.c.key).order_by(_ANSWER.c.used_at).limit(over)
                db.execute(delete(_ANSWER).where(_ANSWER.c.key.in_(old.scalar_subquery())))

    def forget_answers(self) -> None:
        """Forget all answers: the next question is asked anew."""
        with self._db.write() as db:
            db.execute(delete(_ANSWER))

    # Consent

    def consent(self, subject: str) -> Consent | None:
        """Who agreed to ``subject``, if anybody did and it stands."""
        with self._db.read() as db:
            row = db.execute(select(_CONSENT).filter_by(subject=subject)).first()
        return Consent(**row._mapping) if row else None

    def consents(self) -> list[Consent]:
        """All that stands, the oldest first."""
        with self._db.read() as db:
            return [Consent(**row._mapping) for row in db.execute(select(_CONSENT).order_by(_CONSENT.c.at))]

    def agree(self, subject: str, actor: str) -> None:
        """Remember that somebody agreed."""
        values: Mapping[str, Any] = {"subject": subject, "actor": actor, "at": datetime.now(UTC)}
        with self._db.write() as db:
            db.execute(delete(_CONSENT).filter_by(subject=subject))
            db.execute(insert(_CONSENT).values(**values))

    def withdraw(self, subject: str) -> None:
        """Take an agreement back."""
        with self._db.write() as db:
            db.execute(delete(_CONSENT).filter_by(subject=subject))

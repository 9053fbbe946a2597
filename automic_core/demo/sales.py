"""Clean orders: a year of sales with a December peak and two markets that grow."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

from automic_core.demo.customers import Shopper
from automic_core.demo.places import COUNTRIES, GROWING

Order = dict[str, Any]

YEAR = 2024
MONTH_WEIGHTS = (7, 6, 7, 7, 8, 7, 6, 6, 8, 9, 13, 16)
STATUSES = ("paid", "shipped", "delivered", "cancelled", "returned")
STATUS_WEIGHTS = (4, 10, 80, 4, 2)
# Keys that appear late in the file, so that a reader which only samples its beginning misses them.
COUPON_FROM, GIFT_NOTE_FROM = 0.6, 0.95

_MONEY = {country.code: (country.currency, country.rate) for country in COUNTRIES}
_SHARES = [weight / sum(MONTH_WEIGHTS) for weight in MONTH_WEIGHTS]
_STARTS = [0.0, *accumulate(_SHARES)]
_STATUS_STEPS = list(accumulate(STATUS_WEIGHTS))


def sales(
    rng: random.Random, count: int, shoppers: Sequence[Shopper], catalogue: Sequence[tuple[str, float]]
) -> Iterator[Order]:
    """Yield orders in the order of time; prices are in the currency of the customer's country.

    Args:
        rng: Where the orders come from.
        count: How many.
        shoppers: Who may order; some order often, most seldom.
        catalogue: Article and price in euros.
    """
    growing = [shopper for shopper in shoppers if shopper.country_code in GROWING]
    for index in range(count):
        passed = (index + rng.random()) / count
        # Up to a quarter of the December orders come from the growing markets on top of their usual share.
        rising = growing and rng.random() < 0.25 * passed
        shopper = rng.choice(growing) if rising else shoppers[int(len(shoppers) * rng.random() ** 1.7)]
        currency, rate = _MONEY[shopper.country_code]
        picked = rng.sample(range(len(catalogue)), min(len(catalogue), int(1 + 3.5 * rng.random() ** 2)))
        items, total = [], 0.0
        for at in picked:
            sku, euros = catalogue[at]
            quantity, price = int(1 + 4 * rng.random() ** 3), round(euros * rate, 2)
            items.append({"sku": sku, "quantity": quantity, "unit_price": price})
            total += quantity * price
        order: Order = {
            "order_id": f"O-{index + 1:07d}",
            "customer_id": shopper.customer_id,
            "ordered_at": moment(passed).isoformat() + "Z",
            "status": rng.choices(STATUSES, cum_weights=_STATUS_STEPS)[0],
            "shipping": {
                "city": shopper.city,
                "country_code": shopper.country_code,
                "postcode": shopper.postcode,
            },
            "items": items,
            "currency": currency,
            "total": round(total, 2),
        }
        if passed > COUPON_FROM and rng.random() < 0.1:
            order["coupon"] = rng.choice(("WELCOME10", "AUTUMN24", "NOËL24"))
        if passed > GIFT_NOTE_FROM and rng.random() < 0.05:
            order["gift_note"] = rng.choice(("Happy holidays!", "Alles Gute, Oma", "Joyeuses fêtes"))
        yield order


def moment(passed: float) -> datetime:
    """When a share of the year's orders (0..1) has been placed, to the second, UTC without zone."""
    month = next((at for at in range(11) if passed < _STARTS[at + 1]), 11)
    start = datetime(YEAR, month + 1, 1)  # noqa: DTZ001 - written with a Z
    end = datetime(YEAR + month // 11, (month + 1) % 12 + 1, 1)  # noqa: DTZ001
    within = (passed - _STARTS[month]) / _SHARES[month]
    return start + timedelta(seconds=int(min(within, 1.0) * ((end - start).total_seconds() - 1)))

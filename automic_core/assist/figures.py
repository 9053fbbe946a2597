"""Numbers as people write them."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

_LARGEST, _SMALLEST = Decimal("1e21"), Decimal("1e-9")


def figure(value: float | Decimal | str) -> str:
    """A number with its thousands separated, without an exponent or idle zeros: "1,000,000", "0.00012".

    Args:
        value: The number, or its text. What is no number, or too large or small to be read so, is given back as text.
    """
    try:
        number = Decimal(f"{value:.12g}" if isinstance(value, float) else str(value))  # floats carry noise at their end
    except InvalidOperation:
        return str(value)
    if not number.is_finite() or (number and not _SMALLEST <= abs(number) < _LARGEST):
        return str(value)
    text = f"{number:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text

"""From counts to a type, with the reason in words."""

from __future__ import annotations

from typing import NamedTuple

from automic_core.inference.candidates import Candidate
from automic_core.inference.casting import BOOLEAN_WORDS
from automic_core.inference.columns import Counts
from automic_core.inference.numbers import scales_agree
from automic_core.records import FieldType

_NUMBERS = (FieldType.INTEGER, FieldType.FLOAT, FieldType.DECIMAL)
_MIXED = 0.05  # share of values only the rival reads, among those only one of both reads


class Verdict(NamedTuple):
    """The type of a column.

    Attributes:
        tried: The best candidate that was turned down, if any.
        contested: Whether it was turned down because another reading is as good.
        identifier: Whether it was turned down because digits are a name rather than a quantity.
    """

    chosen: Candidate | None
    reason: str
    tried: Candidate | None = None
    contested: bool = False
    identifier: bool = False


def decide(counts: Counts, *, exact: bool, threshold: float) -> Verdict:
    """Choose a candidate.

    Args:
        exact: Every value must fit and print back.
        threshold: Share of non-null values that must fit otherwise, 0 to 1.
    """
    if not counts.values:
        return Verdict(None, "stays text: no values")
    ranked = sorted(counts.fits, key=lambda option: -counts.fits[option])
    if not ranked:
        sign = "values carry a currency or percent sign" if counts.screened.measured else ""
        why = _identifier(counts) or sign
        reason = f"stays text: {why}" if why else "text: most values look like no other type"
        return Verdict(None, reason, identifier=bool(why) and why != sign)
    best = ranked[0]
    full = [option for option in ranked if _prints_back(counts, option)] if exact else ranked
    refusal = "" if exact and full else _refusal(counts, best, exact=exact, threshold=threshold)
    chosen = full[0] if full else best
    quarrel = "" if refusal else _quarrel(counts, chosen)
    refusal = refusal or quarrel or _spelling(counts, chosen, exact=exact)
    if not refusal and best.type in _NUMBERS:
        refusal = _identifier(counts)
    if refusal:
        return Verdict(None, f"stays text: {refusal}", chosen, bool(quarrel), refusal == _identifier(counts))
    share = counts.fits[chosen] / counts.values
    return Verdict(chosen, f"{chosen}: {_percent(share)} of {counts.values:,} values fit")


def _prints_back(counts: Counts, option: Candidate) -> bool:
    if counts.fits[option] < counts.values or counts.round_trips.get(option, counts.values) < counts.values:
        return False
    if option.guesses_century:
        return False
    return option not in counts.scales or scales_agree(counts.scales[option])


def _identifier(counts: Counts) -> str:
    """Why digits are a name rather than a quantity, or an empty text."""
    for (number, example), what in (
        (counts.zeros, "leading zeros"),
        (counts.long, "more digits than an integer keeps"),
    ):
        if number:
            return f"{number:,} value{'s have' if number > 1 else ' has'} {what}, e.g. {example!r}"
    return ""


def _refusal(counts: Counts, best: Candidate, *, exact: bool, threshold: float) -> str:
    share = counts.fits[best] / counts.values
    if best.type in _NUMBERS and (why := _identifier(counts)):
        return why
    if share < (1.0 if exact else threshold):
        missing = counts.values - counts.fits[best]
        return f"{missing:,} of {counts.values:,} values do not fit {best} ({_percent(share)} fit)"
    lost = counts.values - counts.round_trips.get(best, counts.values)
    if not exact and (best.type is not FieldType.FLOAT or lost <= (1 - threshold) * counts.values):
        return ""
    if lost:
        return f"{lost:,} of {counts.values:,} values would not print back from {best}"
    if best.guesses_century:
        return "years have two digits, the century would be a guess"
    return "decimals end in zeros at different places ('1.10' beside '1.9'), so it may be a version or a code"


def _quarrel(counts: Counts, chosen: Candidate) -> str:
    """Whether another reading of the same texts is as good: day or month first, thousands or decimals."""
    for pair, both in counts.both.items():
        if chosen not in pair:
            continue
        rival = pair[1] if pair[0] == chosen else pair[0]
        mine, theirs = counts.fits[chosen] - both, counts.fits[rival] - both
        if mine + theirs == 0:
            return f"every value reads as {chosen} and as {rival}, with different results"
        if theirs > _MIXED * (mine + theirs):
            return f"mixed forms: {mine:,} values only fit {chosen}, {theirs:,} only {rival}"
    return ""


def _spelling(counts: Counts, chosen: Candidate, *, exact: bool) -> str:
    """Whether the words of a boolean column are a pair (a lone "y" or "f" is a code)."""
    if chosen.type is not FieldType.BOOLEAN or chosen.format:
        return ""
    words = {spelling.lower() for spelling in counts.spellings}
    if exact and (len(counts.spellings) > 2 or not any(words <= set(pair) for pair in BOOLEAN_WORDS)):
        return f"true and false are spelled in more than one way ({', '.join(counts.spellings[:6])})"
    if words <= {"true", "false"} or any(set(pair) <= words for pair in BOOLEAN_WORDS):
        return ""
    return f"only {', '.join(counts.spellings[:6])}: no pair of words for true and false"


def boolean_format(counts: Counts) -> str | None:
    """How true and false are spelled, if each in one way and not plainly ("Yes/No", "TRUE/FALSE")."""
    for pair in BOOLEAN_WORDS:
        spelled = [[text for text in counts.spellings if text.lower() == word] for word in pair]
        if (
            any(spelled)
            and all(len(texts) <= 1 for texts in spelled)
            and sum(map(len, spelled)) == len(counts.spellings)
        ):
            known = (spelled[0] or spelled[1])[0]
            like = str.upper if known.isupper() else str.title if known.istitle() else str.lower
            words = "/".join(texts[0] if texts else like(word) for texts, word in zip(spelled, pair, strict=True))
            return None if words == "true/false" else words
    return None


def _percent(share: float) -> str:
    return "all" if share == 1 else f"{int(share * 1000) / 10:g}%"

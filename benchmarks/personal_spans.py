"""Personal data inside free text, beside Presidio's default run:

    python benchmarks/personal_spans.py FILE [--half develop|report] [--presidio PYTHON --spacy FOLDER]

FILE is a JSON list of {full_text, spans: [{entity_type, start_position, end_position}]}, as Presidio's research set is
written. The texts at even places (0, 2 …) were used to develop the rules; the odd ones are what is reported.
``--presidio`` names the Python of an environment with presidio-analyzer, whose default recognisers run on the same
texts; ``--spacy`` is the spaCy model they shall use, by name or folder (their own default is en_core_web_lg).

A labelled span is found if spans of the same group cover at least half of it; a span found is right if at least half of
it lies in labelled spans of its group. Parts of an address that only blanks and marks keep apart are one on both sides.
Not counted for or against anybody: organisations, titles, dates that are no birth dates, and places that stand alone,
which the rules do not look for; a place and an address count as one where they meet.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

GROUPS = {
    "PERSON": "name",
    "PHONE_NUMBER": "phone",
    "CREDIT_CARD": "credit_card",
    "IP_ADDRESS": "ip",
    "EMAIL_ADDRESS": "email",
    "IBAN_CODE": "iban",
    "US_SSN": "national_id",
    "US_DRIVER_LICENSE": "national_id",
    "US_PASSPORT": "national_id",
    "US_ITIN": "national_id",
    "UK_NHS": "national_id",
    "DOMAIN_NAME": "url",
    "URL": "url",
    "ADDRESS": "address",
    "STREET_ADDRESS": "address",
    "LOCATION": "place",
    "GPE": "place",
    "ZIP_CODE": "address",
}
"""Labels of the set and of Presidio by group; "place" is counted only where it meets an address."""
COUNTED = ("name", "phone", "address", "credit_card", "national_id", "ip", "url", "email", "iban")
Span = tuple[str, int, int]


def joined(text: str, spans: list[Span]) -> list[Span]:
    """Parts of one address as one span."""
    found: list[Span] = []
    for kind, start, end in sorted(spans, key=lambda each: (each[0], each[1])):
        last = found[-1] if found else None
        if last and last[0] == kind == "address" and not any(map(str.isalnum, text[last[2] : start])):
            found[-1] = (kind, last[1], max(end, last[2]))
        else:
            found.append((kind, start, end))
    return found


def covered(span: Span, others: list[Span], kinds: set[str]) -> float:
    """The share of a span that lies in others of some kinds."""
    _, start, end = span
    inside = {place for kind, s, e in others if kind in kinds for place in range(max(s, start), min(e, end))}
    return len(inside) / max(end - start, 1)


def score(texts: list[str], gold: list[list[Span]], found: list[list[Span]]) -> dict[str, Counter[str]]:
    """Labelled, found, and right spans by group."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for text, labels, spans in zip(texts, gold, found, strict=True):
        labelled, said = joined(text, labels), joined(text, spans)
        for each in labelled:
            if each[0] in COUNTED:
                kinds = {each[0], "place"} if each[0] == "address" else {each[0]}
                counts[each[0]]["labelled"] += 1
                counts[each[0]]["found"] += covered(each, said, kinds) >= 0.5
        for each in said:
            if each[0] in COUNTED:
                kinds = {each[0], "place"} if each[0] == "address" else {each[0]}
                counts[each[0]]["said"] += 1
                counts[each[0]]["right"] += covered(each, labelled, kinds) >= 0.5
    for counter in list(counts.values()):
        counts["all"] += counter
    return counts


def ours(texts: list[str]) -> list[list[Span]]:
    """Spans by the rules."""
    from automic_core.inference.personal_spans import personal_spans

    return [[(each.kind, each.start, each.end) for each in personal_spans(text)] for text in texts]


def presidio(texts: list[str], spacy: str) -> list[list[Span]]:
    """Spans by Presidio's default recognisers; runs inside its own environment."""
    from presidio_analyzer import AnalyzerEngine  # type: ignore[import-not-found]
    from presidio_analyzer.nlp_engine import NlpEngineProvider  # type: ignore[import-not-found]

    models = {"nlp_engine_name": "spacy", "models": [{"lang_code": "en", "model_name": spacy}]}
    engine = AnalyzerEngine(nlp_engine=NlpEngineProvider(nlp_configuration=models).create_engine())
    return [
        [(GROUPS.get(each.entity_type, each.entity_type), each.start, each.end) for each in engine.analyze(text, "en")]
        for text in texts
    ]


def shown(name: str, counts: dict[str, Counter[str]]) -> None:
    """Precision and recall a group."""
    for group in (*COUNTED, "all"):
        count = counts[group]
        if not count["labelled"] and not count["said"]:
            continue
        precision = f"{count['right'] / count['said']:.3f}" if count["said"] else "-"
        recall = f"{count['found'] / count['labelled']:.3f}" if count["labelled"] else "-"
        both = f"{count['right']}/{count['said']}", f"{count['found']}/{count['labelled']}"
        print(f"{name:<10} {group:<12} precision {precision:>5} ({both[0]:>7})   recall {recall:>5} ({both[1]:>7})")


def main() -> None:
    """Score both on a half of the set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--half", choices=("develop", "report"), default="report")
    parser.add_argument("--presidio", help="the Python of an environment with presidio-analyzer")
    parser.add_argument("--spacy", default="en_core_web_lg", help="the spaCy model for Presidio: a name or a folder")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    items: list[dict[str, Any]] = json.loads(options.file.read_text(encoding="utf-8"))
    half = items[0 if options.half == "develop" else 1 :: 2]
    texts = [str(item["full_text"]) for item in half]
    if options.inside:
        print(json.dumps(presidio(texts, options.spacy)))
        return
    gold: list[list[Span]] = [
        [(GROUPS.get(each["entity_type"], ""), each["start_position"], each["end_position"]) for each in item["spans"]]
        for item in half
    ]
    print(f"{len(texts)} texts, the half to {options.half}")
    shown("rules", score(texts, gold, ours(texts)))
    if options.presidio:
        command = [options.presidio, __file__, str(options.file), "--half", options.half]
        done = subprocess.run(
            [*command, "--spacy", options.spacy, "--inside"], capture_output=True, text=True, check=False
        )
        if done.returncode:
            sys.exit(done.stderr[-2000:])
        found = [[tuple(span) for span in spans] for spans in json.loads(done.stdout.splitlines()[-1])]
        shown("presidio", score(texts, gold, found))


if __name__ == "__main__":
    main()

"""Classes that texts fall into by themselves: found where there are some, none where there are none."""

from __future__ import annotations

import csv
import random
from pathlib import Path

from automic_core import workbench
from automic_core.inference.text_classes import Classes
from automic_core.inference.text_groups import FEWEST, propose_classes

TOPICS = {
    "billing": "invoice refund charged payment card twice amount account bank transfer receipt credited bill fee",
    "delivery": "parcel courier late tracking shipment arrived damaged package warehouse driver box lost door address",
    "login": "password reset login browser error screen username crash update app phone locked code verification",
}
AROUND = (
    "yesterday again today order help problem support answer week month monday since never always still already after "
    "before because number name written called twice wait new old first last check see tell know time day morning"
)


def letters(each: int, seed: int = 1) -> list[tuple[str, str]]:
    """Texts of a few words of their topic among words of any."""
    chance = random.Random(seed)
    made = []
    for topic, words in TOPICS.items():
        for _ in range(each):
            said = chance.sample(words.split(), chance.randint(3, 5)) + chance.sample(
                AROUND.split(), chance.randint(2, 6)
            )
            chance.shuffle(said)
            made.append((topic, f"The {' '.join(said)}."))
    chance.shuffle(made)
    return made


def test_topics_are_found_and_the_classify_step_puts_texts_there() -> None:
    found = propose_classes([text for _, text in letters(60)])
    assert len(found) == len(TOPICS)
    classes, agree, told = Classes(found), 0, 0
    names: dict[str, list[str]] = {}
    for topic, text in letters(40, seed=2):  # texts that were not seen
        label = classes.verdict(text).label
        if label is not None:
            names.setdefault(label, []).append(topic)
            told += 1
    agree = sum(max(map(topics.count, TOPICS)) for topics in names.values())
    assert told >= 0.8 * 120
    assert agree >= 0.9 * told


def test_one_heap_is_no_class() -> None:
    chance = random.Random(3)
    syllables = ["ba", "ko", "ri", "mu", "te", "lo", "sa", "ne", "vi", "du"]
    vocabulary = ["".join(chance.choices(syllables, k=3)) for _ in range(400)]
    assert propose_classes([" ".join(chance.choices(vocabulary, k=12)) for _ in range(200)]) == {}


def test_few_texts_and_texts_without_words_are_no_class() -> None:
    few = [text for _, text in letters(6)][: FEWEST - 1]
    assert propose_classes(few) == {}
    assert propose_classes([]) == {}
    assert propose_classes(["", "   ", "1 2 3", "?"] * 50) == {}
    assert propose_classes([f"{chr(97 + n % 26)}{n} zq{n}" for n in range(60)]) == {}


def test_the_same_texts_give_the_same_classes() -> None:
    texts = [text for _, text in letters(30)]
    assert propose_classes(texts) == propose_classes(texts)


def test_said_in_words(tmp_path: Path) -> None:
    root = workbench.create(tmp_path / "lake").path
    with (tmp_path / "mails.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("id", "body", "code"), *((n, t, f"A{n}") for n, (_, t) in enumerate(letters(30)))])
    with workbench.opened(root, "ann") as lake:
        workbench.ingest(lake, workbench.build_source(str(tmp_path / "mails.csv")), "mails", keys=["id"])
        data = workbench.draft(lake, "mails").data
        (staged,) = workbench.say(lake, "mails", data, "classify the body").staged
        assert (staged.kind, staged.options["column"], len(staged.options["classes"])) == ("classify", "body", 3)
        assert staged.agree >= 0.8 * staged.of == 0.8 * 90
        assert staged.counter or staged.agree == staged.of
        found = workbench.say(lake, "mails", data, "classify the code")
        assert not found.staged
        assert "fall into no classes" in found.unknown[0].why

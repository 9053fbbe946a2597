"""People of whom some were registered twice, for the tests of matching."""

from __future__ import annotations

import random

HEADER = "id,first,last,birth,phone,mail"
FIRST = ["anna", "ben", "carla", "david", "elena", "frank", "greta", "hugo"]
LAST = ["abel", "brandt", "costa", "duval", "evans", "fischer", "garcia", "hansen", "keller"]


def guests(count: int = 60, seed: int = 3) -> list[str]:
    """CSV lines without their header: people p000, p001 …; every third again as q000, q003 … with a slip in the phone.

    Every sixth lacks the mail address the first time, and has it the second.
    """
    draw = random.Random(seed)
    lines = []
    for number in range(count):
        who = [draw.choice(FIRST), draw.choice(LAST) + str(number % 7)]
        birth = f"{draw.randrange(1950, 2000)}-{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02}"
        phone = f"{number * 7919 % 10**8:09}"
        mail = f"{who[0]}.{who[1]}@example.org"
        lines.append(",".join([f"p{number:03}", *who, birth, phone, "" if number % 6 == 0 else mail]))
        if number % 3 == 0:
            lines.append(",".join([f"q{number:03}", *who, birth, phone[:-2] + phone[-1] + phone[-2], mail]))
    return lines


def as_csv(lines: list[str]) -> str:
    """The lines as a file."""
    return "\n".join([HEADER, *lines]) + "\n"

"""Numbers that carry a check: payment cards, bank accounts, national identity numbers.

Sources, by function:
    is_card: ISO/IEC 7812-1, 13 to 19 digits, check digit after Luhn (annex B).
    is_iban: ISO 13616-1 with the check of ISO 7064 MOD 97-10; lengths from the SWIFT IBAN registry (2024).
    us: numbers the Social Security Administration can assign (area not 000, 666 or 9xx, group not 00, serial not 0000).
    gb: National Insurance number, prefixes and suffixes as HMRC issues them (no check digit).
    es: DNI and NIE, letter = number mod 23 (Real Decreto 1553/2005).
    it: codice fiscale, last letter by the tables of the decree of 23 December 1976.
    fr: NIR, key = 97 - number mod 97 (INSEE); Corsica's 2A and 2B count as 19 and 18.
    de: Steueridentifikationsnummer, ISO 7064 MOD 11,10; one digit occurs two or three times, another not at all.
    nl: burgerservicenummer, weighted sum divisible by 11.
    pl: PESEL, weights 1 3 7 9. br: CPF, two digits by weighted sums mod 11. in_: Aadhaar, Verhoeff's check.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

_APART = re.compile(r"[\s./-]")
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}$")
_LENGTHS = """
    AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18
    FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21
    LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SD18 SE24 SI19 SK24
    SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20
    """
_LENGTH = {each[:2]: int(each[2:]) for each in _LENGTHS.split()}
_GB = re.compile(r"(?!BG|GB|KN|NK|NT|TN|ZZ)[ABCEGHJ-PRSTW-Z][ABCEGHJ-NPRSTW-Z]\d{6}[A-D]$")
_IT = re.compile(r"[A-Z]{6}[0-9LMNP-V]{2}[ABCDEHLMPRST][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z]$")
_FR = re.compile(r"[1-478]\d{2}(?:0[1-9]|1[0-2]|[2-9]\d)(?:\d{2}|2[AB])\d{8}$")
_US = re.compile(r"(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}$")
_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_ODD = dict(zip("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", (
    1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22,
    25, 24, 23,
), strict=True))  # fmt: skip
_TURNS = (
    "0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip
_PRODUCTS = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678", "5987604321", "6598710432", "7659821043",
    "8765932104", "9876543210",
)  # fmt: skip


def compact(text: str) -> str:
    """Without blanks, dots, slashes and dashes; capital letters."""
    return _APART.sub("", text).upper()


def is_card(text: str) -> bool:
    """A payment card number."""
    number = compact(text)
    if not (number.isascii() and number.isdigit() and 13 <= len(number) <= 19 and number[0] in "23456"):
        return False
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in number[-2::-2])
    return len(set(number)) > 1 and (sum(map(int, number[-1::-2])) + sum(doubled)) % 10 == 0


def is_iban(text: str) -> bool:
    """An international bank account number."""
    number = compact(text)
    if not _IBAN.match(number) or _LENGTH.get(number[:2]) != len(number):
        return False
    return int("".join(str(int(letter, 36)) for letter in number[4:] + number[:4])) % 97 == 1


def _us(text: str) -> bool:
    return bool(_US.match(text.strip()))


def _gb(text: str) -> bool:
    return bool(_GB.match(compact(text)))


def _es(text: str) -> bool:
    number = compact(text)
    if not re.match(r"[XYZ\d]\d{7}[A-Z]$", number):
        return False
    return _LETTERS[int(number[:-1].translate(str.maketrans("XYZ", "012"))) % 23] == number[-1]


def _it(text: str) -> bool:
    code = compact(text)
    if not _IT.match(code):
        return False
    even = (int(letter) if letter.isdigit() else ord(letter) - 65 for letter in code[1:15:2])
    return chr(65 + (sum(_ODD[letter] for letter in code[0:15:2]) + sum(even)) % 26) == code[-1]


def _fr(text: str) -> bool:
    number = compact(text)
    if not _FR.match(number):
        return False
    plain = number[:-2].replace("2A", "19").replace("2B", "18") if number[5:7] in ("2A", "2B") else number[:-2]
    return 97 - int(plain) % 97 == int(number[-2:])


def _de(text: str) -> bool:
    number = compact(text)
    if not re.match(r"[1-9][0-9]{10}$", number) or sorted(map(number[:10].count, set(number[:10])))[-1] not in (2, 3):
        return False
    product = 10
    for digit in number[:10]:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10 == int(number[10])


def _nl(text: str) -> bool:
    return _weighed(text, (9, 8, 7, 6, 5, 4, 3, 2, -1), 11)


def _pl(text: str) -> bool:
    number = compact(text)
    return _weighed(text, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1), 10) and int(number[2:4]) % 20 in range(1, 13)


def _weighed(text: str, weights: Iterable[int], divisor: int) -> bool:
    number, known = compact(text), tuple(weights)
    if not (number.isascii() and number.isdigit() and len(number) == len(known) and len(set(number)) > 1):
        return False
    return sum(int(digit) * weight for digit, weight in zip(number, known, strict=True)) % divisor == 0


def _br(text: str) -> bool:
    number = compact(text)
    if not re.match(r"[0-9]{11}$", number) or len(set(number)) == 1:
        return False
    for size in (9, 10):
        total = sum(int(digit) * (size + 1 - i) for i, digit in enumerate(number[:size]))
        if total * 10 % 11 % 10 != int(number[size]):
            return False
    return True


def _in(text: str) -> bool:
    number = compact(text)
    if not re.match(r"[2-9][0-9]{11}$", number):
        return False
    check = 0
    for place, digit in enumerate(reversed(number)):
        check = int(_PRODUCTS[check][int(_TURNS[place % 8][int(digit)])])
    return check == 0


NATIONAL: dict[str, tuple[Callable[[str], bool], bool]] = {
    "US social security number": (_us, True),
    "UK National Insurance number": (_gb, True),
    "Spanish DNI or NIE": (_es, True),
    "Italian codice fiscale": (_it, True),
    "French NIR": (_fr, True),
    "German tax number": (_de, False),
    "Dutch BSN": (_nl, False),
    "Polish PESEL": (_pl, False),
    "Brazilian CPF": (_br, False),
    "Indian Aadhaar number": (_in, False),
}
"""Name of each number to its test, and whether its form alone (letters, dashes, length) hardly occurs by chance."""

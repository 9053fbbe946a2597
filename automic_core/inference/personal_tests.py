"""How each kind of personal data is told: by the values alone, and by the values where the column is called so."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass

from automic_core.inference.check_digits import NATIONAL, is_card, is_iban
from automic_core.inference.person_words import GIVEN_NAMES, NAME_WORDS, STREET_WORDS

_DAY, _MONTH = r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}", r"[A-Za-z]{3,9}"
_DATE = re.compile(rf"(?:{_DAY}|\d{{1,2}}[ -]{_MONTH}[ -]\d{{2,4}}|{_MONTH} \d{{1,2}},? \d{{4}}|(?:19|20)\d{{6}}$)")
_MAIL = re.compile(r"[^\s@<>,;]+@[^\s@.,;]+(?:\.[^\s@.,;]+)+$")
_PHONE = re.compile(r"(?:tel:)?\+?\(?\d[\d\s()./-]{5,22}(?:\s?(?:x|ext\.?)\s?\d{1,6})?$", re.IGNORECASE)
_DIALLED = re.compile(r"tel:|\+\d|00[1-9]|\(\d+\)|\d{2,5}\s?[ /.-]\s?\d{2,4}[ .-]\d{2,4}")
_PERSON = re.compile(r"(?:[^\W\d_]+[.'\u2019-]?[ ,]*){1,5}$")
_STREETS = re.compile(
    rf"\b(?:{'|'.join(STREET_WORDS)})\b|(?:stra(?:ss|\u00df)e|str\.|weg|gasse|platz|straat|laan)\b", re.IGNORECASE
)
_NO_ADDRESS = re.compile(r"@|://|^[\d.:]+$")


@dataclass(frozen=True)
class Test:
    """How one kind is told.

    Attributes:
        named: Whether a value can be of the kind, for a column whose name says so.
        why: What ``named`` looks at, in words.
        hints: Words of a column's name that say so, also two joined ("dateofbirth").
        against: Words that take the hint back ("file" in "file_name").
        alone: As ``named``, without a name's help; None where only a name can tell.
        why_alone: What ``alone`` looks at, if something else.
        sure: Confidence if all values pass ``alone``, 0 to 1.
        least: Share of the values that must pass ``alone``, if less or more than usual.
        few: Different values needed without a name's help.
    """

    kind: str
    named: Callable[[str], bool]
    why: str
    hints: frozenset[str]
    against: frozenset[str] = frozenset()
    alone: Callable[[str], bool] | None = None
    why_alone: str = ""
    sure: float = 0.9
    least: float = 0.0
    few: int = 0


def _mail(text: str) -> bool:
    return _MAIL.match(text) is not None


def _phone(text: str) -> bool:
    digits = sum(map(str.isdigit, text))
    return 7 <= digits <= 15 and _PHONE.match(text) is not None and not _ip(text)


def _dialled(text: str) -> bool:
    return _phone(text) and _DIALLED.match(text) is not None and _DATE.match(text) is None


def _person(text: str) -> bool:
    return len(text) <= 60 and _PERSON.match(text) is not None


def _known_person(text: str) -> bool:
    parts = [part.lower() for part in re.split(r"[ ,.]+", text) if part]
    return 1 <= len(parts) <= 4 and _person(text) and any(part in GIVEN_NAMES for part in (parts[0], parts[-1]))


def _address(text: str) -> bool:
    has_letter = any(map(str.isalpha, text))
    return has_letter and not _NO_ADDRESS.search(text) and (" " in text or any(map(str.isdigit, text)))


def _street(text: str) -> bool:
    return len(text) <= 150 and _address(text) and any(map(str.isdigit, text)) and _STREETS.search(text) is not None


def _date(text: str) -> bool:
    return _DATE.match(text) is not None


def _ip(text: str) -> bool:
    if text.count(".") != 3 and text.count(":") < 2:
        return False
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NOT_PEOPLE = _words(
    "file host table column product company country city brand user domain event team category item store school "
    "project species department bank account display screen street state region track album genre"
)

_ID_WORDS = _words(
    "ssn nino dni nie nif nir cpf pesel bsn aadhaar steuerid idnr fiscale codicefiscale nationalid taxid "
    "socialsecurity insee"
)

TESTS: tuple[Test, ...] = (
    Test(
        "email", _mail, "have the form of an e-mail address", _words("email mail emailaddress"), alone=_mail, sure=1.0,
    ),
    Test("iban", is_iban, "pass the check of an IBAN", _words("iban"), alone=is_iban, sure=1.0),
    Test(
        "credit_card", is_card, "pass the Luhn check of payment cards", _words("card cardnumber creditcard pan ccn cc"),
        alone=is_card, sure=0.95, few=5,
    ),
    Test("ip", _ip, "are IP addresses", _words("ip ipaddress ipv4 ipv6 ipaddr"), alone=_ip),
    Test(
        "phone", _phone, "have 7 to 15 digits, as phone numbers do",
        _words("phone tel telephone mobile cell cellphone fax phonenumber telefon telefono telefone"),
        alone=_dialled, why_alone="are written like phone numbers", sure=0.85,
    ),
    Test(
        "birth_date", _date, "are dates",
        _words("dob birth birthdate birthday born dateofbirth geburtsdatum naissance"),
    ),
    Test(
        "address", _address, "may be a postal address",
        _words("address addr street adresse strasse direccion indirizzo endereco"),
        _words("ip email mail mac web url id"), _street, "have a number and a word for a street",
    ),
    Test(
        "name", _person, "have the form of a name", NAME_WORDS, _NOT_PEOPLE,
        _known_person, "have a frequent given name", least=0.3, few=5,
    ),
    *(
        Test(
            "national_id", test, f"pass the check of a {name}",
            _ID_WORDS,
            alone=test, sure=0.95 if clear else 0.8, least=0.0 if clear else 0.98, few=3 if clear else 20,
        )
        for name, (test, clear) in NATIONAL.items()
    ),
)  # fmt: skip
"""All tests; of several that pass, the most certain one counts."""

"""Forms that a single value can have, as regular expressions from its first character."""

from __future__ import annotations

import re

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_TOP = "com|org|net|gov|edu|io|br|uk|de|in|fr|co"

_FORMS = {
    "a whole number": r"[+-]?\d+$",
    "a decimal number": r"[+-]?\d*\.\d+(?:e[+-]?\d+)?$|[+-]?\d+(?:\.\d+)?e[+-]?\d+$",
    "a number with leading zeros": r"0\d+$",
    "a negative number": r"-\.?\d",
    "a number with thousands separators": r"[+-]?\d{1,3}(?:[,\u00a0\u202f '.]\d{3})+(?:[.,]\d+)?$",
    "a number with a decimal comma": r"[+-]?\d+,\d{1,2}$",
    "a percentage": r"[+-]?[\d.,]+\s?%$",
    "an amount of money": r"\(?[+-]?\s?(?:[$€£¥₹]|usd|eur|rs\.?|us\$)\s?-?[\d.,]+|[\d.,]+\s?(?:[$€£¥₹]|usd|eur)$",
    "a number with a unit": r"[<>~+-]?\s?[\d.,]+\s?[^\W\d_]{1,12}[²³]?\.?$",
    "text that starts with a number": r"[<>~+-]?\s?\d[\d.,]*\s*[^\W\d]",
    "a word and a number": r"[^\W\d_]+[\s_-]?\d+$",
    "a range of numbers": r"[<>]?\$?\d[\d.,]*\s?(?:-|\u2013|to)\s?\$?\d[\d.,]*",
    "a fraction": r"\d+(?:\.\d+)?\s?/\s?\d+$",
    "a date in digits": r"\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}(?:\D|$)",
    "a date with a month's name": rf"(?:\d{{1,4}}(?:st|nd|rd|th)?[\s,-]*)?{_MONTH}[\s.,-]*\d{{1,4}}|{_MONTH}$",
    "the name of a month": rf"{_MONTH}\b",
    "the name of a weekday": r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\b",
    "a time of day": r"(?:.*[\sT])?\d{1,2}:\d{2}(?::\d{2}|\.\d)?",
    "a point in time": r"\d{4}-\d{2}-\d{2}[T ]\d{2}:",
    "a year": r"(?:1[5-9]|20)\d{2}$",
    "a date without separators": r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])$",
    "seconds since 1970": r"1[0-5]\d{8}(?:\d{3})?$",
    "a web address": r"(?:https?|ftp)://|www\.",
    "the name of a host": rf"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:{_TOP})(?:/|$)",
    "a mail address": r"[^\s@]+@[^\s@]+\.[a-z]+",
    "text in brackets": r"(?s:[\[{(].*[\]})])$",
    "a pair of coordinates": r"\(?-?\d+\.\d+,\s?-?\d+\.\d+\)?$",
    "markup": r"<[a-z/][^>]*>",
    "hexadecimal digits": r"(?=.*\d)[0-9a-f]{8,}(?:-[0-9a-f]+)*$",
    "a code of letters and digits": r"(?=.*\d)(?=.*[a-z])[a-z0-9][\w./-]*$",
    "a few capital letters": r"(?-i:[A-Z]{2,5}$)",
    "one letter": r"[a-z]$",
    "one word": r"[^\W\d_]+$",
    "words with capitals": r"(?-i:[A-Z][^\W\d_]+(?: [A-Z][^\W\d_]+)+$)",
    "a full sentence": r"(?s:.*\s.*[.!?]['\")]*)$",
    "yes or no": r"(?:y|n|yes|no|true|false|t|f|male|female|m)$",
    "a file": r"\S*\.(?:jpe?g|png|gif|pdf|txt|csv|html?|php|mp[34]|xml)$",
    "a word for a missing value": r"#?(?:null|n/?a|nan|none|unknown|missing)!?$",
    "signs only": r"[^\w\s]+$",
}

FORMS: dict[str, re.Pattern[str]] = {name: re.compile(form, re.IGNORECASE) for name, form in _FORMS.items()}
"""Name in words to pattern."""

SIGNS = {
    "commas": ",", "semicolons": ";", "bars": "|", "slashes": "/", "blanks": " ", "dashes": "-", "dots": ".",
    "colons": ":", "underscores": "_", "hash signs": "#",
}  # fmt: skip

"""The countries of the demo: cities with postcode patterns, currency, dialling code and share of customers.

In a pattern ``#`` stands for a digit and ``@`` for a capital letter. Rates are rounded and invented: units of the
currency for one euro.
"""

from __future__ import annotations

from typing import NamedTuple


class Country(NamedTuple):
    """One country.

    Attributes:
        code: ISO 3166 two-letter code.
        currency: ISO 4217 code.
        rate: Units of the currency for one euro.
        dial: International dialling code without the plus sign.
        language: Which pool of names its people have.
        weight: Share of customers, relative to the others.
        cities: Pairs of city and postcode pattern.
    """

    code: str
    name: str
    region: str
    currency: str
    rate: float
    dial: str
    language: str
    weight: int
    cities: tuple[tuple[str, str], ...]


COUNTRIES = (
    Country(
        "DE",
        "Germany",
        "Europe",
        "EUR",
        1.0,
        "49",
        "de",
        18,
        (("Dresden", "01###"), ("Leipzig", "04###"), ("Berlin", "10###"), ("Köln", "50###"), ("München", "80###")),
    ),
    Country("AT", "Austria", "Europe", "EUR", 1.0, "43", "de", 4, (("Wien", "10#0"), ("Graz", "80#0"))),
    Country("CH", "Switzerland", "Europe", "CHF", 0.95, "41", "de", 4, (("Zürich", "80##"), ("Genève", "12##"))),
    Country(
        "FR",
        "France",
        "Europe",
        "EUR",
        1.0,
        "33",
        "fr",
        12,
        (("Nice", "06###"), ("Nîmes", "30###"), ("Lyon", "69###"), ("Paris", "750##")),
    ),
    Country("BE", "Belgium", "Europe", "EUR", 1.0, "32", "fr", 3, (("Liège", "40##"), ("Namur", "50##"))),
    Country("NL", "Netherlands", "Europe", "EUR", 1.0, "31", "nl", 5, (("Utrecht", "35## @@"), ("Delft", "26## @@"))),
    Country(
        "ES",
        "Spain",
        "Europe",
        "EUR",
        1.0,
        "34",
        "es",
        8,
        (("Barcelona", "08###"), ("Ávila", "05###"), ("Málaga", "29###"), ("Madrid", "28###")),
    ),
    Country("PT", "Portugal", "Europe", "EUR", 1.0, "351", "pt", 3, (("Évora", "70##-###"), ("Lisboa", "1###-###"))),
    Country(
        "IT",
        "Italy",
        "Europe",
        "EUR",
        1.0,
        "39",
        "it",
        8,
        (("Roma", "001##"), ("Cagliari", "09###"), ("Forlì", "47###"), ("Milano", "20###")),
    ),
    Country("PL", "Poland", "Europe", "PLN", 4.3, "48", "pl", 6, (("Warszawa", "0#-###"), ("Łódź", "9#-###"))),
    Country("CZ", "Czechia", "Europe", "CZK", 25.1, "420", "cs", 3, (("Plzeň", "3## ##"), ("Brno", "6## ##"))),
    Country("SE", "Sweden", "Europe", "SEK", 11.4, "46", "nordic", 4, (("Malmö", "21# ##"), ("Västerås", "72# ##"))),
    Country("DK", "Denmark", "Europe", "DKK", 7.46, "45", "nordic", 3, (("Århus", "8###"), ("København", "0999"))),
    Country("NO", "Norway", "Europe", "NOK", 11.6, "47", "nordic", 2, (("Oslo", "01##"), ("Tromsø", "90##"))),
    Country("GB", "United Kingdom", "Europe", "GBP", 0.85, "44", "en", 10, (("Leeds", "LS# #@@"), ("Bath", "BA# #@@"))),
    Country(
        "IE", "Ireland", "Europe", "EUR", 1.0, "353", "en", 2, (("Dún Laoghaire", "A9# @###"), ("Cork", "T12 @###"))
    ),
    Country(
        "US",
        "United States",
        "North America",
        "USD",
        1.08,
        "1",
        "en",
        16,
        (("Boston", "021##"), ("Newark", "071##"), ("Chicago", "606##"), ("San José", "951##")),
    ),
    Country(
        "CA", "Canada", "North America", "CAD", 1.47, "1", "fr", 4, (("Montréal", "H#@ #@#"), ("Québec", "G#@ #@#"))
    ),
    Country("MX", "Mexico", "North America", "MXN", 18.9, "52", "es", 4, (("Coyoacán", "04###"), ("Mérida", "97###"))),
    Country(
        "BR",
        "Brazil",
        "South America",
        "BRL",
        5.4,
        "55",
        "pt",
        6,
        (("São Paulo", "0####-###"), ("Brasília", "70###-###")),
    ),
    Country("JP", "Japan", "Asia", "JPY", 163.0, "81", "ja", 4, (("Sapporo", "06#-####"), ("Kyōto", "60#-####"))),
    Country("TR", "Türkiye", "Asia", "TRY", 35.2, "90", "tr", 3, (("Adana", "01###"), ("İzmir", "35###"))),
)

# The markets whose share of orders rises through the year: the story behind "revenue by country and month".
GROWING = frozenset({"BR", "PL"})

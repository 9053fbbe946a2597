"""What a statement of a model shows of itself."""

from __future__ import annotations

import pytest

from automic_core.assist.asking import model_trust, statement_signs


@pytest.mark.parametrize(
    ("sql", "question", "expected"),
    [
        ("SELECT title FROM silver.club", "Titles of clubs?", {}),
        ("SELECT title FROM silver.club WHERE fee > 7", "Clubs over 8?", {"numbers not asked": 1}),
        ("SELECT title FROM silver.club WHERE fee > 7.0", "Clubs over seven?", {}),
        ("SELECT title FROM silver.club WHERE fee > 7.50", "Clubs over 7.5?", {}),
        ("SELECT title FROM silver.club GROUP BY 1 HAVING count(*) > 1", "Titles that occur twice?", {}),
        ("SELECT title FROM silver.club WHERE title = 'go'", "Clubs called GO?", {}),
        ("SELECT title FROM silver.club WHERE title LIKE '%x%'", "Clubs called GO?", {"texts not asked": 1}),
        ("SELECT title FROM silver.club ORDER BY fee LIMIT 1", "The cheapest club?", {"first only": 1}),
        ("SELECT title FROM silver.club WHERE fee > 3 OR fee < 2", "Clubs under 2 or over 3?", {"either": 1}),
        ("SELECT avg(fee) FROM silver.club", "The average fee?", {"computed": 1}),
        ("SELECT title FROM silver.club", " ".join(["club"] * 15), {"words": 0.5}),
        ("no statement at all", "Clubs?", {}),
    ],
)
def test_what_a_statement_shows(sql: str, question: str, expected: dict[str, float]) -> None:
    assert {name: value for name, value in statement_signs.signs(sql, question).items() if value} == expected


def test_every_sign_has_a_weight() -> None:
    assert set(statement_signs.signs("SELECT title FROM silver.club", "Clubs?")) < set(model_trust.WEIGHTS)

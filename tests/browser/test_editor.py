"""The SQL editor in a real browser: it completes, colours, marks what is wrong, and the keyboard is enough."""

from __future__ import annotations

from collections.abc import Callable

from tests.browser.driver import Person

NewPerson = Callable[..., Person]


def begun(person: NewPerson) -> Person:
    visitor = person()
    visitor.open("explore")
    visitor.page.locator("textarea").click()
    return visitor


def type_in(visitor: Person, text: str) -> None:
    visitor.page.keyboard.type(text, delay=5)
    visitor.page.wait_for_timeout(100)


def text(visitor: Person) -> str:
    return str(visitor.page.locator("textarea").input_value())


def options(visitor: Person) -> list[str]:
    return [str(each) for each in visitor.page.locator("[role=option]:visible span").all_inner_texts()]


def test_completes_and_runs_by_keyboard_alone(person: NewPerson) -> None:
    visitor = begun(person)
    type_in(visitor, "sel")
    assert options(visitor)[0] == "SELECT"
    visitor.page.keyboard.press("Tab")
    type_in(visitor, " country, sum(o.rev")
    visitor.page.keyboard.press("Escape")
    type_in(visitor, "enue_eur) AS revenue\nFROM gold.rev")
    assert options(visitor) == ["revenue_by_country_month"]
    visitor.page.keyboard.press("Enter")
    type_in(visitor, " o\nWHERE o.mo")
    assert options(visitor)[0] == "month"
    area = visitor.page.locator("textarea")
    assert area.get_attribute("aria-expanded") == "true"
    assert visitor.page.locator(f"#{area.get_attribute('aria-activedescendant')}").inner_text().startswith("c")
    visitor.page.keyboard.press("Tab")
    type_in(visitor, " > DATE '2024-06-01' GROUP BY ALL ORDER BY ")
    visitor.page.keyboard.press("Control+Space")
    assert "country" in options(visitor)
    visitor.page.keyboard.press("Escape")
    assert options(visitor) == []
    type_in(visitor, "2 DESC LIMIT 3")
    wanted = "select country, sum(o.revenue_eur) AS revenue\nFROM gold.revenue_by_country_month o\nWHERE o.month > DATE"
    assert text(visitor).startswith(wanted)
    visitor.page.keyboard.press("Control+Enter")
    visitor.see("3 rows")
    visitor.page.wait_for_selector("[data-testid=stDataFrame]")
    assert text(visitor).startswith(wanted)
    assert visitor.errors == []
    assert visitor.foreign == []


def test_no_popup_where_a_name_is_made_up(person: NewPerson) -> None:
    visitor = begun(person)
    type_in(visitor, "SELECT 'sel")
    assert options(visitor) == []
    type_in(visitor, "' AS co")
    assert options(visitor) == []
    type_in(visitor, " -- sel")
    assert options(visitor) == []


def test_tab_leaves_the_field(person: NewPerson) -> None:
    visitor = begun(person)
    type_in(visitor, "1 ")
    visitor.page.keyboard.press("Tab")
    assert visitor.page.evaluate("document.activeElement.shadowRoot?.activeElement?.tagName ?? ''") != "TEXTAREA"


def test_marks_the_line_that_is_wrong(person: NewPerson) -> None:
    visitor = begun(person)
    type_in(visitor, "SELECT 1 AS a,\n  nothing\nFROM gold.orders_by_status")
    visitor.page.keyboard.press("Escape")
    visitor.page.keyboard.press("Control+Enter")
    visitor.see("line 2, column 3")
    assert visitor.page.locator(".lines .wrong").inner_text() == "2"  # waits for it
    visitor.page.locator("textarea").click()
    type_in(visitor, "x")
    visitor.page.locator(".lines .wrong").wait_for(state="detached")


def test_the_tree_finds_and_inserts(person: NewPerson) -> None:
    visitor = person()
    visitor.open("explore")
    visitor.page.get_by_label("Find a table or column").fill("revenue_by")
    visitor.page.get_by_role("button", name="revenue_by_country_month", exact=True).click()
    assert text(visitor) == "SELECT *\nFROM gold.revenue_by_country_month\nLIMIT 100"
    visitor.page.locator("textarea").press("Control+a")
    type_in(visitor, "SELECT ")
    visitor.page.get_by_label("Columns of gold.revenue_by_country_month").click()
    visitor.page.get_by_role("button", name="country", exact=False).last.click()
    assert text(visitor) == "SELECT country"


def test_what_is_typed_stays_when_the_page_is_left(person: NewPerson) -> None:
    visitor = begun(person)
    type_in(visitor, "SELECT 41 + 1 AS answer")
    visitor.page.keyboard.press("Escape")
    visitor.go("Tables")
    visitor.go("Explore")
    assert visitor.value("SQL statement") == "SELECT 41 + 1 AS answer"
    visitor.click("Run")
    visitor.see("1 row")

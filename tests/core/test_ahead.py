"""Both hands of a transfer: nothing lost, nothing left running, errors where they can be handled."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from automic_core.connectors._ahead import ahead, behind


def threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith("automic-")]


def broken(count: int) -> Iterator[int]:
    yield from range(count)
    raise OSError("gone")


def test_all_items_come_in_order() -> None:
    assert list(ahead(iter(range(100)), lambda: None)) == list(range(100))
    assert threads() == []


def test_what_is_not_wanted_is_stopped() -> None:
    stopped = threading.Event()

    def endless() -> Iterator[int]:
        yield 1
        stopped.wait(30)  # as a driver waits for its server

    with closing(ahead(endless(), stopped.set)) as items:
        assert next(items) == 1
    assert stopped.is_set()
    assert threads() == []


def test_an_error_of_fetching_comes_after_the_items() -> None:
    items = ahead(broken(3), lambda: None)
    assert [next(items), next(items), next(items)] == [0, 1, 2]
    with pytest.raises(OSError, match="gone"):
        next(items)
    assert threads() == []


def test_all_items_are_sent_in_order() -> None:
    sent: list[int] = []
    with behind(sent.append) as send:
        for number in range(100):
            send(number)
    assert sent == list(range(100))
    assert threads() == []


def test_an_error_of_sending_is_raised_to_the_maker() -> None:
    def send_one(number: int) -> None:
        raise OSError(f"cannot send {number}")

    made = []
    with pytest.raises(OSError, match="cannot send 0"), behind(send_one) as send:  # noqa: PT012
        for number in range(1000):
            made.append(number)
            send(number)
    assert len(made) < 1000
    with pytest.raises(OSError, match="cannot send 7"), behind(send_one) as send:
        send(7)
    assert threads() == []


def test_an_error_of_making_wins_and_sends_no_more() -> None:
    sent: list[int] = []
    with pytest.raises(ValueError, match="broke"), behind(sent.append) as send:  # noqa: PT012
        send(1)
        raise ValueError("broke")
    assert threads() == []

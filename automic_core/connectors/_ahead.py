"""Two hands at once: one side of a transfer works while the other waits for the network."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

T = TypeVar("T")
_END = object()
_DEPTH = 2
_LOOK = 0.1  # seconds between looks whether the other side is still there


def ahead(items: Iterator[T], stop: Callable[[], object]) -> Generator[T]:
    """The items, fetched by a thread while the last ones are worked on; a few are held at a time.

    Args:
        items: Fetched in the thread only.
        stop: Called if not all of them are wanted: ends a fetch that is waiting.

    Raises:
        BaseException: What fetching raised.
    """
    held: queue.Queue[object] = queue.Queue(_DEPTH)
    failed: list[BaseException] = []
    gone = threading.Event()

    def fetch() -> None:
        try:
            for item in items:
                if not _put(held, item, gone.is_set):
                    return
        except BaseException as exc:  # raised again where the items are wanted
            failed.append(exc)
        _put(held, _END, gone.is_set)

    thread = threading.Thread(target=fetch, name="automic-ahead", daemon=True)
    thread.start()
    try:
        while (item := held.get()) is not _END:
            yield item  # type: ignore[misc]
        if failed:
            raise failed[0]
    finally:
        if thread.is_alive():
            gone.set()
            with suppress(Exception):  # the server may be gone, which ends the fetch as well
                stop()
            thread.join()


@contextmanager
def behind(send: Callable[[T], object]) -> Iterator[Callable[[T], None]]:
    """A function that hands items to ``send``, which runs in a thread while the next ones are made.

    Raises:
        BaseException: What ``send`` raised, at the next item or at the end.
    """
    held: queue.Queue[object] = queue.Queue(_DEPTH)
    failed: list[BaseException] = []
    gone = threading.Event()

    def work() -> None:
        try:
            while (item := held.get()) is not _END:
                if gone.is_set():
                    return
                send(item)  # type: ignore[arg-type]
        except BaseException as exc:  # raised again where the items are made
            failed.append(exc)

    thread = threading.Thread(target=work, name="automic-behind", daemon=True)
    thread.start()

    def hand(item: T) -> None:
        _put(held, item, lambda: not thread.is_alive())
        if failed:
            raise failed[0]

    try:
        yield hand
    except BaseException:
        gone.set()
        raise
    finally:
        _put(held, _END, lambda: not thread.is_alive())
        thread.join()
    if failed:
        raise failed[0]


def _put(held: queue.Queue[object], item: object, given_up: Callable[[], bool]) -> bool:
    """Wait for room; False if the other side is gone."""
    while not given_up():
        try:
            held.put(item, timeout=_LOOK)
        except queue.Full:
            continue
        return True
    return False

"""Waiting for an answer no longer than agreed, and no longer than somebody wants it."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator

from automic_core.llm.calls import Failure, Part

_LOOK_SECONDS = 0.05


def until(
    parts: Callable[[threading.Event], Iterator[Part]], deadline: float, cancel: threading.Event | None
) -> Iterator[Part]:
    """The parts of an answer as they arrive.

    They are fetched in a thread: a socket cannot be waited for and given up. A thread that is given up ends at the next
    part, or when its connection times out.

    Args:
        parts: Fetches them; stops when its event is set.
        deadline: On the clock of ``time.monotonic``.
        cancel: Set when nobody wants the answer any more.

    Raises:
        Failure: The deadline has passed ("timeout"), ``cancel`` was set ("cancelled"), or what ``parts`` raised.
    """
    arrived: queue.SimpleQueue[Part | Failure | None] = queue.SimpleQueue()
    stop = threading.Event()
    threading.Thread(target=_fetch, args=(parts, stop, arrived), name="automic-model", daemon=True).start()
    try:
        while True:
            if cancel is not None and cancel.is_set():
                raise Failure("cancelled", "cancelled")
            left = deadline - time.monotonic()
            if left <= 0:
                raise Failure("timeout", "no answer in time")
            try:
                part = arrived.get(timeout=min(left, _LOOK_SECONDS))
            except queue.Empty:
                continue
            if part is None:
                return
            if isinstance(part, Failure):
                raise part
            yield part
    finally:
        stop.set()


def _fetch(
    parts: Callable[[threading.Event], Iterator[Part]],
    stop: threading.Event,
    arrived: queue.SimpleQueue[Part | Failure | None],
) -> None:
    try:
        for part in parts(stop):
            arrived.put(part)
        arrived.put(None)
    except Failure as failure:
        arrived.put(failure)
    except Exception as exc:  # a defect; its text may hold what was sent, its kind does not
        arrived.put(Failure("failed", f"{type(exc).__name__} in the client"))

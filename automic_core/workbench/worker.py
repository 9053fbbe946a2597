"""A worker process: ``python -m automic_core.workbench.worker LAKE``."""

from __future__ import annotations

import sys
from pathlib import Path


def main(root: Path) -> None:
    """Run the jobs that wait in a lake; ends at once if enough workers are there."""
    from automic_core.jobs import log, places, slots
    from automic_core.settings import Settings

    folder = places.folder(root)
    log.capture(places.worker_log(root))
    log.trim(places.worker_log(root))
    slot = slots.take(folder, Settings.load(root).jobs.workers)
    if slot is None:
        return
    slot.release()
    from automic_core.jobs.working import work
    from automic_core.workbench.tasks import kind_of, task_of

    work(root, task_of, lambda kind: kind_of(kind).keeps)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

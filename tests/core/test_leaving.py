"""What the suite's own servers leave behind when its process is killed: nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psutil

SERVE = """
import os, subprocess, sys, time
from tests import leaving
place = leaving.folder("automic-left-")
sleeping = [sys.executable, "-c", "import time; time.sleep(600)"]
named = subprocess.Popen([*sleeping, str(place / "data")], start_new_session=True)
inside = subprocess.Popen(sleeping, cwd=place, start_new_session=True)
print(place, named.pid, inside.pid, flush=True)
time.sleep(600)
"""


def test_servers_go_with_a_process_that_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", SERVE], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        place, *pids = process.stdout.readline().split()
        servers = [psutil.Process(int(pid)) for pid in pids]
        (watcher,) = [
            each for each in psutil.Process(process.pid).children() if "leaving.py" in " ".join(each.cmdline())
        ]
        process.send_signal(signal.SIGKILL)
        assert psutil.wait_procs([*servers, watcher], 60)[1] == []
        assert not Path(place).exists()

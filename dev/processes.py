"""End processes that are not this one's children."""

import contextlib
import time
from collections.abc import Sequence

import psutil


def _lives(process: psutil.Process) -> bool:
    """Return whether it still does anything; a zombie waits only for its parent, which may be slow to look."""
    try:
        return bool(process.is_running()) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_for(processes: Sequence[psutil.Process], *, seconds: float) -> list[psutil.Process]:
    """Wait until all have ended; return those that have not after `seconds`."""
    deadline = time.monotonic() + seconds
    while (left := [process for process in processes if _lives(process)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


def end(processes: Sequence[psutil.Process], *, seconds: float) -> None:
    """Ask all to end, and kill those that have not after `seconds`."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    left = wait_for(processes, seconds=seconds)
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    wait_for(left, seconds=seconds)

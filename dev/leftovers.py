"""One runner at a time in a VAR_DIR, and nothing left over from one that was killed."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from dev import places, processes
from dev.problems import Problem

# Every process that the runner starts carries this, and so do their children: it finds them again.
MARK = "EC_RUNNER_VAR_DIR"


@contextmanager
def only_runner(var: Path) -> Iterator[None]:
    """Be the only runner under `var`. Raises `Problem` when there is another."""
    descriptor = os.open(places.make_folder(var) / "runner.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise Problem(
            f"EmailConcert already runs in {var}: stop it (Ctrl-C in its window), or set VAR_DIR and PORT."
        ) from error
    finally:
        os.close(descriptor)


def find(var: Path) -> list[psutil.Process]:
    """Return the living processes that a runner under `var` started."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get(MARK) == str(var):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def stop(var: Path) -> int:
    """Stop what a killed runner left running under `var`; return how many processes there were."""
    left = find(var)
    processes.end(left, seconds=5)
    return len(left)

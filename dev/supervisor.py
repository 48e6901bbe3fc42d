"""Run several processes, each with a log of its own, until one of them ends or somebody asks to stop.

When one ends, all are stopped and that is said: on a developer's machine a process that dies is a fault to look at, which
restarting it would hide, and the next start recovers whatever was under way. (In production the containers' own
restart policy applies.) Honcho was tried first: it keeps a second Python beside each process and waits for ever
when one of those is killed.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from dev import places
from dev.places import ROOT
from dev.plan import Part
from dev.problems import Problem

POLL_SECONDS = 0.1
LOOK_AFTER_SECONDS = 2
POLITE_SECONDS = 6
LAST_LINES = 15


class Supervisor:
    """The running parts, and how to end them together."""

    def __init__(self, *, var: Path, env: Mapping[str, str]) -> None:
        self._logs = places.make_folder(var / "log")
        self._env = env
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.stop_asked = False

    def heed_signals(self) -> None:
        """Take Ctrl-C, SIGTERM and a closed terminal as the wish to stop."""

        def ask(*_: object) -> None:
            self.stop_asked = True

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, ask)

    def start(self, parts: Sequence[Part]) -> None:
        """Start every part, in a session of its own so that Ctrl-C reaches only this process."""
        for part in parts:
            with self.log_of(part.name).open("wb") as log:
                self._running[part.name] = subprocess.Popen(
                    part.command,
                    cwd=ROOT,
                    env={**self._env, **part.env},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )

    def log_of(self, name: str) -> Path:
        """Return where a part's output goes."""
        return self._logs / f"{name}.log"

    def check(self) -> None:
        """Raise `Problem` when a part has ended, with the last lines it wrote."""
        for name, process in self._running.items():
            if process.poll() is not None:
                log = self.log_of(name)
                tail = "\n".join(log.read_text(errors="replace").splitlines()[-LAST_LINES:])
                how = f"exit code {process.returncode}" if process.returncode >= 0 else f"signal {-process.returncode}"
                raise Problem(
                    f"{tail}\n\nThe process “{name}” ended ({how}), so all others were stopped; what it wrote is in {log}. "
                    f"`make run` starts again."
                )

    def wait(self, look_after: Callable[[], None]) -> None:
        """Return when somebody asks to stop; call `look_after` now and then. Raises `Problem` when a part ends by itself."""
        looked_after = time.monotonic()
        while not self.stop_asked:
            self.check()
            if time.monotonic() - looked_after > LOOK_AFTER_SECONDS:
                look_after()
                looked_after = time.monotonic()
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """End all parts: politely, then by force whatever is left of each part's session."""
        for process in self._running.values():
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + POLITE_SECONDS
        while time.monotonic() < deadline and any(process.poll() is None for process in self._running.values()):
            time.sleep(0.05)
        for process in self._running.values():
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue
            process.wait()
        self._running.clear()

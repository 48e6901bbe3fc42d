import os
import subprocess
import sys
import time

import psutil
import pytest

from dev import leftovers
from dev.plan import Part
from dev.problems import Problem
from dev.supervisor import Supervisor

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
DEAF = (
    "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); print('deaf', flush=True); time.sleep(60)"
)


def wait_until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def supervisor(tmp_path):
    supervisor = Supervisor(var=tmp_path, env={**os.environ, leftovers.MARK: str(tmp_path)})
    yield supervisor
    supervisor.stop()


def test_a_part_that_ends_is_told_with_its_last_lines(supervisor, tmp_path):
    supervisor.start([Part("web", SLEEP), Part("worker", [sys.executable, "-c", "print('why'); raise SystemExit(3)"])])

    with pytest.raises(Problem, match=r"^why\n\nThe process “worker” ended \(exit code 3\)"):
        supervisor.wait(lambda: None)

    supervisor.stop()
    assert leftovers.find(tmp_path) == []


def test_stop_ends_even_children_of_a_part_that_will_not_listen(supervisor, tmp_path, monkeypatch):
    monkeypatch.setattr("dev.supervisor.POLITE_SECONDS", 0.2)
    supervisor.start([Part("deaf", [sys.executable, "-c", DEAF])])
    wait_until(lambda: supervisor.log_of("deaf").read_text() == "deaf\n")
    assert len(leftovers.find(tmp_path)) == 2

    supervisor.stop()

    wait_until(lambda: not [p for p in leftovers.find(tmp_path) if p.status() != psutil.STATUS_ZOMBIE])


def test_leftovers_of_a_killed_runner_are_found_and_stopped(tmp_path):
    orphan = subprocess.Popen(SLEEP, env={**os.environ, leftovers.MARK: str(tmp_path)})
    bystander = subprocess.Popen(SLEEP, env={**os.environ, leftovers.MARK: str(tmp_path / "other")})
    try:
        wait_until(lambda: leftovers.find(tmp_path))
        assert leftovers.stop(tmp_path) == 1
        assert orphan.wait(10) == -15
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_second_runner_in_the_same_folder_is_refused(tmp_path):
    with (
        leftovers.only_runner(tmp_path),
        pytest.raises(Problem, match="already runs in"),
        leftovers.only_runner(tmp_path),
    ):
        pass
    with leftovers.only_runner(tmp_path):
        pass

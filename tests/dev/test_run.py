"""`make run` as a newcomer meets it: from nothing to the block, killed, started again, stopped."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from urllib.error import URLError
from urllib.request import urlopen

import psutil
import pytest

from dev import leftovers
from dev.places import ROOT
from dev.servers import reset

PATIENCE = 120  # on a machine that does other things as well
# The runner has to find everything out by itself, as in a new shell.
INHERITED = {"PATH", "HOME", "LANG", "TMPDIR"}


def four_free_ports():
    for first in range(20_000 + os.getpid() % 10_000, 60_000, 7):
        try:
            for port in range(first, first + 4):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    pytest.fail("no four free ports in a row")


class Runner:
    def __init__(self, var, port):
        self.var, self.port = var, port
        self.output = var.with_name("output")

    def start(self, **settings):
        env = {name: value for name, value in os.environ.items() if name in INHERITED}
        env |= {"VAR_DIR": str(self.var), "PORT": str(self.port), **settings}
        with self.output.open("wb") as output:
            command = [sys.executable, "-m", "dev.runner"]
            self.process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=output, stderr=output)

    def said(self):
        return self.output.read_text()

    def wait_until(self, text):
        deadline = time.monotonic() + PATIENCE
        while text not in self.said():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.1)

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        leftovers.stop(self.var)
        reset(self.var)


@pytest.fixture
def runner(tmp_path):
    runner = Runner(tmp_path / "var", four_free_ports())
    yield runner
    runner.end()


def answers(port, path="/"):
    try:
        with urlopen(f"http://localhost:{port}{path}", timeout=10) as answer:
            return answer.status
    except URLError as error:
        return getattr(error, "code", None)


def living(var):
    return [process for process in leftovers.find(var) if process.status() != psutil.STATUS_ZOMBIE]


def test_make_run_from_nothing_killed_started_again_and_stopped(runner):
    runner.start()
    runner.wait_until("Ctrl-C")
    block = runner.said().rpartition("EmailConcert is running")[2]
    for address in (f"http://localhost:{runner.port}/admin/", f"http://localhost:{runner.port + 2}"):
        assert address in block
    assert len(re.findall(r"sign in as \S+@\S+ with \S+", block)) == 2
    assert answers(runner.port, "/healthz") == 200
    assert answers(runner.port + 2) == 200
    assert answers(runner.port + 1) is not None

    os.kill(int((runner.var / "postgres" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    runner.wait_until("PostgreSQL was gone and has been started again")
    while answers(runner.port, "/readyz") != 200:
        assert runner.process.poll() is None, runner.said()
        time.sleep(0.2)

    runner.process.kill()
    runner.process.wait()
    assert living(runner.var)
    runner.start()
    runner.wait_until("Ctrl-C")
    assert "that an earlier run left behind" in runner.said()
    assert answers(runner.port, "/readyz") == 200

    began = time.monotonic()
    runner.process.send_signal(signal.SIGINT)
    assert runner.process.wait(30) == 0
    assert time.monotonic() - began < 15
    assert living(runner.var) == []
    assert answers(runner.port, "/healthz") is None


def test_a_bad_setting_is_a_sentence_and_leaves_nothing_running(runner):
    runner.start(SEND_RATE="lots")

    assert runner.process.wait(PATIENCE) == 1
    assert "SEND_RATE is 'lots', which is not a whole number. For example SEND_RATE=500." in runner.said()
    assert "Traceback" not in runner.said()
    assert not (runner.var / "postgres" / "postmaster.pid").exists()

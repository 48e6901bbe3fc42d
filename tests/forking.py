"""Processes of the product that tests kill: forked from one that has loaded it already, as loading takes two seconds."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection

_PARENT = """
import importlib, json, os, signal, sys, traceback
import django
django.setup()
module = importlib.import_module(sys.argv[1])
signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries them
for line in sys.stdin:
    pid = os.fork()
    if not pid:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(2, 1)
        try:
            module.main(*json.loads(line))
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)
    print(pid, flush=True)
"""


class Forked:
    """A running process."""

    def __init__(self, pid):
        self.pid = pid

    def runs(self):
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def wait(self, seconds=60):
        until = time.monotonic() + seconds
        while self.runs():
            assert time.monotonic() < until, f"process {self.pid} did not end"
            time.sleep(0.002)

    def kill(self):
        """Kill it as the kernel would, and wait until it is gone."""
        if self.runs():
            os.kill(self.pid, signal.SIGKILL)
        self.wait()


@contextmanager
def forking(module, **environment):
    """Yield a function that forks a process of the test's database, which calls `module.main` with what it is given."""
    url = urlsplit(settings.DATABASE_URL)._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, module],
        env={**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "emailconcert.settings", **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=settings.BASE_DIR,
        text=True,
    )
    children = []

    def fork(*arguments):
        parent.stdin.write(f"{json.dumps(arguments)}\n")
        parent.stdin.flush()
        children.append(Forked(int(parent.stdout.readline())))
        return children[-1]

    try:
        yield fork
    finally:
        for child in children:
            child.kill()
        parent.communicate(timeout=20)

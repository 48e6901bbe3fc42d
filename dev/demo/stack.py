"""Talking to a started stack: its commands, its mailbox, its tracking edge."""

import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any

from dev import places, plan, servers
from dev.places import ROOT
from dev.problems import Problem

PERSON = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Safari/605.1.15"
_NO_REDIRECTS = urllib.request.build_opener(
    type("Stay", (urllib.request.HTTPRedirectHandler,), {"redirect_request": lambda *_args, **_kwargs: None})
)


class Stack:
    """The stack that `make run` started with the same PORT and VAR_DIR."""

    def __init__(self) -> None:
        self.ports = plan.read_ports()
        var = places.var_dir()
        self.env = os.environ | plan.common_env(var=var, ports=self.ports, servers=servers.for_environment(var=var))
        self.mailbox = f"http://localhost:{self.ports.mailbox}"
        if not self._answers(f"{self.env['SITE_URL']}/healthz"):
            raise Problem(
                f"nothing answers at {self.env['SITE_URL']}: start it with `make run` in another terminal first."
            )

    @staticmethod
    def _answers(url: str) -> bool:
        try:
            with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310  # an address of our own
                return bool(response.status == 200)
        except OSError:
            return False

    def manage(self, *arguments: str) -> dict[str, Any]:
        """Run a command of manage.py with --json. Raises `Problem` with its last words if it fails."""
        command = [sys.executable, "manage.py", *arguments, "--json"]
        done = subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, check=False)
        if done.returncode:
            words = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
            raise Problem(f"manage.py {arguments[0]} failed: {words[-1]}")
        found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return found

    def messages(self, subject: str) -> list[dict[str, Any]]:
        """Return what the mailbox holds under a subject."""
        found: list[dict[str, Any]] = []
        while True:
            query = urllib.parse.urlencode({"subject": subject, "limit": 500, "offset": len(found)})
            page = self._json(f"{self.mailbox}/api/messages?{query}")
            found += page["messages"]
            if not page["messages"] or len(found) >= page["total"]:
                return found

    def source(self, message: dict[str, Any]) -> "Letter":
        """Return one message, taken apart."""
        return Letter(self._json(f"{self.mailbox}/api/messages/{message['id']}"))

    def _json(self, url: str) -> dict[str, Any]:
        with urllib.request.urlopen(url, timeout=30) as response:  # noqa: S310  # an address of our own
            found: dict[str, Any] = json.load(response)
        return found

    def visit(self, url: str, *, data: bytes | None = None, agent: str = PERSON) -> int:
        """Fetch an address as a person's browser would; return the status, redirects not followed."""
        request = urllib.request.Request(url, data=data, headers={"User-Agent": agent})  # noqa: S310  # from our mails
        try:
            with _NO_REDIRECTS.open(request, timeout=30) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            return error.code

    def wait_for(self, what: str, ready: Callable[[], bool], *, seconds: int = 120) -> None:
        """Return when `ready` says so. Raises `Problem` when it takes too long."""
        deadline = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > deadline:
                raise Problem(f"{what} took longer than {seconds} s; read the files in {places.var_dir() / 'log'}.")
            time.sleep(0.5)


class Letter:
    """One received message."""

    def __init__(self, message: dict[str, Any]) -> None:
        self.text: str = message["text"] or ""
        self.html: str = message["html"] or ""
        self.source: str = message["source"]

    def pixel(self) -> str:
        """Return the address of the tracking pixel."""
        return self._first(r'src="([^"]+/o/[^"]+)"', self.html)

    def link(self) -> str:
        """Return the address of the first tracked link."""
        return self._first(r'href="([^"]+/c/[^"]+)"', self.html)

    def one_click(self) -> str:
        """Return the https or http address of List-Unsubscribe. Source: RFC 8058 §3.1."""
        header = re.sub(r"\r?\n[ \t]+", " ", self.source)
        return self._first(r"(?im)^List-Unsubscribe:.*?<(http[^>]+)>", header)

    @staticmethod
    def _first(pattern: str, text: str) -> str:
        found = re.search(pattern, text)
        if found is None:
            raise Problem(f"a message has nothing that looks like {pattern}")
        return found.group(1).replace("&amp;", "&")

"""What `make run` runs: the settings every process gets, the processes, and the ports that they answer on."""

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from dev import leftovers
from dev.problems import Problem
from dev.servers import Servers

DEFAULT_PORT = 8000
LAST_PORT = 65_535 - 3
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Ports:
    """Four ports side by side, from the one setting PORT."""

    web: int

    @property
    def tracking(self) -> int:
        """The edge, where pixels, links and one-click unsubscribes arrive."""
        return self.web + 1

    @property
    def mailbox(self) -> int:
        """The local mailbox's web page."""
        return self.web + 2

    @property
    def smtp(self) -> int:
        """The local mailbox's mail server."""
        return self.web + 3


@dataclass(frozen=True)
class Part:
    """One process: its name, its command, its settings beside the common ones, and the ports it must answer on."""

    name: str
    command: list[str]
    env: dict[str, str] = field(default_factory=dict)
    ports: dict[int, str] = field(default_factory=dict)


def read_ports() -> Ports:
    """Return the ports that PORT asks for. Raises `Problem` when it is no usable number."""
    text = os.environ.get("PORT", "").strip() or str(DEFAULT_PORT)
    if not text.isdigit() or not 1024 <= int(text) <= LAST_PORT:
        raise Problem(f"PORT is {text!r}: write a number from 1024 to {LAST_PORT}, for example PORT={DEFAULT_PORT}.")
    return Ports(int(text))


def common_env(*, var: Path, ports: Ports, servers: Servers) -> dict[str, str]:
    """Return the environment of all parts: what the person set wins over what is derived here."""
    derived = servers.env() | {
        "SITE_URL": f"http://localhost:{ports.web}",
        "CONTENT_URL": f"http://{LOOPBACK}:{ports.web}",
        "TRACKING_URL": f"http://localhost:{ports.tracking}",
        "EMAIL_URL": f"smtp://{LOOPBACK}:{ports.smtp}",
        "DEMO": "yes",
        "PYTHONUNBUFFERED": "1",
        "DJANGO_SETTINGS_MODULE": "emailconcert.settings",
    }
    given = {name: value for name, value in os.environ.items() if value.strip()}
    if "DATABASE_URL" in given and "DATABASE_OWNER_URL" not in given:
        given |= database_urls(given["DATABASE_URL"], servers.secrets)
    fixed = {"PORT": str(ports.web), "VAR_DIR": str(var), leftovers.MARK: str(var)}
    return derived | given | fixed


def database_urls(url: str, secrets: dict[str, str]) -> dict[str, str]:
    """Return the three database settings when only one URL was given: it is the owner's, the other roles get made."""
    owner = urlsplit(url)
    place = owner.netloc.rpartition("@")[2]

    def for_role(role: str, password: str) -> str:
        return owner._replace(netloc=f"{role}:{password}@{place}").geturl()

    return {
        "DATABASE_OWNER_URL": url,
        "DATABASE_URL": for_role("ec_app", secrets["APP_PASSWORD"]),
        "EDGE_DATABASE_URL": for_role("ec_edge", secrets["EDGE_PASSWORD"]),
    }


def parts(*, var: Path, ports: Ports) -> list[Part]:
    """Return every process of the product, in the order of their start."""
    python = [sys.executable, "-m"]
    granian = [*python, "granian", "--host", LOOPBACK, "--workers", "1", "--no-ws", "--log-level", "warning"]
    celery = [*python, "celery", "-A", "emailconcert"]
    worker = [*celery, "worker", "--pool", "prefork", "--without-gossip", "--without-mingle", "--loglevel", "info"]
    return [
        Part(
            "mailbox",
            [*python, "dev.mailbox", str(var / "mailbox"), str(ports.mailbox), str(ports.smtp)],
            ports={ports.mailbox: "the mailbox's page", ports.smtp: "the mailbox's mail server"},
        ),
        Part(
            "web",
            [*granian, "--port", str(ports.web), "--interface", "wsgi", "emailconcert.wsgi:application"],
            # Detailed error pages and the component gallery, for whoever looks at it on their own machine.
            env={"DEBUG": os.environ.get("DEBUG", "") or "yes"},
            ports={ports.web: "the application"},
        ),
        Part(
            "tracking",
            [*granian, "--port", str(ports.tracking), "--interface", "asgi", "tracking.edge.app:app"],
            ports={ports.tracking: "the tracking edge"},
        ),
        # Sending has workers of its own: a long campaign must not keep mails, imports and events waiting.
        Part("worker", [*worker, "--queues", "default", "--concurrency", "2", "--hostname", "worker@%h"]),
        Part("sender", [*worker, "--queues", "urgent,sending", "--concurrency", "2", "--hostname", "sender@%h"]),
        Part(
            "scheduler",
            [*celery, "beat", "--schedule", str(var / "beat" / "schedule"), "--pidfile", "", "--loglevel", "warning"],
        ),
    ]

"""`make run`: the whole product on one machine, from nothing to a block that says where to look."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from dev import leftovers, local, places, plan, servers
from dev.places import ROOT
from dev.plan import LOOPBACK, Part, Ports
from dev.problems import Problem
from dev.supervisor import Supervisor

READY_SECONDS = 60


def say(text: str) -> None:
    """Show one line of progress."""
    print(f"  {text}", flush=True)


def refuse_taken_ports(parts: Sequence[Part], ports: Ports) -> None:
    """Raise `Problem` naming the first port that something else answers on."""
    for port, what in sorted(item for part in parts for item in part.ports.items()):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError as error:
                raise Problem(
                    f"Port {port}, wanted for {what}, is taken: stop what uses it, or choose four free ports in a row, "
                    f"for example make run PORT={ports.web + 100}."
                ) from error


def manage(env: Mapping[str, str], *arguments: str) -> str:
    """Run a command of manage.py and return what it printed. Raises `Problem` with its own last words if it fails."""
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    log_path = Path(env["VAR_DIR"]) / "log" / "manage.log"
    with log_path.open("a") as log:
        log.write(f"$ manage.py {' '.join(arguments)}\n{done.stdout}{done.stderr}\n")
    if done.returncode:
        last = ([line for line in (done.stderr or done.stdout).splitlines() if line.strip()] or ["no reason given"])[-1]
        raise Problem(
            f"{last.removeprefix('manage.py: ')}\n(`manage.py {arguments[0]}` failed; all it said is in {log_path})"
        )
    return done.stdout


def prepare(env: Mapping[str, str], var: Path) -> dict[str, Any]:
    """Bring the database up to date and load the demo account; return the demo's sign-ins.

    `load_demo --json` prints, last, one line: {"owner": {"email", "password"}, "dpo": {"email", "password", "code_hint"}},
    where the hint (optional) tells how to come by the DPO's one-time code.
    """
    for name in ("beat", "log", "mailbox"):
        places.make_folder(var / name)
    say("Preparing the database")
    manage(env, "create_roles")
    manage(env, "migrate", "--no-input")
    say("Loading the demo account")
    lines = manage(env, "load_demo", "--json").strip().splitlines()
    found: dict[str, Any] = json.loads(lines[-1])
    return found


def wait_until_ready(supervisor: Supervisor, parts: Sequence[Part]) -> None:
    """Return when every port answers. Raises `Problem` when a part ends or keeps silent."""
    deadline = time.monotonic() + READY_SECONDS
    for port, what in (item for part in parts for item in part.ports.items()):
        while not supervisor.stop_asked:
            supervisor.check()
            with suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
                break
            if time.monotonic() > deadline:
                raise Problem(f"Port {port}, {what}, does not answer: read the files in {places.var_dir() / 'log'}.")
            time.sleep(0.1)


def block(*, env: Mapping[str, str], ports: Ports, demo: Mapping[str, Any], var: Path) -> str:
    """Return what a newcomer needs to know, as one readable block."""
    owner, officer = demo["owner"], demo["dpo"]
    local = env["EMAIL_URL"] == f"smtp://{LOOPBACK}:{ports.smtp}"
    mail = f"http://localhost:{ports.mailbox}" if local else f"{env['EMAIL_URL'].rpartition('@')[2]} (EMAIL_URL)"
    rows = [
        ("Application", env["SITE_URL"]),
        ("", f"sign in as {owner['email']} with {owner['password']}"),
        ("DPO's admin", f"{env['SITE_URL']}/admin/"),
        ("", f"sign in as {officer['email']} with {officer['password']}"),
        *((("", f"its one-time code: {officer['code_hint']}"),) if officer.get("code_hint") else ()),
        ("Mail lands in", mail),
        ("Tracking", env["TRACKING_URL"]),
        ("Logs, data", str(var)),
        ("Stop", "Ctrl-C"),
    ]
    line = "─" * 72
    text = "\n".join(f"  {name:<15}{value}" for name, value in rows)
    return f"\n{line}\n  EmailConcert is running\n\n{text}\n{line}"


@contextmanager
def embedded_servers(var: Path) -> Iterator[servers.Servers]:
    """Have the servers that no URL was given for, for as long as the block runs."""
    embedded = servers.for_environment(var=var)
    say("Starting PostgreSQL and Redis")
    try:
        embedded.start()
        yield embedded
    finally:
        embedded.stop()


def revive(embedded: servers.Servers) -> None:
    """Start a server again that was killed; the parts connect to it again by themselves."""
    for name in embedded.revive():
        say(f"{name} was gone and has been started again")


def interrupt(*_: object) -> None:
    """Take SIGTERM like Ctrl-C while things are being prepared, so that the servers are stopped then as well."""
    raise KeyboardInterrupt


def run() -> None:
    """Run the product until Ctrl-C. Raises `Problem` when it cannot start, or when a part of it ends."""
    ports = plan.read_ports()
    var = places.make_folder(places.var_dir())
    with leftovers.only_runner(var):
        if count := leftovers.stop(var):
            say(f"Stopped {count} processes that an earlier run left behind")
        parts = plan.parts(var=var, ports=ports)
        refuse_taken_ports(parts, ports)
        with embedded_servers(var) as embedded:
            env = plan.common_env(var=var, ports=ports, servers=embedded)
            local.remember(env, var=var)
            demo = prepare(env, var)
            supervisor = Supervisor(var=var, env=env)
            supervisor.heed_signals()
            try:
                say("Starting web, tracking, worker, scheduler and mailbox")
                supervisor.start(parts)
                wait_until_ready(supervisor, parts)
                if not supervisor.stop_asked:
                    print(block(env=env, ports=ports, demo=demo, var=var), flush=True)
                supervisor.wait(lambda: revive(embedded))
                print("\n  Stopping …", flush=True)
            finally:
                supervisor.stop()


if __name__ == "__main__":
    os.chdir(ROOT)
    signal.signal(signal.SIGTERM, interrupt)
    try:
        run()
    except Problem as problem:
        sys.exit(f"\n{problem}")
    except KeyboardInterrupt:
        sys.exit("\n  Stopped.")

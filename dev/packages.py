"""Install the pinned Python packages: by uv, in a fifth of the time that pip takes, or by pip where uv can not.

Only the standard library is there when this runs.
"""

import ast
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from dev.problems import Problem

ADVICE = "The Python packages could not be installed: check the network, then start again."
# Where pip was told to find packages, in uv's words.
UV_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
    "trusted-host": "UV_INSECURE_HOST",
    "no-index": "UV_NO_INDEX",
    "proxy": "ALL_PROXY",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "timeout": "UV_HTTP_TIMEOUT",
}
_SETTING = re.compile(r"(global|install|:env:)\.([\w-]+)=('.*')")

Run = Callable[..., None]


def pins_of(text: str, name: str) -> str:
    """Return the lines of a requirements file that pin one package."""
    found = re.search(rf"^{re.escape(name)}==.*(?:\n[ \t].*)*", text, re.MULTILINE)
    if found is None:
        raise Problem(f"requirements/dev.txt does not pin {name}: run `make lock`.")
    return found.group() + "\n"


def uv_settings(listing: str) -> dict[str, str]:
    """Return as uv's environment what `pip config list` says of where packages are found; nearer settings win."""
    said = _SETTING.findall(listing)
    found: dict[str, str] = {"UV_INDEX_STRATEGY": "unsafe-best-match"}  # pip looks everywhere, too
    for level in ("global", "install", ":env:"):
        for name, value in ((name, ast.literal_eval(text)) for where, name, text in said if where == level):
            if name not in UV_NAMES:
                continue
            words = value.split()
            if name == "find-links":  # pip passes over folders that are not there
                words = [word for word in words if "://" in word or Path(word).exists()]
            if words:
                found[UV_NAMES[name]] = ("," if name == "find-links" else " ").join(words)
    return found


def _pip(python: Path, *arguments: str) -> list[str]:
    quiet = ["--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    return [str(python), "-m", "pip", "install", "--require-hashes", *quiet, *arguments]


def _by_uv(python: Path, requirements: Path, *, run: Run, say: Callable[[str], None]) -> None:
    """Fetch uv by pip and everything else by uv; bytecode is made of what is imported, when it is."""
    pins = python.parent.parent / "uv.txt"
    pins.write_text(pins_of(requirements.read_text(), "uv"))
    run(_pip(python, "--no-deps", "-r", str(pins)), advice=ADVICE)
    asked = [str(python), "-m", "pip", "config", "list"]
    listing = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    command = [str(python.with_name("uv")), "pip", "install", "--python", str(python), "--require-hashes"]
    run(
        [*command, "--no-config", "-r", str(requirements)],
        env={**uv_settings(listing), **os.environ},
        each_line=lambda line: say(f"  {line.strip()}") if line.startswith(("Prepared", "Installed")) else None,
        advice=ADVICE,
    )


def install(
    python: Path,
    requirements: Path,
    *,
    run: Run,
    say: Callable[[str], None],
    each_line: Callable[[str], None],
) -> None:
    """Install a file of pinned packages into a virtual environment. Raises `Problem` when neither way works."""
    try:
        _by_uv(python, requirements, run=run, say=say)
    except (Problem, OSError):
        say("  uv could not do it; pip can, in a minute or two")
        run(_pip(python, "-r", str(requirements)), each_line=each_line, advice=ADVICE)

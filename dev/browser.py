"""Find a Chromium for the browser tests, or install one where that may be done."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import partial

# The headless shell first: it is the same engine without the windows, tabs and menus that nobody looks at.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGES = ("chromium-headless-shell", "chromium")
INSTALL_SECONDS = 300


def find_chromium() -> str | None:
    """Return the path of a Chromium or Chrome on PATH, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def install_chromium() -> str | None:
    """Install Debian's Chromium when root may do so; return its path, or None when that was not possible."""
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        return None
    run = partial(_succeeds, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"})
    if run([apt, "update", "-q"]):
        any(run([apt, "install", "-q", "-y", "--no-install-recommends", package]) for package in PACKAGES)
    return find_chromium()


def _succeeds(command: Sequence[str], *, env: Mapping[str, str]) -> bool:
    try:
        done = subprocess.run(command, env=env, capture_output=True, check=False, timeout=INSTALL_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return not done.returncode

"""Find a Chromium for the browser tests, or install one where that may be done."""

import os
import shutil
import subprocess

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
INSTALL_SECONDS = 300


def find_chromium() -> str | None:
    """Return the path of a Chromium or Chrome on PATH, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def install_chromium() -> str | None:
    """Install Debian's Chromium when root may do so; return its path, or None when that was not possible."""
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        return None
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", "chromium"]):
        try:
            done = subprocess.run([apt, *arguments], env=env, capture_output=True, check=False, timeout=INSTALL_SECONDS)
        except subprocess.TimeoutExpired:
            return None
        if done.returncode:
            return None
    return find_chromium()

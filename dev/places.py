"""Where things lie: the checkout, the folder for everything that is made while running, its sockets."""

import hashlib
import os
import stat
import tempfile
from pathlib import Path

from dev.problems import Problem

ROOT = Path(__file__).resolve().parent.parent

# The kernel keeps a socket's path in 108 bytes with the closing zero (Linux; macOS has 104).
SOCKET_PATH_LIMIT = 103
LONGEST_SOCKET_NAME = ".s.PGSQL.5432.lock"


def var_dir() -> Path:
    """Return the absolute folder of everything made while running: `VAR_DIR`, or `var` in the checkout."""
    return (ROOT / (os.environ.get("VAR_DIR", "").strip() or "var")).resolve()


def make_folder(folder: Path, *, mode: int = 0o755) -> Path:
    """Create `folder` with its parents and return it. Raises `Problem` when that is not permitted."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=mode)
    except OSError as error:
        raise Problem(
            f"The folder {folder} cannot be made ({error.strerror}): set VAR_DIR to a folder you may write to."
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Problem(f"The folder {folder} is read-only: make it writable, or set VAR_DIR to another one.")
    return folder


def socket_dir(var: Path) -> Path:
    """Return a folder for sockets of the servers under `var`, short enough for the kernel.

    It is `var/sockets`, or when that is too long a private folder in the system's temporary one,
    named after `var` so that two checkouts never meet.
    """
    inside = var / "sockets"
    if len(os.fsencode(inside / LONGEST_SOCKET_NAME)) <= SOCKET_PATH_LIMIT:
        return make_folder(inside, mode=0o700)
    digest = hashlib.sha256(os.fsencode(var)).hexdigest()[:12]
    outside = Path(tempfile.gettempdir()) / f"emailconcert-{os.getuid()}-{digest}"
    outside.mkdir(mode=0o700, exist_ok=True)
    found = outside.lstat()
    if not stat.S_ISDIR(found.st_mode) or stat.S_IMODE(found.st_mode) & 0o077:
        raise Problem(f"{outside} is not a private folder of yours: remove it, then start again.")
    return outside

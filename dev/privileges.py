"""PostgreSQL refuses to run as root, so there its programs run as `nobody`.

A checkout often lies where `nobody` may not look (/root, a private home). Rather than opening those folders
to everybody, the child keeps one capability: to read and search what root may, or where a container
does not hand that one out, to override permissions.
"""

import ctypes
import os
import pwd
import sys
from collections.abc import Callable
from pathlib import Path

CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2
CAPABILITY_VERSION_3 = 0x20080522
PR_SET_KEEPCAPS = 8
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2


def _unprivileged() -> pwd.struct_passwd:
    return pwd.getpwnam("nobody")


def give(path: Path) -> None:
    """Make `path` the unprivileged user's own when running as root; nothing to do otherwise."""
    if os.geteuid() == 0:
        user = _unprivileged()
        os.chown(path, user.pw_uid, user.pw_gid)


def dropper() -> Callable[[], None] | None:
    """Return what a child calls before it runs a PostgreSQL program, or None when not root."""
    if os.geteuid() != 0:
        return None
    user = _unprivileged()
    keep = _keeper() if sys.platform == "linux" else None

    def drop() -> None:
        os.setgroups([])
        os.setgid(user.pw_gid)
        if keep is None:
            os.setuid(user.pw_uid)
        else:
            keep(user.pw_uid)

    return drop


def _keeper() -> Callable[[int], None]:
    """Return what changes to a user but keeps the one capability; all is prepared before the fork."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    wanted = [
        (capability, (ctypes.c_uint32 * 6)(*[1 << capability] * 3, 0, 0, 0))
        for capability in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE)
    ]

    def keep(uid: int) -> None:
        libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
        os.setuid(uid)
        # With neither capability the folders themselves have to be open.
        for capability, sets in wanted:
            if libc.capset(header, sets) == 0:
                libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0)
                return

    return keep

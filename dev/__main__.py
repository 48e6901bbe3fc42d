"""`python3 -m dev COMMAND`: the door that every Python can open, to be sent on to one that is new enough.

This file keeps to what Python 2.7 and 3.0 can parse; all that follows needs 3.11.
"""
# Old Pythons know no annotations, f-strings, paths or unpacking.
# mypy: allow-untyped-defs, allow-untyped-calls
# ruff: noqa: PTH118, UP031, PLC0415, RUF005, S606

import os
import sys

NEEDED = (3, 11)


def newer_pythons():
    """Yield the paths of Pythons that are new enough, by their names on PATH."""
    for minor in (14, 13, 12, 11):
        for folder in os.environ.get("PATH", "").split(os.pathsep):
            path = os.path.join(folder, "python3.%d" % minor)
            if os.access(path, os.X_OK):
                yield path


def main():
    """Hand over to a Python that is new enough, or say what to install."""
    if sys.version_info[:2] >= NEEDED:
        from dev.setup import main as setup_main

        sys.exit(setup_main(sys.argv[1:]))
    for path in newer_pythons():
        os.execv(path, [path, "-m", "dev"] + sys.argv[1:])
    sys.exit(
        "EmailConcert needs Python %d.%d or newer and found only %d.%d: install it, or name one with `make PYTHON=...`."
        % (NEEDED + tuple(sys.version_info[:2]))
    )


if __name__ == "__main__":
    main()

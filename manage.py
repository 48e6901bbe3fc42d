#!/usr/bin/env python
"""Run the commands of EmailConcert."""

import os
import sys
from contextlib import suppress


def main() -> None:
    """Run one command; a bad setting is a sentence, not a traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "emailconcert.settings")
    with suppress(ImportError):  # production has no `dev`, and settings of its own
        from dev import local

        local.adopt()
    from django.core.management import execute_from_command_line

    from emailconcert.lib.env import BadSetting

    try:
        execute_from_command_line(sys.argv)
    except BadSetting as error:
        sys.exit(f"manage.py: {error}")


if __name__ == "__main__":
    main()

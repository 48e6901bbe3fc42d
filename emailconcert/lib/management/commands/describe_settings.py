"""Write the table of settings from their own declarations."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from emailconcert.lib.env import Declaration, declared


class Command(BaseCommand):
    """docs/configuration.md is its output; a test compares the two."""

    help = "Print every setting with its kind, default and meaning, as Markdown or JSON."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the form of the output."""
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print."""
        if options["json"]:
            self.stdout.write(json.dumps([asdict(each) for each in declared().values()], indent=2))
        else:
            self.stdout.write(configuration_page(), ending="")


def configuration_page() -> str:
    """Return docs/configuration.md."""
    rows = "\n".join(_row(each) for each in declared().values())
    return f"""# Configuration

Settings come from the environment. A missing or bad one stops the start with a sentence that says what to write.
`make run` makes every key itself, under `var/`; in production they come from you. This page is written by
`manage.py describe_settings`.

| setting | kind | default | meaning |
|---|---|---|---|
{rows}
"""


def _row(setting: Declaration) -> str:
    default = "*secret*" if setting.secret else f"`{setting.default}`" if setting.default else "–"
    return f"| `{setting.name}` | {setting.kind.replace('|', '·')} | {default} | {setting.help.replace('|', '·')} |"

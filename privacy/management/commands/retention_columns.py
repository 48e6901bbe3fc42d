"""Print the columns that the retention schedule does not classify yet."""

from typing import Any

from django.core.management.base import BaseCommand

from privacy.checks import columns_in_models, schedule


class Command(BaseCommand):
    """Prints YAML to paste into privacy/retention.yaml; fails while anything is missing."""

    help = "Print the columns of our models that privacy/retention.yaml does not classify yet."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Print, and exit with 1 where something is missing."""
        tables = schedule()["tables"]
        missing = 0
        for table, columns in columns_in_models().items():
            known = tables.get(table, {}).get("columns", {})
            new = [each for each in columns if each not in known]
            if new:
                missing += len(new)
                self.stdout.write(f"  {table}:\n    class:\n    columns:")
                for each in new:
                    self.stdout.write(f"      {each}: TODO")
        self.stderr.write(f"{missing} columns are not classified.")
        if missing:
            raise SystemExit(1)

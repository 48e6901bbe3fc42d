"""Look at a domain's DNS records."""

from argparse import ArgumentParser
from typing import Any

import orjson
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from delivery.records.finding import State
from delivery.records.lookup import DnsResolver
from delivery.services import domain_reports
from emailconcert.lib import addresses

_CODES = {State.MATCHES: 0, State.FAILED: 2}


class Command(BaseCommand):
    """`manage.py check_domain NAME --json`: 0 all needed records match, 1 one does not, 2 nobody could say."""

    help = (
        "Look at a domain's DNS records, expected beside found. A domain of an account is compared with its keys; any other"
        " name with what every domain needs. Exit code: 0 what is needed matches, 1 it does not, 2 it could not be looked up."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the name."""
        parser.add_argument("name", help="The domain, such as shop.example.com.")
        parser.add_argument("--account", type=int, help="Only this account's, where several have the domain.")
        parser.add_argument(
            "--server", action="append", metavar="ADDRESS[:PORT]", help="Ask this name server (DNS_SERVERS otherwise)."
        )
        parser.add_argument(
            "--json", action="store_true", help="Print JSON: an object, or a list where several have it."
        )

    def handle(self, **options: Any) -> None:
        """Look, print, and leave with the code."""
        try:
            name = addresses.domain_of(addresses.normalise(f"x@{options['name'].strip().strip('.')}"))
            resolver = DnsResolver(options["server"] or settings.DNS_SERVERS)
        except (addresses.BadAddress, ValueError) as error:
            raise CommandError(f"{options['name']}: {error}", returncode=2) from None
        found = domain_reports.report(name=name, resolver=resolver, account_id=options["account"])
        if options["json"]:
            shown = [each.as_json() for each in found]
            text = orjson.dumps(shown[0] if len(shown) == 1 else shown, option=orjson.OPT_INDENT_2)
            self.stdout.write(text.decode())
        else:
            self._print(found)
        code = max((_CODES.get(each.state, 1) for each in found), key=[0, 2, 1].index)
        if code:
            raise SystemExit(code)

    def _print(self, found: list[domain_reports.Report]) -> None:
        for report in found:
            owner = f"account {report.account}" if report.account else "no account's"
            self.stdout.write(f"{report.name} (zone {report.zone}, {owner}): {report.state.value}")
            for record, finding in report.records:
                optional = "" if record.needed else " (optional)"
                self.stdout.write(f"\n  {finding.state.value:8} {record.kind:5} {record.name}{optional}")
                self.stdout.write(f"           expected {record.value or 'any that is sound'}")
                for text in finding.found:
                    self.stdout.write(f"           found    {text}")
                if finding.words:
                    self.stdout.write(f"           {finding.words}")

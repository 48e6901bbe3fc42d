"""Compile a mail from a file, without touching the database."""

import sys
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

import orjson
from django.core.management.base import BaseCommand, CommandError
from liquid.exceptions import LiquidError

from delivery.content import compiling
from delivery.content.liquid import sentence
from delivery.content.problems import CannotCompile, Problem
from delivery.content.program import Program
from delivery.services.compiling import CONTACT_FIELDS, urls

_ACCOUNT = {"account": {"name": "Harbour Bakery", "postal_address": "1 Quay Street\nGalway"}}
_NO_TOKEN = "test"  # noqa: S105  # no secret: it stands where a message's token would


class Command(BaseCommand):
    """`manage.py compile_content FILE --kind mjml --json`: HTML, text, links and problems; exit code 1 tells of problems."""

    help = __doc__
    requires_system_checks: ClassVar[list[str]] = []  # type: ignore[misc]  # some checks ask the database

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file and how it is written."""
        parser.add_argument("file", help="The source; - reads standard input.")
        parser.add_argument("--kind", choices=compiling.KINDS, required=True, help="How it is written.")
        parser.add_argument("--subject", default="No subject", help="The subject, which may hold Liquid.")
        parser.add_argument("--preheader", default="", help="The line after the subject.")
        parser.add_argument("--text", default="", metavar="FILE", help="An own text part.")
        parser.add_argument(
            "--contact", default="{}", metavar="JSON", help='Whom it is filled for: {"first_name": "Bo"}.'
        )
        parser.add_argument(
            "--field", action="append", default=[], metavar="NAME", help="An own field that contacts have."
        )
        parser.add_argument("--json", action="store_true", help="Print one JSON object instead of the HTML.")

    def handle(self, **options: Any) -> None:
        """Print what came out; leave with 1 where there are problems."""
        contact = _read_contact(options["contact"])
        known = compiling.known_names(frozenset({*CONTACT_FIELDS, *contact, *options["field"]}))
        made: dict[str, Any] = {"subject": "", "html": "", "text": "", "links": [], "notes": []}
        problems: list[Problem] = []
        try:
            made |= _compile(options, contact, known)
        except CannotCompile as error:
            problems = error.problems
        except LiquidError as error:
            problems = [Problem(sentence(error))]
        if options["json"]:
            shown = made | {"problems": [asdict(each) for each in problems]}
            self.stdout.write(orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode())
        else:
            self.stdout.write(made["html"])
            self.stderr.write("\n".join(str(each) for each in problems))
        if problems:
            sys.exit(1)


def _compile(options: dict[str, Any], contact: dict[str, Any], known: frozenset[str]) -> dict[str, Any]:
    written = {
        "kind": options["kind"],
        "source": _read(options["file"]),
        "subject": options["subject"],
        "preheader": options["preheader"],
        "text": _read(options["text"]) if options["text"] else "",
    }
    counted = compiling.compile_content(**written, known_fields=known)
    plain = compiling.compile_content(**written, known_fields=known, tracks_clicks=False, tracks_opens=False)
    program = Program.load(plain.sources(), urls=urls(), constants=_ACCOUNT)
    filled = {
        name: getattr(program, name).render({"contact": contact}, _NO_TOKEN) for name in ("subject", "html", "text")
    }
    return filled | {"links": list(counted.links), "notes": [asdict(each) for each in counted.notes]}


def _read(name: str) -> str:
    try:
        raw = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        return raw.decode()
    except OSError as error:
        raise CommandError(f"{name} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise CommandError(f"{name} is not UTF-8: byte {error.start} can't be read.") from None


def _read_contact(text: str) -> dict[str, Any]:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise CommandError(f"--contact is not JSON: {error}.") from None
    if not isinstance(found, dict):
        raise CommandError('--contact has to be an object, such as {"first_name": "Bo"}.')
    return found

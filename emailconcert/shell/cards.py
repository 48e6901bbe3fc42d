"""Tables that become cards on a phone: each cell learns the name of its column, and roles that survive `display`."""

import re

from django.utils.html import strip_tags
from django.utils.safestring import SafeString

_PART = re.compile(r"<(thead|tbody|tr)\b(?![^>]*\brole=)")
_CELL = re.compile(r"<(th|td)\b([^>]*)>(.*?)</\1>", re.DOTALL)
_UNSPOKEN = "visually-hidden"
_FEWEST = 3
_ROLES = {"thead": "rowgroup", "tbody": "rowgroup", "tr": "row"}


def as_cards(content: str) -> SafeString:
    """Write `data-label` and roles into `<thead>…</thead><tbody>…</tbody>` as the template rendered it."""
    labels = ["" if _UNSPOKEN in head else strip_tags(head).strip() for head in _heads(content)]
    head, body = _split(content)
    rows = "</tr>".join(_row(row, labels) for row in body.split("</tr>"))
    named = _CELL.sub(r'<\1\2 role="columnheader">\3</\1>', head) + rows
    # Trusted: it is what the template rendered and escaped; labels are taken from it as they stand, quotes apart.
    return SafeString(_PART.sub(lambda part: f'{part[0]} role="{_ROLES[part[1]]}"', named))


def is_wide(content: str) -> bool:
    """Tell whether a rendered table has more columns than a phone can hold."""
    return len(_heads(content)) >= _FEWEST


def _split(content: str) -> tuple[str, str]:
    head, tag, body = content.partition("<tbody")
    return head, tag + body


def _heads(content: str) -> list[str]:
    return [cell[3] for cell in _CELL.finditer(_split(content)[0])]


def _row(row: str, labels: list[str]) -> str:
    numbers = iter(range(len(labels)))

    def write(cell: re.Match[str]) -> str:
        tag, attributes, inner = cell.groups()
        column = next(numbers, None)
        label = labels[column].replace('"', "&quot;") if column is not None else ""
        role = "rowheader" if tag == "th" else "cell"
        named = f' data-label="{label}"' if label else ""
        blank = "" if inner.strip() else " data-blank"
        return f'<{tag}{attributes} role="{role}"{named}{blank}>{inner}</{tag}>'

    return _CELL.sub(write, row)

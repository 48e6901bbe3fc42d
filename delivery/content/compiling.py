"""From an owner's text to finished sources: subject, HTML and text, all still Liquid, with links taken out.

The order: set Liquid aside, Markdown to HTML, clean, number the links, inline the style sheet, make the text part, put
Liquid back. What goes wrong is said with line and column of the owner's own text.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from itertools import zip_longest

import css_inline
from liquid.exceptions import LiquidError
from markdown_it import MarkdownIt

from delivery.content import layout, liquid, mjml, rich
from delivery.content.html import MAX_HTML, MAX_LINKS, MAX_STYLE_WEIGHT, Cleaned, clean
from delivery.content.placeholders import SetAside
from delivery.content.problems import CannotCompile, Problem
from delivery.content.program import CLICK, OPEN, TOLD, URL_NAMES
from delivery.content.reading import as_text

KINDS = ("markdown", "rich", "html", "mjml", "visual")
IN_LAYOUT = ("markdown", "rich")
MAX_SUBJECT = 500
MAX_MARKDOWN, MAX_MARKS = 100_000, 5_000
_INLINER = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False, keep_link_tags=False)
_MARKDOWN = MarkdownIt("commonmark", {"html": True, "linkify": False}).enable(["table", "strikethrough"])
_OURS = ("account.name", "account.postal_address", *(f"campaign.{name}" for name in ("name", "date", *TOLD)))
_PIXEL = f'<img src="{{{{ {OPEN} }}}}" width="1" height="1" alt="" style="display:block;border:0;">'
_ADDRESS = re.compile(r"https?://[^\s<>()\[\]\"']+", re.IGNORECASE)
_BORROWED = re.compile(r"https?://(www\.mailjet\.com|i\.imgur\.com)/")
_NUMBERED = re.compile(r"eclink(?<!\weclink)(\d+)x\b")  # what begins with a letter is looked for far faster than \b
# What looks like Liquid while all Liquid is set aside was written as entities, to be read and not to be run.
_BRACES = re.compile(r"\{(?=[{%])")
_BODY = re.compile(r"<body\b[^>]*>", re.IGNORECASE)


@dataclass(frozen=True)
class Compiled:
    """Finished sources, Liquid still in them; `links[n - 1]` is where link number n leads."""

    subject: str
    html: str
    text: str
    links: tuple[str, ...]
    notes: tuple[Problem, ...]

    def sources(self) -> dict[str, str]:
        """Return what a program is loaded from."""
        return {"subject": self.subject, "html": self.html, "text": self.text}


def compile_content(
    *,
    kind: str,
    source: str,
    subject: str,
    preheader: str = "",
    text: str = "",
    known_fields: frozenset[str] | None = None,
    tracks_clicks: bool = True,
    tracks_opens: bool = True,
) -> Compiled:
    """Compile what an owner wrote. Raises `CannotCompile` with every problem found.

    `known_fields` are the names that may be used (`contact.first_name`, `account.name`), None for any.
    Without `tracks_clicks` no link is numbered, without `tracks_opens` there is no pixel.
    """
    if kind == "rich":
        source = rich.plain_liquid(source)
    elif kind == "visual":
        kind = "mjml"
    problems = _check({"subject": subject, "preheader": preheader, "body": source, "text": text}, known_fields)
    if problems:
        raise CannotCompile(_shown(kind, problems))
    aside = SetAside(source)
    cleaned = _cleaned(kind, aside, has_piece=aside.has_piece if tracks_clicks else _never_counted)
    problems = cleaned.problems
    if problems:
        raise CannotCompile(_shown(kind, problems))
    inlined = _inline(cleaned)
    problems = _lost(aside, inlined)
    if problems:
        raise CannotCompile(problems)
    notes = _notes(kind, cleaned.notes) + (_borrowed(source, inlined) if kind == "mjml" else [])
    links = cleaned.links
    own = _own_text(text, links if tracks_clicks else None)
    return _finish(aside, inlined, links, notes, subject=subject, preheader=preheader, text=own, pixel=tracks_opens)


def _cleaned(kind: str, aside: SetAside, *, has_piece: Callable[[str], bool]) -> Cleaned:
    """Return the clean HTML of a source; the places of what is wrong in it are those of HTML that its owner wrote."""
    html = _to_html(kind, aside)
    if kind in IN_LAYOUT:
        html = layout.wrap(html)
    misplaced: list[Problem] = []
    place = aside.place if kind == "html" else _nowhere
    cleaned = clean(html, link=_link, has_piece=has_piece, tokens=aside.settled(html, misplaced), place=place)
    cleaned.problems[:0] = misplaced
    return cleaned


def _to_html(kind: str, aside: SetAside) -> str:
    if kind == "markdown":
        return markdown_to_html(aside)
    if kind == "rich":
        return rich.clean(aside.text)
    if kind == "mjml":
        made = mjml.to_html(aside.text, place=aside.place, pieces=aside.numbers, at_piece=aside.place_of)
        if not isinstance(made, str):
            raise CannotCompile(made)
        return made
    return aside.text


def markdown_to_html(aside: SetAside) -> str:
    """Return the HTML of Markdown, with words where its Liquid stood. Raises `CannotCompile`."""
    marks = sum(aside.text.count(each) for each in "[|")
    if len(aside.text) > MAX_MARKDOWN or marks > MAX_MARKS:
        raise CannotCompile(
            [Problem(f"Markdown has at most {MAX_MARKDOWN:,} characters, and {MAX_MARKS:,} cells and links.")]
        )
    return str(_MARKDOWN.render(aside.lone_tags_as_comments()))


def _shown(kind: str, problems: list[Problem]) -> list[Problem]:
    """Return problems as the owner can find them: rich text shows no lines."""
    if kind != "rich":
        return problems
    return [Problem(each.message) if each.part == "body" else each for each in problems]


def _borrowed(source: str, html: str) -> list[Problem]:
    """Return a note for the hosts of the icons that MJML itself puts in where a mail has none of its own."""
    hosts = sorted(set(_BORROWED.findall(html.lower())) - set(_BORROWED.findall(source.lower())))
    said = "Icons are shown from {}, which learns who opens the mail. Give social links, accordions and carousels icons of your own ({})."
    return [Problem(said.format(" and ".join(hosts), "src, icon-wrapped-url, left-icon …"))] if hosts else []


def _notes(kind: str, notes: list[Problem]) -> list[Problem]:
    """Return what was found in the HTML, with places only where the HTML is the owner's own."""
    if kind == "html":
        return notes
    written = [note for note in notes if kind != "mjml" or "<meta>" not in note.message]  # mrml writes those
    return [Problem(note.message) for note in written]


def known_names(contact_fields: frozenset[str]) -> frozenset[str]:
    """Return every name a mail may use, given the fields of contacts (`first_name`)."""
    return frozenset({*(f"contact.{name}" for name in contact_fields), *_OURS, *URL_NAMES[:3]})


def known_in(part: str, known: frozenset[str] | None) -> frozenset[str] | None:
    """Return which names may be used in a part: subject and preheader can't repeat themselves, or each other."""
    if known is None or part not in TOLD:
        return known
    return known - {f"campaign.{name}" for name in TOLD}


def _check(parts: Mapping[str, str], known: frozenset[str] | None) -> list[Problem]:
    problems = []
    if not parts["subject"].strip():
        problems.append(Problem("Write a subject.", part="subject"))
    if len(parts["subject"]) > MAX_SUBJECT or len(parts["preheader"]) > MAX_SUBJECT:
        problems.append(Problem(f"Subject and preheader have at most {MAX_SUBJECT} characters.", part="subject"))
    if not parts["body"].strip():
        problems.append(Problem("Write something in the body."))
    for part, text in parts.items():
        problems += liquid.check(text, part=part, known=known_in(part, known))
    return problems


def _link(number: int) -> str:
    # Stays one word through cleaning and inlining; `_number_links` makes it Liquid.
    return f"eclink{number}x"


def _nowhere(_index: int) -> tuple[int, int]:
    return 0, 0


def _never_counted(_address: str) -> bool:
    return True


def _number_links(text: str) -> str:
    return _NUMBERED.sub(rf"{{{{ {CLICK} }}}}/\1", text)


def _inline(cleaned: Cleaned) -> str:
    if cleaned.style_weight > MAX_STYLE_WEIGHT:
        raise CannotCompile([Problem("The style sheet has too many rules for so many elements. Make it smaller.")])
    try:
        inlined = str(_INLINER.inline(cleaned.html))
    except css_inline.InlineError as error:
        raise CannotCompile([Problem(f"The style sheet can't be read: {error}.")]) from None
    if len(inlined) > 2 * MAX_HTML:
        raise CannotCompile([Problem(f"With its styles, the mail has more than {2 * MAX_HTML:,} characters.")])
    return inlined


def _lost(aside: SetAside, html: str) -> list[Problem]:
    numbers = aside.numbers(html)
    expected = list(range(len(aside.pieces)))
    if numbers == expected:
        return []
    present = set(numbers)
    first = next((number for number in expected if number not in present), None)
    if first is None:
        # A piece stands elsewhere than it did, or twice: elements that are closed crosswise are written again.
        first = next(found for number, found in zip_longest(expected, numbers) if number != found)
    return [aside.problem(first, "HTML has no place for Liquid here; move it between or into elements.")]


def _finish(
    aside: SetAside,
    html: str,
    links: list[str],
    notes: list[Problem],
    *,
    subject: str,
    preheader: str,
    text: str,
    pixel: bool,
) -> Compiled:
    foot = "" if _has_footer(aside.source) else layout.FOOTER
    has_text_footer = _has_footer(text) if text else not foot
    text = text or _number_links(aside.put_back(_BRACES.sub("{ ", _as_text(aside, html))))
    html = _number_links(aside.put_back(_BRACES.sub("&#123;", html)))
    html = _before_end(html, foot + (_PIXEL if pixel else ""))
    if preheader.strip():
        line = layout.hidden_preheader(_escape_around_liquid(preheader.strip()))
        html = _BODY.sub(lambda match: match[0] + line, html, count=1)
    if not has_text_footer:
        text = text.rstrip("\n") + (
            "\n\n-- \n{{ account.name }}\n{{ account.postal_address }}\n\n"
            "Unsubscribe: {{ unsubscribe_url }}\nPreferences: {{ preferences_url }}\n"
        )
    return Compiled(subject=" ".join(subject.split()), html=html, text=text, links=tuple(links), notes=tuple(notes))


def _own_text(text: str, links: list[str] | None) -> str:
    """Return an own text part with its web addresses numbered like those of the mail, which they are added to."""
    if not text.strip():
        return ""
    text = text.replace("\r\n", "\n").rstrip() + "\n"
    if links is None:
        return text
    aside = SetAside(text)

    def number(match: re.Match[str]) -> str:
        address = match[0].rstrip(".,;:!?")
        if aside.has_piece(address) or (address not in links and len(links) >= MAX_LINKS):
            return match[0]
        if address not in links:
            links.append(address)
        return _link(links.index(address) + 1) + match[0][len(address) :]

    return _number_links(aside.put_back(_ADDRESS.sub(number, aside.text)))


def _has_footer(source: str) -> bool:
    return bool(re.search(r"\{\{-?\s*unsubscribe_url", source) and re.search(r"account\.postal_address", source))


def _before_end(html: str, extra: str) -> str:
    at = html.lower().rfind("</body>")
    return html + extra if at < 0 else html[:at] + extra + html[at:]


def _escape_around_liquid(text: str) -> str:
    aside = SetAside(text)
    return aside.put_back(escape(aside.text))


def _as_text(aside: SetAside, html: str) -> str:
    """Return the text part; where the converter would lose or move Liquid, a plainer conversion that can't."""
    html = aside.bare(html)
    text = as_text(html)
    if aside.numbers(text) != aside.numbers(html):
        text = as_text(html, has_links=False)
    if aside.numbers(text) != aside.numbers(html):
        text = re.sub(r"<[^>]*>", " ", re.sub(r"<(style|title)\b.*?</\1>", "", html, flags=re.DOTALL | re.IGNORECASE))
        _check_text(aside.put_back(text))
    lines = [line.rstrip() for line in text.strip().splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


def _check_text(text: str) -> None:
    """Raise `CannotCompile` where a text part lost Liquid that another piece of it needs."""
    try:
        liquid.parse(text, html=False)
    except LiquidError:
        said = "The text part can't be made from this mail: Liquid begins in an attribute and ends outside. Write your own."
        raise CannotCompile([Problem(said)]) from None

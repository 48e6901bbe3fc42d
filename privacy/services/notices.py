"""Versions of the privacy notice and the Terms: which text is in force."""

from datetime import date
from pathlib import Path

from markdown_it import MarkdownIt

from privacy.models import NoticeVersion

Document = NoticeVersion.Document


_SHIPPED = Path(__file__).resolve().parent.parent / "notices"


def in_force(*, document: NoticeVersion.Document, today: date, language: str = "en") -> NoticeVersion:
    """Return the version in force on a day, in the language else in English, else as shipped with the product."""
    rows = NoticeVersion.objects.filter(document=document, effective_on__lte=today).order_by("-effective_on", "-pk")
    found = rows.filter(language=language).first() or rows.filter(language="en").first()
    return found or _shipped(document)


def _shipped(document: NoticeVersion.Document) -> NoticeVersion:
    text = (_SHIPPED / f"{document}-1.md").read_text()
    return NoticeVersion(document=document, version="1", language="en", text=text, effective_on=date(2026, 1, 1))


def versions_in_force() -> dict[str, str]:
    """Return the newest posted version of each document, for what a new login profile accepts."""
    return {
        str(document): version
        for document in Document
        if (
            version := NoticeVersion.objects.filter(document=document, language="en")
            .order_by("-effective_on", "-pk")
            .values_list("version", flat=True)
            .first()
        )
    }


def as_html(text: str, *, replacing: dict[str, str]) -> str:
    """Return the Markdown of a notice as HTML, its placeholders filled; raw HTML in it is shown, not run."""
    for name, value in replacing.items():
        text = text.replace(f"[[{name}]]", value)
    return str(MarkdownIt("commonmark", {"html": False}).enable("table").render(text))

"""What the archive's public pages share: brand, words and languages."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation

from campaigns.archive_words import words
from campaigns.services.archive_reading import Opened
from contacts.hosted import looks, phrases
from contacts.hosted.blueprint import Blueprint
from contacts.views.public import language_of
from contacts.views.public_parts import logo_address


def context(request: HttpRequest, opened: Opened) -> dict[str, Any]:
    """Return what every page of an archive shows."""
    account = opened.account
    offered = tuple(dict.fromkeys((account.language, *phrases.LANGUAGES)))
    language = language_of(request, Blueprint(languages=tuple(each for each in offered if each in phrases.LANGUAGES)))
    page = Blueprint(look=opened.look)
    return {
        "account": account,
        "archive": opened.archive,
        "brand": {"name": account.name, "postal_address": account.postal_address},
        "form": opened.form,
        "home": f"/a/{account.slug}/",
        "address": opened.address,
        "page_language": language,
        "mail_language": account.language,
        "words": words(language),
        "languages": [(code, name) for code, name in phrases.LANGUAGES.items() if code != language],
        "look": looks.query(opened.look),
        "logo": logo_address(account, page),
        "asked": f"?lang={language}" if request.GET.get("lang") else "",
    }


def show(request: HttpRequest, opened: Opened, name: str, more: Mapping[str, object]) -> HttpResponse:
    """Render a page in the language that its reader asks for."""
    shared = context(request, opened)
    with translation.override(shared["page_language"]):
        return render(request, f"campaigns/{name}.html", {**shared, **more})

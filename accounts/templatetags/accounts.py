"""Tags of accounts: `{% settings_tabs %}`, `{% content_tabs %}`, `{% profile_tabs %}`, `{% content_url %}`, `{% media_address %}`, `{{ code|country_name }}`, `{{ action|audit_words }}`."""

from typing import Any

from django import template
from django.conf import settings

from accounts import audit_words as words
from accounts import choices, content_pages
from accounts.services.media import storing
from accounts.settings_pages import own_tabs, tabs_for

register = template.Library()


@register.simple_tag(takes_context=True)
def settings_tabs(context: template.Context) -> list[tuple[str, str]]:
    """Return the tabs of the account's settings for `{% tabs %}`."""
    return tabs_for(context["request"])


@register.simple_tag
def profile_tabs() -> list[tuple[str, str]]:
    """Return the tabs of one's own profile for `{% tabs %}`."""
    return own_tabs()


@register.simple_tag
def content_tabs() -> list[tuple[str, str]]:
    """Return the tabs of Content for `{% tabs %}`."""
    return content_pages.tabs()


@register.simple_tag
def content_url(path: str) -> str:
    """Return the whole address of a page on the content host."""
    return f"{settings.CONTENT_URL}{path}"


@register.simple_tag(takes_context=True)
def media_address(context: template.Context, file_name: str) -> str:
    """Return the public address of a file of the current account's library."""
    return storing.address(account_key=context["request"].account.public_id, file_name=file_name)


@register.filter
def country_name(code: str) -> str:
    """Return a country's English name; what is no country stays as it is."""
    return dict(choices.countries()).get(code, code)


@register.filter
def audit_words(action: Any) -> str:
    """Return what an audit action is called."""
    return words.words_for(str(action))

"""The admin site's part of delivery: what blocklists say."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from accounts.admin import PlatformAdmin
from delivery.reputation_models import BlocklistCheck
from emailconcert.lib.tenancy import platform_scope


@admin.register(BlocklistCheck)
class BlocklistCheckAdmin(PlatformAdmin):
    """Addresses and domains with the blocklists that they are on."""

    heading = "Blocklists"
    list_display = ("name", "on", "unanswered", "checked_at")
    list_display_links = None
    search_fields = ("name",)
    ordering = ("name",)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """List them, as the platform's role."""
        with platform_scope("delivery: read blocklists"):
            answer = super().changelist_view(request, extra_context)
            return answer.render() if isinstance(answer, TemplateResponse) else answer

    @admin.display(description="On")
    def on(self, row: BlocklistCheck) -> str:
        """Return the lists with their words."""
        return "; ".join(f"{each}: {words}" for each, words in sorted(row.listed.items())) or "None"

    @admin.display(description="No answer from")
    def unanswered(self, row: BlocklistCheck) -> str:
        """Return the lists that said nothing."""
        return ", ".join(row.silent)

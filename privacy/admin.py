"""The admin site's privacy part: the queue with pages of its own, and registers that can be read and never edited."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from privacy.models import (
    Consent,
    ErasureLedger,
    NoticeVersion,
    PrivacyRequest,
    Restriction,
    RetentionRun,
    SpecialCategoryFinding,
    Suppression,
)
from privacy.services.registers import register_scope
from privacy.views import desk, findings

if TYPE_CHECKING:
    _Base = admin.ModelAdmin[Any]
else:
    _Base = admin.ModelAdmin


class Register(_Base):
    """A register: read by Data Protection Officers, changed by nobody."""

    actions = None
    heading = ""
    list_per_page = 50
    show_full_result_count = False

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show it to officers."""
        return desk.is_officer(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Show it to officers."""
        return desk.is_officer(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let nobody add."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let nobody change."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let nobody delete."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """List the rows of all accounts; rendered inside the platform's scope."""
        with register_scope():
            return _rendered(super().changelist_view(request, {"title": self.heading, **(extra_context or {})}))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show one row; rendered inside the platform's scope."""
        with register_scope():
            return _rendered(super().changeform_view(request, object_id, form_url, extra_context))


def _rendered(response: Any) -> HttpResponse:
    if isinstance(response, TemplateResponse):
        response.render()
    found: HttpResponse = response
    return found


@admin.register(PrivacyRequest)
class PrivacyRequestAdmin(Register):
    """The queue: pages of its own instead of Django's."""

    def get_urls(self) -> list[URLPattern]:
        """Return the desk's pages under the names that the admin site expects."""
        return [
            path("", desk.queue, name="privacy_privacyrequest_changelist"),
            path("registers/", desk.registers, name="privacy_registers"),
            path("enter/", desk.enter, name="privacy_privacyrequest_add"),
            path("<int:pk>/", desk.page, name="privacy_privacyrequest_change"),
            path("<int:pk>/refuse/", desk.refuse, name="privacy_privacyrequest_refuse"),
            path("<int:pk>/choose/", desk.choose, name="privacy_privacyrequest_choose"),
            path("<int:pk>/step/<slug:name>/", desk.step, name="privacy_privacyrequest_step"),
        ]


@admin.register(SpecialCategoryFinding)
class SpecialCategoryFindingAdmin(Register):
    """What the guard found: a page of its own, with the decision."""

    def get_urls(self) -> list[URLPattern]:
        """Return the register's pages under the names that the admin site expects."""
        return [
            path("", findings.register, name="privacy_specialcategoryfinding_changelist"),
            path("<int:pk>/decide/", findings.decide, name="privacy_specialcategoryfinding_decide"),
        ]


@admin.register(ErasureLedger)
class ErasureLedgerAdmin(Register):
    """What was erased."""

    heading = "Erasure ledger"
    list_display = ("reference", "account_number", "erased_at")
    fields = ("reference", "account_number", "erased_at")


@admin.register(Suppression)
class SuppressionAdmin(Register):
    """Addresses never to be mailed."""

    heading = "Suppressions"
    list_display = ("pk", "account", "reason", "created_at")
    list_filter = ("reason",)
    fields = ("account", "reason", "created_at")


@admin.register(Restriction)
class RestrictionAdmin(Register):
    """People whose data may be stored only."""

    heading = "Restrictions"
    list_display = ("pk", "account", "since")
    fields = ("account", "since", "request_id")


@admin.register(Consent)
class ConsentAdmin(Register):
    """Evidence of consent."""

    heading = "Consents"
    list_display = ("pk", "account", "channel", "given_at", "confirmed_at", "withdrawn_at")
    list_filter = ("channel",)
    fields = ("account", "channel", "list_id", "source_id", "given_at", "confirmed_at", "withdrawn_at")


@admin.register(NoticeVersion)
class NoticeVersionAdmin(Register):
    """Versions of the notice and the Terms."""

    heading = "Notices"
    list_display = ("document", "version", "language", "effective_on", "is_material")


@admin.register(RetentionRun)
class RetentionRunAdmin(Register):
    """Runs of the retention sweeper."""

    heading = "Retention runs"
    list_display = ("retention_class", "ran_at", "rows")
    list_filter = ("retention_class",)

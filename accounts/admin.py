"""Accounts and login profiles as the platform's people see them: read here, changed through services only."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

from accounts import access
from accounts.forms.fields import AddressField
from accounts.models import Account, SignUpInvitation, User
from accounts.services import signing_up, standing


class PlatformAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # the models differ
    """Rows that the platform's people look at; nothing is added, edited or deleted through Django's own forms."""

    heading = ""

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """List the rows under a heading that names them."""
        return super().changelist_view(request, {"title": self.heading, **(extra_context or {})})

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Let the platform's people see the section; the site lets nobody else in."""
        return bool(getattr(request.user, "platform_role", ""))

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:  # Django gives it
        """Let the platform's people look."""
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:  # Django gives it
        """Add nothing."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:  # Django gives it
        """Change nothing."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:  # Django gives it
        """Delete nothing."""
        return False


class StandingForm(forms.Form):
    """The reason and the quota."""

    reason = forms.CharField(
        required=False, widget=forms.Textarea({"rows": 3}), help_text="The owners read it in the app and by mail."
    )
    sending_quota = forms.IntegerField(required=False, min_value=0, help_text="Messages in 30 days.")


class SignUpInvitationForm(forms.Form):
    """Who may open an account."""

    email = AddressField()


@admin.register(Account)
class AccountAdmin(PlatformAdmin):
    """Customer businesses: their standing and their quota."""

    heading = "Accounts"
    list_display = ("name", "slug", "country", "status", "sending_quota", "created_at")
    list_filter = ("status", "country")
    search_fields = ("name", "slug")
    fields = (
        "name",
        "slug",
        "public_id",
        "postal_address",
        "country",
        "time_zone",
        "language",
        "status",
        "status_reason",
        "sending_quota",
        "requires_second_factor",
        "tracks_opens",
        "tracks_clicks",
        "is_demo",
        "created_at",
    )
    change_form_template = "accounts/admin/account.html"

    def get_urls(self) -> list[URLPattern]:
        """Add the page where an account's standing is changed."""
        view = self.admin_site.admin_view(self.change_standing)
        return [path("<int:pk>/standing/", view, name="accounts_account_standing"), *super().get_urls()]

    def change_standing(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Suspend, reinstate, or set the quota."""
        account = get_object_or_404(Account, pk=pk)
        initial = {"reason": account.status_reason, "sending_quota": account.sending_quota}
        form = StandingForm(request.POST or None, initial=initial)
        if request.method == "POST" and form.is_valid():
            try:
                self._apply(request, account, form.cleaned_data)
                return redirect("admin:accounts_account_change", account.pk)
            except standing.CannotSuspend as error:
                form.add_error("reason", str(error))
        context = {**self.admin_site.each_context(request), "title": account.name, "account": account, "form": form}
        status = 422 if form.errors else 200
        return TemplateResponse(request, "accounts/admin/standing.html", context, status=status)

    def _apply(self, request: HttpRequest, account: Account, typed: dict[str, Any]) -> None:
        actor, now = access.actor(request), timezone.now()
        act = request.POST.get("act")
        if act == "suspend":
            standing.suspend(account=account, reason=typed["reason"], actor=actor, now=now)
        elif act == "reinstate":
            standing.reinstate(account=account, actor=actor, now=now)
        elif typed["sending_quota"] is not None:
            standing.set_quota(account=account, quota=typed["sending_quota"], actor=actor, now=now)
        messages.success(request, "Done. It is in the audit log.")


@admin.register(User)
class UserAdmin(PlatformAdmin):
    """Login profiles, to look at."""

    heading = "Login profiles"
    list_display = ("email", "name", "platform_role", "is_active", "email_confirmed_at", "last_login")
    list_filter = ("platform_role", "is_active")
    search_fields = ("email", "name")
    fields = (
        "email",
        "name",
        "language",
        "time_zone",
        "platform_role",
        "is_active",
        "email_confirmed_at",
        "password_changed_at",
        "restricted_at",
        "last_login",
        "created_at",
    )


@admin.register(SignUpInvitation)
class SignUpInvitationAdmin(PlatformAdmin):
    """Who may open an account while sign-up is by invitation."""

    heading = "Invitations to sign up"
    list_display = ("email", "created_at", "expires_at", "used_at")
    search_fields = ("email",)
    fields = ("email", "created_at", "expires_at", "used_at")
    change_list_template = "accounts/admin/sign_up_invitations.html"

    def get_urls(self) -> list[URLPattern]:
        """Add the page that invites."""
        view = self.admin_site.admin_view(self.invite)
        return [path("invite/", view, name="accounts_signupinvitation_invite"), *super().get_urls()]

    def invite(self, request: HttpRequest) -> HttpResponse:
        """Mail an invitation to open an account."""
        form = SignUpInvitationForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            signing_up.invite(email=form.cleaned_data["email"], actor=access.actor(request), now=timezone.now())
            messages.success(request, "The invitation is on its way.")
            return redirect("admin:accounts_signupinvitation_changelist")
        context = {**self.admin_site.each_context(request), "title": "Invite to open an account", "form": form}
        return TemplateResponse(request, "accounts/admin/invite.html", context, status=422 if form.errors else 200)

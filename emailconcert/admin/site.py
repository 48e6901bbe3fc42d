"""The admin site needs a second factor, always."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache


class PlatformAdminSite(AdminSite):
    """Opens for active staff whose session passed a second factor."""

    site_header = "EmailConcert"
    site_title = "EmailConcert"
    index_title = "Platform"

    def has_permission(self, request: HttpRequest) -> bool:
        """Let staff in who are verified by django-otp."""
        user = request.user
        verified = getattr(user, "is_verified", None)  # put there by OTPMiddleware
        return bool(user.is_active and getattr(user, "is_staff", False) and verified and verified())

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # type: ignore[override]  # ours leads on
        """Open on the queue for who answers requests, on the list of registers for the platform's staff."""
        if getattr(request.user, "platform_role", "") == "dpo" and self.has_permission(request):
            return redirect("admin:privacy_privacyrequest_changelist")
        return super().index(request, extra_context)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # noqa: ARG002  # Django gives it
        """Lead to our own sign-in and second factor; the code's page leads on to the set-up who has none."""
        wanted = request.GET.get("next", "")
        if not url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}):
            wanted = reverse("admin:index")
        if self.has_permission(request):
            return redirect(wanted)
        if not request.user.is_authenticated:
            return redirect(f"{reverse('accounts:sign-in')}?{urlencode({'next': wanted})}")
        if not getattr(request.user, "is_staff", False):
            raise PermissionDenied
        messages.info(request, "These pages need a second factor.")
        return redirect(f"{reverse('accounts:sign-in-code')}?{urlencode({'next': wanted})}")

    @method_decorator(never_cache)
    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # type: ignore[override]  # noqa: ARG002  # ours leads on
        """Leave by the same door as everybody."""
        if request.method == "POST":
            from accounts.views.signing_in import sign_out  # noqa: PLC0415  # the site is made before the models

            return sign_out(request)
        return redirect("admin:index")

"""The admin site needs a second factor, always."""

from django.contrib.admin import AdminSite
from django.http import HttpRequest


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

"""Second factors, remembered devices and sessions. Platform tables."""

from django.contrib.sessions.base_session import AbstractBaseSession, BaseSessionManager
from django.db import models
from django_otp.models import Device, ThrottlingMixin, TimestampMixin


class TotpDevice(TimestampMixin, ThrottlingMixin, Device):  # type: ignore[misc]  # django-otp has no types
    """An authenticator app. The seed is sealed. Source: RFC 6238 (30 s steps, 6 digits)."""

    sealed_seed = models.BinaryField()
    last_step = models.BigIntegerField(default=-1, help_text="The last time step accepted; each code works once.")

    class Meta:
        verbose_name = "authenticator app"

    def get_throttle_factor(self) -> int:
        """Return the seconds to wait after the first wrong code; each further one doubles them."""
        return 1


class RecoveryCode(Device):  # type: ignore[misc]  # django-otp has no types
    """One single-use recovery code; only its hash is kept."""

    code_hash = models.BinaryField(max_length=32)
    used_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "recovery code"


class RememberedDevice(models.Model):
    """A browser on which the second factor is not asked again for 30 days."""

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="remembered_devices")
    secret_hash = models.BinaryField(max_length=32, unique=True)
    label = models.CharField(max_length=100)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()


class Session(AbstractBaseSession):
    """A sign-in on one browser, listed on the profile page, where it can be ended."""

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, null=True, related_name="sessions")
    label = models.CharField(max_length=100, blank=True, help_text="Browser and system.")
    network = models.CharField(max_length=45, blank=True, help_text="Truncated address.")
    created_at = models.DateTimeField(auto_now_add=True)
    last_seen_at = models.DateTimeField(null=True)

    objects = BaseSessionManager()  # type: ignore[misc]  # as Django's own Session has it

    @classmethod
    def get_session_store_class(cls) -> type:
        """Return the store that keeps `user` beside the data."""
        from accounts.sessions import SessionStore  # noqa: PLC0415  # the store imports the models

        return SessionStore

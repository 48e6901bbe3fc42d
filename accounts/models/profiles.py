"""Login profiles: people who sign in. Platform tables."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models

from emailconcert.lib import addresses


class UserManager(BaseUserManager["User"]):
    """Makes login profiles; addresses come normalised from the services."""

    def create_user(self, *, email: str, name: str, password: str | None = None, **more: Any) -> "User":
        """Create a login profile."""
        user = self.model(email=email, name=name, **more)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find by address in whatever spelling it was typed."""
        return self.get(email=addresses.as_looked_up(username or ""))


class User(AbstractBaseUser, PermissionsMixin):  # type: ignore[django-manager-missing]  # django-otp's have no types
    """A login profile."""

    class PlatformRole(models.TextChoices):
        NONE = "", "None"
        DPO = "dpo", "Data Protection Officer"
        STAFF = "staff", "Platform staff"

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=150)
    language = models.CharField(max_length=10, default="en")
    time_zone = models.CharField(max_length=64, default="UTC")
    platform_role = models.CharField(max_length=6, choices=PlatformRole, default=PlatformRole.NONE, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False, help_text="May open the admin site.")
    email_confirmed_at = models.DateTimeField(null=True)
    password_changed_at = models.DateTimeField(null=True)
    restricted_at = models.DateTimeField(null=True, help_text="Privacy: sign-in is off, the profile is kept.")
    last_account = models.ForeignKey("accounts.Account", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    objects = UserManager()

    def __str__(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        """Return the first word of the name."""
        return self.name.split(" ", 1)[0]


class AcceptedTerms(models.Model):
    """Which version of the Terms or the notice a login profile accepted, and when."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="accepted_terms")
    document = models.CharField(max_length=20)
    version = models.CharField(max_length=20)
    accepted_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("user", "document", "version"), name="one_acceptance_per_version"),
        )


class EmailChange(models.Model):
    """A change of address under way: it happens when both mailboxes have said yes."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="email_change")
    new_email = models.EmailField()
    old_secret_hash = models.BinaryField(max_length=32)
    new_secret_hash = models.BinaryField(max_length=32)
    old_proved_at = models.DateTimeField(null=True)
    new_proved_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()

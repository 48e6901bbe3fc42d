"""Accounts and who belongs to them."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models

from emailconcert.lib.tenancy import TenantModel


class Role(models.TextChoices):
    """What a member may do; each includes those below it."""

    OWNER = "owner", "Owner"
    ADMIN = "admin", "Admin"
    EDITOR = "editor", "Editor"
    VIEWER = "viewer", "Viewer"


class Account(models.Model):
    """A customer business: the tenant."""

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        SUSPENDED = "suspended", "Suspended"
        CLOSING = "closing", "Closing"
        CLOSED = "closed", "Closed"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=200)
    postal_address = models.TextField(max_length=500)
    country = models.CharField(max_length=2)
    time_zone = models.CharField(max_length=64, default="UTC")
    language = models.CharField(max_length=10, default="en")
    brand_colour = models.CharField(max_length=7, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    status_reason = models.TextField(blank=True)
    sending_quota = models.PositiveIntegerField(help_text="Messages in 30 days.")
    requires_second_factor = models.BooleanField(default=False)
    tracks_opens = models.BooleanField(default=True)
    tracks_clicks = models.BooleanField(default=True)
    wrapped_key = models.BinaryField(null=True, help_text="The account's data key, wrapped; empty once destroyed.")
    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Membership(TenantModel):
    """A login profile's place in an account."""

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.VIEWER)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "user"), name="one_membership_per_account"),)

    def __str__(self) -> str:
        return f"{self.user_id} in {self.account_id} as {self.role}"


class Invitation(TenantModel):
    """An open invitation to join an account; found through the Directory by the hash of its secret."""

    email = models.EmailField()
    role = models.CharField(max_length=10, choices=Role, default=Role.EDITOR)
    secret_hash = models.BinaryField(max_length=32)
    invited_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("account", "email"),
                condition=models.Q(accepted_at=None),
                name="one_open_invitation_per_address",
            ),
        )


class ApiKey(TenantModel):
    """A key for programs: only its hash is kept."""

    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12)
    key_hash = models.BinaryField(max_length=32)
    scopes = ArrayField(models.CharField(max_length=40), default=list)
    created_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)


class Directory(models.Model):
    """Which account something belongs to, asked before any scope is known. A platform table."""

    class Kind(models.TextChoices):
        HOST = "host", "Host name"
        FORM = "form", "Form slug"
        API_KEY = "api_key", "API key"
        INVITATION = "invitation", "Invitation"

    kind = models.CharField(max_length=12, choices=Kind)
    key_hash = models.BinaryField(max_length=32)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    target_id = models.BigIntegerField(null=True, help_text="The row in the account that it leads to.")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("kind", "key_hash"), name="one_account_per_key"),)


class SignUpInvitation(models.Model):
    """A permission to open an account where sign-up is by invitation. A platform table."""

    email = models.EmailField(unique=True)
    secret_hash = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

"""The accounts app."""

from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from django.http import HttpRequest

    from emailconcert.shell.nav import AccountChoice

_BUSINESS_WORDS = "account name postal address country time zone language second factor count opens clicks tracking"
_SECURITY_WORDS = "password second factor code app recovery sessions browsers signed in"


class AccountsConfig(AppConfig):
    """Wires the app's registrations."""

    name = "accounts"

    def ready(self) -> None:
        """Add the settings to the side bar, the profile to its menu, and the switcher."""
        from accounts import content_pages, settings_pages  # noqa: PLC0415  # models are ready only now
        from accounts.models import Role  # noqa: PLC0415
        from emailconcert.shell import nav  # noqa: PLC0415

        content_pages.register("Media", "accounts:media", 20)
        nav.register(
            "Settings",
            "accounts:settings",
            "settings",
            90,
            ("/settings/",),
            visible=_is_member,
        )
        nav.register(
            "Accounts", "admin:accounts_account_changelist", "building-2", 60, ("/admin/accounts/",), site="dpo"
        )
        nav.register_profile("Your profile", "accounts:profile", "user", 10)
        nav.register_profile("Security", "accounts:security", "key-round", 20)
        nav.register_profile("Sign out", "accounts:sign-out", "log-out", 99, method="post")
        nav.set_switcher(_choices)
        settings_pages.register("Business", "accounts:business", 10, words=_BUSINESS_WORDS)
        settings_pages.register("Team", "accounts:team", 20, role=Role.VIEWER, words="members invite roles leave")
        settings_pages.register_own(
            "Profile", "accounts:profile", 10, words="your name email address language time zone"
        )
        settings_pages.register_own("Security", "accounts:security", 20, words=_SECURITY_WORDS)
        settings_pages.register("Audit log", "accounts:audit", 90, role=Role.OWNER, words="history who did what")


def _is_member(request: "HttpRequest") -> bool:
    return getattr(request, "membership", None) is not None


def _choices(request: "HttpRequest") -> "list[AccountChoice]":
    from django.urls import reverse  # noqa: PLC0415  # models are ready only now

    from accounts import queries  # noqa: PLC0415
    from accounts.models import User  # noqa: PLC0415
    from emailconcert.shell.nav import AccountChoice  # noqa: PLC0415

    account = getattr(request, "account", None)
    if account is None or not isinstance(request.user, User):
        return []
    post_url = reverse("accounts:switch")
    return [
        AccountChoice(each.name, post_url, str(each.public_id), is_current=each.pk == account.pk)
        for each in queries.accounts_of(request.user)
    ]

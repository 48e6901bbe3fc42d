"""Who may sign in with a password."""

from typing import TYPE_CHECKING

from django.contrib.auth.backends import ModelBackend

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User

    AnyUser = User | AnonymousUser | None


class ProfileBackend(ModelBackend):
    """Knows profiles by address; restricted ones are kept but neither sign in nor stay signed in.

    Unknown addresses cost a hash as well (ModelBackend sees to it), so that time tells nothing.
    """

    def user_can_authenticate(self, user: "AnyUser") -> bool:
        """Tell whether the profile is active and not restricted."""
        return super().user_can_authenticate(user) and getattr(user, "restricted_at", None) is None

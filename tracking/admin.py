"""The admin site's part of tracking: mail that nobody understood."""

from django.contrib import admin
from django.urls import URLPattern, path

from accounts.admin import PlatformAdmin
from tracking.models import ReviewMail
from tracking.views import reviewing


@admin.register(ReviewMail)
class ReviewMailAdmin(PlatformAdmin):
    """Mail that came back and was not understood: pages of its own instead of Django's."""

    def get_urls(self) -> list[URLPattern]:
        """Return the queue's pages under the names that the admin site expects."""
        return [
            path("", reviewing.queue, name="tracking_reviewmail_changelist"),
            path("<int:pk>/", reviewing.page, name="tracking_reviewmail_change"),
            path("<int:pk>/decide/", reviewing.decide, name="tracking_reviewmail_decide"),
        ]

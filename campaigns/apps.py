"""The campaigns app."""

from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from django.http import HttpRequest

_AUDITED = {
    "archive.changed": "Changed the archive’s settings",
    "archive.added": "Put a campaign into the archive",
    "archive.taken_out": "Took a campaign out of the archive",
    "report_link.made": "Made a link to a report",
    "report_link.taken_back": "Took a link to a report back",
}


class CampaignsConfig(AppConfig):
    """Wires the app's registrations."""

    name = "campaigns"

    def ready(self) -> None:
        """Register places, conditions and what is done when a mailing ends."""
        from django.utils import timezone  # noqa: PLC0415

        from accounts import audit_words, content_pages, settings_pages  # noqa: PLC0415
        from accounts.services.media import uses  # noqa: PLC0415
        from campaigns import conditions, receivers, timeline  # noqa: F401, PLC0415  # importing registers
        from campaigns.audiences import uses_of_segments, why_list_stays  # noqa: PLC0415
        from campaigns.pictures import uses_of_pictures  # noqa: PLC0415
        from campaigns.services import following, sharing  # noqa: PLC0415
        from contacts.services.lists import organising  # noqa: PLC0415
        from contacts.services.segments import segmenting  # noqa: PLC0415
        from emailconcert.shell import nav  # noqa: PLC0415  # apps are ready only now
        from privacy.services import backups  # noqa: PLC0415

        uses.register(uses_of_pictures)
        segmenting.register_uses(uses_of_segments)
        organising.hold_lists(why_list_stays)
        backups.holds_after_restore(lambda: following.hold_restored(now=timezone.now()))
        backups.holds_after_restore(sharing.end_restored)
        nav.register("Home", "home", "house", 10, ("home",))
        nav.register("Campaigns", "campaigns:list", "send", 20, ("/campaigns/",))
        nav.register("Content", "templates:list", "images", 50, ("/content/",), visible=_is_member)
        content_pages.register("Templates", "templates:list", 10)
        nav.register("Reports", "campaigns:reports", "chart-column", 40, ("campaigns:reports", "campaigns:report"))
        nav.set_search("campaigns:search")
        settings_pages.register("Archive", "campaigns:archive-settings", 50, words="public newsletters feed atom rss")
        audit_words.register(_AUDITED)


def _is_member(request: "HttpRequest") -> bool:
    return getattr(request, "membership", None) is not None

"""Tables of events, inbox and rollups."""

from tracking.models.events import Event, Inbox, Kind
from tracking.models.intake import Notice, SpoolPosition
from tracking.models.review import ReviewMail
from tracking.models.rollups import ContactActivity, HourlyRollup, LinkRollup, MailingRollup, MessageActivity
from tracking.models.webhooks import WebhookDoor

__all__ = [
    "ContactActivity",
    "Event",
    "HourlyRollup",
    "Inbox",
    "Kind",
    "LinkRollup",
    "MailingRollup",
    "MessageActivity",
    "Notice",
    "ReviewMail",
    "SpoolPosition",
    "WebhookDoor",
]

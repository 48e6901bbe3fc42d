"""What a contact did, on their timeline. Machines' events are marked."""

from collections.abc import Sequence

from contacts.models import Contact
from contacts.services import timeline
from contacts.services.timeline import Bound, Entry
from delivery.models import Link
from tracking import queries
from tracking.models import Event, Kind

_TEXTS = {
    Kind.OPEN: ("Opened a mail", "mail-open"),
    Kind.CLICK: ("Clicked a link", "mouse-pointer-click"),
    Kind.BOUNCE: ("A mail bounced", "mail-warning"),
    Kind.COMPLAINT: ("Reported a mail as spam", "octagon-alert"),
}


def entries(contact: Contact, limit: int, bound: Bound | None) -> Sequence[Entry]:
    """Return the newest entries below the bound. Opt-outs stand there already, written when they happen."""
    events = queries.events_of_contact(contact, limit=limit, older=bound.smaller("id") if bound else None)
    links = Link.objects.filter(mailing_id__in={event.mailing_id for event in events if event.kind == Kind.CLICK})
    urls = {(mailing, number): url for mailing, number, url in links.values_list("mailing_id", "number", "url")}
    return [_entry(event, urls) for event in events]


def _entry(event: Event, urls: dict[tuple[int, int], str]) -> Entry:
    text, icon = _TEXTS[Kind(event.kind)]
    notes = [urls.get((event.mailing_id, event.link or 0), "") if event.kind == Kind.CLICK else ""]
    if event.is_machine:
        notes.append("probably a machine, not counted as theirs")
    return Entry(event.at, text, icon, note=" · ".join(note for note in notes if note), number=event.id)


timeline.register("tracking", entries)

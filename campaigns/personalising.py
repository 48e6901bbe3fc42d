"""What may stand in a mail in place of words, each with a line that explains it; the editor offers it to insert."""

from collections.abc import Iterable
from dataclasses import dataclass

from contacts.models import CustomField


@dataclass(frozen=True)
class Offer:
    """One thing to insert: what is written, and what it does."""

    insert: str
    label: str


@dataclass(frozen=True)
class Group:
    """Offers that belong together."""

    title: str
    offers: tuple[Offer, ...]


_STANDARD = (
    ('contact.first_name | default: "friend"', "First name, or “friend” where there is none"),
    ("contact.last_name", "Last name"),
    ("contact.email", "Email address"),
    ("contact.language", "Language, such as en"),
    ("contact.country", "Country, such as IE"),
    ("contact.date_of_birth", "Date of birth"),
    ("contact.gender", "Gender"),
    ("contact.phone", "Phone number"),
    ("contact.time_zone", "Time zone, such as Europe/Dublin"),
)
_BUSINESS = (("account.name", "The name of your business"), ("account.postal_address", "Your postal address"))
_LINKS = (
    ("unsubscribe_url", "Address of the page to unsubscribe"),
    ("preferences_url", "Address of the page of preferences"),
    ("view_url", "Address of the mail in a browser"),
)
_CAMPAIGN = (
    ("campaign.name", "The name of the campaign"),
    ("campaign.subject", "The subject, filled in for each person"),
    ("campaign.preheader", "The preheader, filled in for each person"),
)
_DATES = (
    ("campaign.date | date", "The day it is sent, as each person writes it: 7 May 2026, 7. Mai 2026"),
    ('campaign.date | date: "full"', "With the day of the week: Thursday 7 May 2026"),
    ('campaign.date | date: "%B %Y"', "Month and year, in each person’s language"),
    ('contact.date_of_birth | date: "%-d %B"', "Day and month of birth, in each person’s language"),
)
_FEED = (
    (
        "{% for item in feed.items %}…{% endfor %}",
        "Once for each item of the feed",
    ),
    ("{{ item.title }}", "Within it: the item’s title"),
    ("{{ item.url }}", "The item’s address"),
    ("{{ item.summary | truncate: 300 }}", "How it begins, as plain text"),
    ("{{ item.picture }}", "The address of its picture, if it has one"),
    ("{{ item.author }}", "Who wrote it"),
    ("{{ item.date }}", "When it was published: 7 May 2026"),
    ("{{ feed.title }}", "The feed’s title"),
    ("{{ feed.items.size }}", "How many items there are"),
    ("{% if item.picture %}…{% endif %}", "Only where there is a picture"),
)
_CONDITIONS = (
    (
        "{% if contact.first_name %}…{% else %}…{% endif %}",
        "One text for those with a first name, another for the rest",
    ),
    ('{% if contact.country == "IE" %}…{% endif %}', "Only for people in Ireland"),
    ('{% if contact.language == "de" %}…{% elsif contact.language == "fr" %}…{% else %}…{% endif %}', "By language"),
)
_FILTERS = (
    (' | default: "…"', "Says this where nothing is known"),
    (" | capitalize", "Begins with a capital letter"),
    (" | upcase", "In capital letters"),
    (" | downcase", "In small letters"),
    (" | date", "Writes a date out in each person’s language: 7 May 2026"),
    (' | date: "short"', "Writes it in figures: 07/05/2026, 5/7/26"),
    (' | date: "time"', "Only the time, on each person’s clock: 18:30, 6:30 PM"),
    (' | date: "%A, %-d %B %Y"', "Put together as you like: Thursday, 7 May 2026"),
    (" | round: 2", "Rounds a number"),
    (" | times: 2", "Multiplies a number"),
    (" | truncate: 30", "Cuts after 30 characters"),
    (' | replace: "a", "b"', "Puts one text in place of another"),
    (' | split: "," | first', "The first of several"),
    (' | join: ", "', "Several with commas between"),
    (" | strip", "Without blanks around"),
)


def groups(fields: Iterable[CustomField], *, of_feed: bool = False) -> list[Group]:
    """Return everything on offer, with the account's own fields (never sensitive ones), and a feed's where there is one."""
    own = tuple(Offer(f"{{{{ contact.{each.key} }}}}", each.label) for each in fields if not each.sensitive)
    found = [
        Group("The feed", tuple(Offer(*each) for each in _FEED) if of_feed else ()),
        Group("Contact", _printed(_STANDARD)),
        Group("Your fields", own),
        Group("Your business", _printed(_BUSINESS)),
        Group("This campaign", _printed(_CAMPAIGN)),
        Group("Links", _printed(_LINKS)),
        Group("Dates", _printed(_DATES)),
        Group("Conditions", tuple(Offer(*each) for each in _CONDITIONS)),
        Group("Filters, put before }}", tuple(Offer(*each) for each in _FILTERS)),
    ]
    return [each for each in found if each.offers]


def _printed(rows: Iterable[tuple[str, str]]) -> tuple[Offer, ...]:
    return tuple(Offer(f"{{{{ {code} }}}}", label) for code, label in rows)

"""Templates that come with the product: our own work, one MJML file each, and what the gallery says of them.

They show no pictures: shapes are cells of tables, so nothing has to be fetched and a mail is whole with images off.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

_FOLDER = Path(__file__).parent
OCCASIONS = {
    "news": "News",
    "offers": "Offers",
    "events": "Events",
    "people": "Greetings",
    "service": "Service",
}


@dataclass(frozen=True)
class Sample:
    """One template of the gallery; subject and preheader are suggestions."""

    slug: str
    name: str
    occasion: str
    about: str
    subject: str
    preheader: str
    kind: str = "mjml"
    text: str = ""

    @cached_property
    def source(self) -> str:
        """Return the MJML."""
        return (_FOLDER / f"{self.slug}.mjml").read_text()

    @property
    def occasion_label(self) -> str:
        """Return "News"."""
        return OCCASIONS[self.occasion]


SAMPLES = (
    Sample(
        "newsletter",
        "Newsletter",
        "news",
        "A lead story, two short ones and a quotation.",
        "A slower month, and what came of it",
        "Open on Sundays again, and five questions to Ana.",
    ),
    Sample(
        "announcement",
        "Announcement",
        "news",
        "One piece of news and what it changes.",
        "We are moving, just around the corner",
        "New address, same people. What changes for you.",
    ),
    Sample(
        "product-launch",
        "Product launch",
        "offers",
        "Something new, why it is good, and how to get it.",
        "New today: the one we kept for ourselves",
        "You hear of it a day before everybody else.",
    ),
    Sample(
        "event-invitation",
        "Event invitation",
        "events",
        "Day, place, programme, and two answers.",
        "Come to the long table on 14 June",
        "Four courses, live music, and whoever you like best.",
    ),
    Sample(
        "welcome",
        "Welcome",
        "people",
        "For those who have just joined: three first steps.",
        "Good to have you here",
        "What to expect from us, and three good ways to start.",
    ),
    Sample(
        "digest",
        "Digest",
        "news",
        "A numbered list of what was published lately.",
        "Five things from this week",
        "Doing less, saying no, and the night shift.",
    ),
    Sample(
        "sale",
        "Sale",
        "offers",
        "A price cut, the code, and three things in it.",
        "20 % off everything until Sunday",
        "No small print. Use the code TWENTY.",
    ),
    Sample(
        "letter",
        "Plain letter",
        "news",
        "Only words, as if you wrote to one person.",
        "Ten years, and a question for you",
        "There is no offer in this letter.",
    ),
    Sample(
        "feedback",
        "Feedback",
        "service",
        "One question with five answers to tap.",
        "How did we do?",
        "One tap is enough.",
    ),
    Sample(
        "birthday",
        "Birthday",
        "people",
        "A greeting with a present, for a segment of birthdays.",
        "Happy birthday! There is cake.",
        "One is on the house, for thirty days.",
    ),
    Sample(
        "thank-you",
        "Thank you",
        "people",
        "What came of the help you got, in three figures.",
        "You did this",
        "The roof is on. Thank you.",
    ),
    Sample(
        "come-back",
        "Come back",
        "people",
        "Asks people who have gone quiet whether to go on.",
        "Is this goodbye?",
        "If you do nothing, we stop writing in thirty days.",
    ),
    Sample(
        "receipt",
        "Receipt",
        "service",
        "Thanks for an order, with what it was and what it cost.",
        "Thank you for your order",
        "It is on its way to you.",
    ),
    Sample(
        "holiday-closing",
        "Holiday closing",
        "events",
        "Hours around a holiday, and what to do before.",
        "Our hours around the holidays",
        "Orders until the 19th arrive in time.",
    ),
)
_BY_SLUG = {each.slug: each for each in SAMPLES}


def sample(slug: str) -> Sample | None:
    """Return one template of the gallery."""
    return _BY_SLUG.get(slug)


def find(*, text: str = "", occasion: str = "") -> list[Sample]:
    """Return those of an occasion that a text is found in."""
    wanted = text.casefold().split()
    return [
        each
        for each in SAMPLES
        if occasion in ("", each.occasion)
        and all(word in f"{each.name} {each.about} {each.occasion_label}".casefold() for word in wanted)
    ]

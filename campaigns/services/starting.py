"""Home: what to do next, each step told by the data itself, and what happened lately."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import Account
from campaigns import queries
from campaigns.models import Campaign
from campaigns.queries import Row
from contacts.models import Contact, Form, Subscription
from delivery.models import Sender

LATELY = timedelta(days=7)


@dataclass(frozen=True)
class Step:
    """One step of getting started: done or not, why, and the page where it is done."""

    title: str
    text: str
    is_done: bool
    url: str
    button: str


@dataclass(frozen=True)
class Home:
    """What the home page shows."""

    steps: tuple[Step, ...]
    rows: list[Row]
    drafts: list[Campaign]
    new_people: int
    gone_people: int
    people: int

    @property
    def next_step(self) -> Step | None:
        """Return the first step that is not done."""
        return next((step for step in self.steps if not step.is_done), None)

    @property
    def steps_done(self) -> int:
        """Return how many steps are done."""
        return sum(step.is_done for step in self.steps)


def home(*, account: Account, now: datetime) -> Home:
    """Look at the account's data; call inside its scope."""
    since = now - LATELY
    known = queries.campaigns_of(account)
    left = Subscription.objects.filter(state=Subscription.State.UNSUBSCRIBED, unsubscribed_at__gte=since)
    drafts = list(known.filter(state=Campaign.State.DRAFT).order_by("-updated_at")[:3])
    return Home(
        steps=_steps(account, drafts),
        rows=queries.with_numbers(list(known.exclude(state=Campaign.State.DRAFT).order_by("-sent_at", "-pk")[:5])),
        drafts=drafts,
        new_people=Contact.objects.filter(account=account, created_at__gte=since).count(),
        gone_people=left.values("contact_id").distinct().count(),
        people=Contact.objects.filter(account=account).count(),
    )


def _steps(account: Account, drafts: list[Campaign]) -> tuple[Step, ...]:
    mine = {"account": account}
    test_mail = (
        (f"/campaigns/{drafts[0].pk}/test/", "Send a test") if drafts else ("/campaigns/new/", "Write a campaign")
    )
    return (
        Step(
            "Say who your mail comes from",
            "Add a name and address, and open the link we send there.",
            Sender.objects.filter(**mine).exclude(verified_at=None).exists(),
            "/settings/sending/",
            "Add a sender",
        ),
        Step(
            "Bring your contacts",
            "Import a file, or add people by hand.",
            Contact.objects.filter(**mine).exists(),
            "/contacts/import/",
            "Import contacts",
        ),
        Step(
            "Put up a sign-up form",
            "People subscribe and confirm by themselves.",
            Form.objects.filter(**mine).exists(),
            "/contacts/forms/",
            "Make a form",
        ),
        Step(
            "Send yourself a test mail",
            "Write a campaign and see it in your own inbox.",
            Campaign.objects.filter(**mine).exclude(tested_at=None).exists(),
            *test_mail,
        ),
    )

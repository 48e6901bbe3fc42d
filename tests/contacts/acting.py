"""Bulk actions for tests; call inside the account's scope."""

from contacts.models import ContactTag, Subscription
from contacts.services import people
from contacts.services.bulk_actions import bulk, bulk_runs
from contacts.services.bulk_actions.bulk import Whom
from emailconcert.lib.tenancy import account_scope
from tests.factories import NOW

EVERYBODY = Whom()


def add(account, name, **more):
    with account_scope(account):
        return people.add_contact(account_id=account.pk, email=f"{name}@example.org", source="member", now=NOW, **more)


def begin(account, kind, *, whom=EVERYBODY, tag=None, list=None, now=NOW):
    with account_scope(account):
        return bulk.start(account_id=account.pk, kind=kind, whom=whom, tag=tag, list=list, now=now)


def run(account, action, *, piece=2, now=NOW, slices=1):
    for _ in range(slices):
        bulk_runs.run_slice(account_id=account.pk, action_id=action.pk, clock=lambda: now, piece=piece)
    with account_scope(account):
        action.refresh_from_db()
    return action


def undo(account, action, *, now=NOW):
    with account_scope(account):
        bulk.undo(action=action, now=now)
    return run(account, action, now=now)


def places(account):
    with account_scope(account):
        rows = Subscription.objects.order_by("contact_id").values_list("contact__email", "state")
        return {email.partition("@")[0]: state for email, state in rows}


def tagged(account):
    with account_scope(account):
        return {email.partition("@")[0] for email in ContactTag.objects.values_list("contact__email", flat=True)}


def numbers(action):
    return action.state, action.seen, action.changed, action.left_out

"""Requests that an account's member makes for its contacts: each is verified by the person, as every other."""

from collections.abc import Sequence
from datetime import datetime

from accounts.services import auditing
from accounts.services.auditing import Actor
from emailconcert.lib.tenancy import platform_scope
from privacy.models import PrivacyRequest
from privacy.services import intake, states
from privacy.services.intake import Wanted
from privacy.services.states import Who

_OPEN = tuple(str(state) for state in PrivacyRequest.State if str(state) not in states.CLOSED)


def ask_for(*, account_id: int, people: Sequence[Wanted], actor: Actor, now: datetime) -> int:
    """Put one request for each of them into the Data Protection Officer's queue; the person is mailed a link.

    Who has one of this kind under way gets no second. Return how many were made.
    """
    made = 0
    with platform_scope("privacy: take requests that a member makes"):
        for wanted in people:
            request = intake.make(wanted=wanted, channel=PrivacyRequest.Channel.ACCOUNT, now=now)
            same = PrivacyRequest.objects.filter(email_hash=request.email_hash, type=wanted.type, state__in=_OPEN)
            if same.filter(account_id=account_id).exists():
                continue
            request.account_id = account_id
            states.begin(request, who=Who.OWNER, now=now, actor_id=actor.user_id)
            intake.mail_link(request, template="privacy_verify", now=now)
            target = ("privacy request", request.reference)
            auditing.record(action="privacy.asked_for", actor=actor, now=now, account_id=account_id, target=target)
            made += 1
    return made

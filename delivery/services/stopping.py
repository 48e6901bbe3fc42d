"""A mailing that is received badly stops itself and tells its account's owners.

What counts is not the share seen so far but what it is at least, with 95 % confidence: one bounce among three says nothing,
thirty-five among five hundred do. Who resumes a stopped mailing agrees to twice the share; at that it stops again.
"""

import logging
import math
from datetime import datetime

from django.conf import settings
from django.db.models import F, Sum

from accounts.models import Account, Membership, Role, User
from accounts.services import outbox
from delivery.limit_models import MailingHealth, SendingRules
from delivery.models import Batch, Mailing
from emailconcert.lib.tenancy import account_scope, platform_scope

logger = logging.getLogger(__name__)

FEWEST_BOUNCES = 5
FEWEST_COMPLAINTS = 3
_Z = 1.645  # one-sided, 95 %
_PER_1000 = 10  # in percent
_WORDS = {
    MailingHealth.Stop.BOUNCES: "addresses do not exist",
    MailingHealth.Stop.COMPLAINTS: "people reported it as spam",
}


def note(*, account_id: int, mailing_id: int, hard_bounces: int = 0, complaints: int = 0, now: datetime) -> None:
    """Count bad news of a mailing, and stop it where they are too many."""
    with account_scope(account_id):
        health, _ = MailingHealth.objects.get_or_create(mailing_id=mailing_id)
        MailingHealth.objects.filter(pk=health.pk).update(
            hard_bounces=F("hard_bounces") + hard_bounces, complaints=F("complaints") + complaints
        )
        health.refresh_from_db()
        parts = Batch.objects.filter(mailing_id=mailing_id).aggregate(sent=Sum("sent"), failed=Sum("failed"))
        sent, failed = int(parts["sent"] or 0), int(parts["failed"] or 0)
        bounce_share, complaint_share = thresholds(account_id)
        if health.hard_bounces >= FEWEST_BOUNCES and at_least(health.hard_bounces, sent + failed) > (
            bounce_share * 2**health.bounce_level
        ):
            _stop(health, MailingHealth.Stop.BOUNCES, health.hard_bounces, sent + failed, now)
        elif health.complaints >= FEWEST_COMPLAINTS and at_least(health.complaints, sent) > (
            complaint_share * 2**health.complaint_level
        ):
            _stop(health, MailingHealth.Stop.COMPLAINTS, health.complaints, sent, now)


def thresholds(account_id: int) -> tuple[float, float]:
    """Return the shares of hard bounces and of complaints at which the account's mailings stop; in its scope."""
    rules = SendingRules.objects.filter(account_id=account_id).first()
    own = (rules.bounce_percent, rules.complaint_percent) if rules else (None, None)
    default = (settings.STOP_AT_BOUNCES_PER_1000 / _PER_1000, settings.STOP_AT_COMPLAINTS_PER_1000 / _PER_1000)
    # An owner may be stricter than the platform and not more lenient: the platform's good name is at stake too.
    bounces, complaints = (min(float(mine), ours) if mine else ours for mine, ours in zip(own, default, strict=True))
    return bounces / 100, complaints / 100


def at_least(bad: int, of: int) -> float:
    """Return what a share is at least, with 95 % confidence (Wilson's score interval)."""
    if not of:
        return 0.0
    share, z2 = bad / of, _Z * _Z
    spread = _Z * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of)) if share <= 1 else 0.0
    return (share + z2 / (2 * of) - spread) / (1 + z2 / of)


def agree(mailing: Mailing) -> None:
    """Note that the owner goes on nevertheless: it stops again at twice the share. In the account's scope."""
    stopped = MailingHealth.objects.filter(mailing_id=mailing.pk)
    stopped.filter(stopped_for=MailingHealth.Stop.BOUNCES).update(
        bounce_level=F("bounce_level") + 1, stopped_for=MailingHealth.Stop.NONE
    )
    stopped.filter(stopped_for=MailingHealth.Stop.COMPLAINTS).update(
        complaint_level=F("complaint_level") + 1, stopped_for=MailingHealth.Stop.NONE
    )


def _stop(health: MailingHealth, why: MailingHealth.Stop, bad: int, of: int, now: datetime) -> None:
    reason = (
        f"Stopped by itself: of the first {of:,}, {bad:,} {_WORDS[why]} ({100 * bad / max(of, 1):.1f} %). "
        "Check where these addresses come from before you resume."
    )
    going = Mailing.objects.filter(pk=health.mailing_id, state=Mailing.State.SENDING)
    if not going.update(state=Mailing.State.PAUSED, held_reason=reason):
        return
    MailingHealth.objects.filter(pk=health.pk).update(stopped_for=why)
    logger.warning("mailing stopped itself", extra={"mailing": health.mailing_id, "why": str(why)})
    _tell_owners(health.account_id, reason, now)


def _tell_owners(account_id: int, reason: str, now: datetime) -> None:
    business = Account.objects.get(pk=account_id).name
    with platform_scope("delivery: tell owners of a stopped mailing"):
        ids = list(Membership.objects.filter(account_id=account_id, role=Role.OWNER).values_list("user_id", flat=True))
    for owner in User.objects.filter(pk__in=ids):
        outbox.put_mail(
            template="mailing_stopped",
            to=owner.email,
            context={"name": owner.name, "business": business, "reason": reason},
            language=owner.language,
            account_id=account_id,
            now=now,
        )

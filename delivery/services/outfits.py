"""What a mailing needs for being sent: its skeleton with its signers, its server, its limits."""

from dataclasses import dataclass

from django.conf import settings

from delivery.models import Mailing
from delivery.services import compiling, connections
from delivery.services.limits import Limits
from delivery.wire.mime import Identity, Skeleton
from delivery.wire.server import Server
from emailconcert.lib.tenancy import account_scope


@dataclass(frozen=True)
class Outfit:
    """All that a mailing needs for being sent, read once per slot."""

    mailing: Mailing
    skeleton: Skeleton
    server: Server
    limits: Limits


def prepare(*, account_id: int, mailing_id: int) -> Outfit:
    """Read a mailing and make its skeleton."""
    with account_scope(account_id):
        mailing = Mailing.objects.select_related("account", "domain", "connection").get(pk=mailing_id)
        server = connections.server_for(mailing.connection)
        return Outfit(mailing, skeleton_for(mailing), server, Limits(mailing))


def skeleton_for(mailing: Mailing) -> Skeleton:
    """Return a mailing's message with slots, its signers in place."""
    program = compiling.load(bytes(mailing.program))
    return Skeleton(program, identity_of(mailing), connections.signers_for(mailing.domain))


def identity_of(mailing: Mailing) -> Identity:
    """Return what a mailing's headers say of its origin."""
    domain = mailing.domain.domain if mailing.domain else settings.PLATFORM_DOMAIN
    list_part = f"l{mailing.list_ids[0]}" if len(mailing.list_ids) == 1 else f"a{mailing.account_id}"
    return Identity(
        from_name=mailing.from_name,
        from_email=mailing.from_email,
        reply_to=mailing.reply_to,
        list_name=mailing.list_name,
        list_id=f"{list_part}.{domain}",
        feedback_id=f"{mailing.pk}:{mailing.account_id}:{mailing.kind}:emailconcert",
        bounce_domain=f"bounce.{domain}",
        tracking_url=settings.TRACKING_URL,
    )

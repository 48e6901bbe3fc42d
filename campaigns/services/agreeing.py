"""What a member agrees to by pressing Send: all that the review showed, and nothing that was changed since."""

import hashlib

import orjson

from campaigns.models import Campaign
from campaigns.services import rehearsing
from emailconcert.lib.errors import ExpectedError

_NOT_SHOWN = {"id", "account_id", "campaign_id", "mailing_id", "revision"}


class ChangedSince(ExpectedError):
    """Somebody has changed it after it was looked at."""

    def __init__(self) -> None:
        super().__init__("This campaign was changed after you opened this page. Look at it again before you send it.")


def state(campaign: Campaign) -> str:
    """Return what stands for all that a review shows: another one after any change."""
    written = campaign.variants.order_by("name").values()
    shown = [
        [{name: value for name, value in each.items() if name not in _NOT_SHOWN} for each in written],
        [campaign.sender_id, campaign.reply_to],
        [campaign.timing, campaign.day, campaign.clock, campaign.zone, campaign.spread_hours],
        [campaign.sample_percent, campaign.winner_by, campaign.winner_after, campaign.if_undecided, campaign.rest_goes],
        rehearsing.fingerprint(campaign),
    ]
    return hashlib.sha256(orjson.dumps(shown, option=orjson.OPT_SORT_KEYS)).hexdigest()


def check(campaign: Campaign, seen: str) -> None:
    """Raise `ChangedSince` where it is not what was seen; an empty text was nothing that anybody looked at."""
    if seen and seen != state(campaign):
        raise ChangedSince

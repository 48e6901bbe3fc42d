"""What a submission of a form agreed to: written down with the submission in one statement, confirmed by its link."""

from datetime import datetime

from privacy.models import Consent


def record_sql(*, only_if: str) -> str:
    """Return the statement that writes down what one submission agreed to, if `only_if` has a row.

    Its parameters: account, hash, form, version, network, now, channel, and `wordings` and `lists`, two arrays of the
    same length, the list null where a box is about none.
    """
    return f"""
        INSERT INTO privacy_consent (account_id, address_hash, wording_id, channel, list_id, source_id, source_version,
                                     network, given_at)
        SELECT %(account)s, %(hash)s, agreed.wording_id, %(channel)s, agreed.list_id, %(form)s, %(version)s,
               %(network)s, %(now)s
        FROM {only_if}, unnest(%(wordings)s::bigint[], %(lists)s::bigint[]) AS agreed (wording_id, list_id)
    """  # noqa: S608  # a name given by code


def confirm(*, account_id: int, address_hash: bytes, form_id: int, given_at: datetime, now: datetime) -> int:
    """Mark what one submission agreed to as confirmed; its moment tells it from others. Return how many."""
    agreed = Consent.objects.filter(
        account_id=account_id,
        address_hash=address_hash,
        channel=Consent.Channel.FORM,
        source_id=form_id,
        given_at=given_at,
        confirmed_at=None,
        withdrawn_at=None,
    )
    return agreed.update(confirmed_at=now)

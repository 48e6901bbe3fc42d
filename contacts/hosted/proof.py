"""Telling people from programs without a third party: a signed stamp of when the page was made, and some work to do.

The page's script looks for a number that, hashed with the stamp, begins with `BITS` zero bits: a blink for a browser,
a cost for whoever wants thousands. Where there is no script (or the form stands as plain HTML elsewhere), the person is
shown what they entered once more and presses again; the limits for those are narrower.
"""

import hashlib
import os
import struct
from datetime import datetime, timedelta
from enum import IntEnum

from emailconcert.lib import limits, signing

BITS = 14
TOO_FAST = timedelta(seconds=2)
LIFE = timedelta(hours=6)
_PURPOSE = "form stamp"
_BODY = struct.Struct(">QQB8s")


class Trust(IntEnum):
    """How much speaks for a person."""

    NONE = 0  # no stamp, an old or used one, or quicker than anybody types
    PRESSED = 1  # pressed the button of the second page
    WORKED = 2  # did the work, in a time that a person needs


def new_stamp(*, form_id: int, now: datetime, again: bool = False) -> str:
    """Return a fresh stamp for a form's page; `again` for the page that asks to press once more."""
    payload = _BODY.pack(form_id, int(now.timestamp() * 1000), again, os.urandom(8))
    return signing.sign(payload, purpose=_PURPOSE, expires_at=now + LIFE)


def judge(*, stamp: str, work: str, form_id: int, now: datetime) -> Trust:
    """Judge what a submission brings, and use the stamp up."""
    try:
        made_for, made, again, _ = _BODY.unpack(signing.unsign(stamp, purpose=_PURPOSE, now=now))
    except (signing.BadToken, struct.error):
        return Trust.NONE
    if made_for != form_id or not limits.hit("form stamp", stamp, 1, int(LIFE.total_seconds())):
        return Trust.NONE
    is_quick = now.timestamp() * 1000 - made < TOO_FAST.total_seconds() * 1000
    if is_worked(stamp, work) and (again or not is_quick):
        return Trust.WORKED
    return Trust.PRESSED if again else Trust.NONE


def is_worked(stamp: str, work: str) -> bool:
    """Tell whether the work for a stamp was done."""
    if not (work.isascii() and work.isdigit() and len(work) <= 12):
        return False
    digest = hashlib.sha256(f"{stamp}:{work}".encode()).digest()
    return int.from_bytes(digest[:4]) >> (32 - BITS) == 0


def do_work(stamp: str) -> str:
    """Do the work, as the page's script does; for tests and the benchmark."""
    number = 0
    while not is_worked(stamp, str(number)):
        number += 1
    return str(number)

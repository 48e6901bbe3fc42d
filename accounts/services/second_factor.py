"""One-time codes and recovery codes.

Source: RFC 6238 (SHA-1, 30 s, 6 digits; one step either way for clocks that differ). Each code works once.
"""

import base64
import secrets
from datetime import datetime
from io import BytesIO
from urllib.parse import quote, urlencode

import qrcode
from django.conf import settings
from django.db import transaction
from django_otp.oath import hotp
from qrcode.image.svg import SvgPathFillImage

from accounts.models import RecoveryCode, RememberedDevice, TotpDevice, User
from accounts.services import auditing, outbox
from emailconcert.lib import addresses, encryption, limits
from emailconcert.lib.errors import ExpectedError

_SEED_CONTEXT = "accounts_totpdevice.sealed_seed"
_ENROL_CONTEXT = "accounts second factor enrolment:"
_STEP = 30
_DRIFT = 1
_SEED_BYTES = 20
RECOVERY_CODES = 10
# No letters or digits that look alike.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


class WrongCode(ExpectedError):
    """The code is wrong, has run out or was used before."""

    def __init__(self) -> None:
        super().__init__("This code is not valid. Wait for the next one in your app, or use a recovery code.")


class TooManyCodes(ExpectedError):
    """Too many wrong codes in a short time."""

    def __init__(self) -> None:
        super().__init__("Too many wrong codes. Wait a little, then try the code that your app shows then.")


class BadEnrolment(ExpectedError):
    """The form's seed was changed, or is another profile's."""


class AlreadyEnrolled(ExpectedError):
    """There is an authenticator app already."""


def device_of(user: User) -> TotpDevice | None:
    """Return the profile's authenticator app, or None."""
    device: TotpDevice | None = TotpDevice.objects.filter(user=user, confirmed=True).first()
    return device


def codes_left(user: User) -> int:
    """Return how many recovery codes are unused."""
    left: int = RecoveryCode.objects.filter(user=user, used_at=None).count()
    return left


def new_enrolment(user: User) -> str:
    """Return a fresh seed, sealed for this profile, for the form that sets the app up; nothing is stored yet."""
    return _seal_enrolment(user, secrets.token_bytes(_SEED_BYTES))


def enrolment_key(user: User, enrolment: str) -> str:
    """Return the seed of an enrolment as the person types it into an app (base32). Raises `BadEnrolment`."""
    return base64.b32encode(_open_enrolment(user, enrolment)).decode()


def enrolment_picture(user: User, enrolment: str) -> str:
    """Return the QR code of an enrolment as a data: address (SVG). Raises `BadEnrolment`."""
    label = quote(f"{settings.OTP_TOTP_ISSUER}:{user.email}")
    query = urlencode({"secret": enrolment_key(user, enrolment), "issuer": settings.OTP_TOTP_ISSUER})
    picture = BytesIO()
    qrcode.make(f"otpauth://totp/{label}?{query}", image_factory=SvgPathFillImage, box_size=12, border=3).save(picture)
    return f"data:image/svg+xml;base64,{base64.b64encode(picture.getvalue()).decode()}"


def enrol(
    *, user: User, enrolment: str, code: str, actor: auditing.Actor, now: datetime
) -> tuple[TotpDevice, list[str]]:
    """Keep the app whose code proves it; return it and the recovery codes, shown this once.

    Raises `WrongCode`, `AlreadyEnrolled`.
    """
    try:
        seed = _open_enrolment(user, enrolment)
    except BadEnrolment:
        raise WrongCode from None
    step = _matching_step(seed, code, after=-1, now=now)
    if step is None:
        raise WrongCode
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        if device_of(user) is not None:
            raise AlreadyEnrolled("A second factor is set up already. Remove it first to set up another.")
        device = TotpDevice.objects.create(
            user=user,
            name="Authenticator app",
            confirmed=True,
            sealed_seed=encryption.seal(seed, context=_SEED_CONTEXT),
            last_step=step,
        )
        codes = _write_codes(user)
        _tell(user, what="A second factor was set up for your profile.", now=now)
        _record("second_factor.enrolled", user, actor, now)
    return device, codes


def enrol_seed(*, user: User, seed: bytes, now: datetime) -> TotpDevice:
    """Set up an app with a seed that is known beforehand: for the demo account only."""
    with transaction.atomic():
        _record("second_factor.enrolled", user, auditing.SYSTEM, now)
        device: TotpDevice = TotpDevice.objects.create(
            user=user,
            name="Authenticator app",
            confirmed=True,
            sealed_seed=encryption.seal(seed, context=_SEED_CONTEXT),
            last_step=-1,
        )
    return device


def disable(*, user: User, actor: auditing.Actor, now: datetime) -> None:
    """Remove the app, the recovery codes and the remembered devices."""
    with transaction.atomic():
        TotpDevice.objects.filter(user=user).delete()
        RecoveryCode.objects.filter(user=user).delete()
        RememberedDevice.objects.filter(user=user).delete()
        _tell(user, what="The second factor of your profile was removed.", now=now)
        _record("second_factor.removed", user, actor, now)


def renew_codes(*, user: User, actor: auditing.Actor, now: datetime) -> list[str]:
    """Replace the recovery codes; return the new ones, shown this once."""
    with transaction.atomic():
        codes = _write_codes(user)
        _record("second_factor.codes_renewed", user, actor, now)
    return codes


def verify(*, user: User, code: str, now: datetime) -> TotpDevice:
    """Accept a code of the app or a recovery code, once; return the device that stands for both.

    Raises `WrongCode`, and `TooManyCodes` while wrong ones came too fast.
    """
    if not limits.hit("second factor", user.pk, 10, 600):
        raise TooManyCodes
    with transaction.atomic():
        device: TotpDevice | None = TotpDevice.objects.select_for_update().filter(user=user, confirmed=True).first()
        if device is None:
            raise WrongCode
        allowed, _ = device.verify_is_allowed()
        if allowed:
            accepted = _accept(device, code, now=now)
            # Written in this transaction and committed with it: what is raised below does not undo it.
            if accepted:
                device.throttle_reset()
            else:
                device.throttle_increment()
    if not allowed:
        raise TooManyCodes
    if not accepted:
        raise WrongCode
    limits.forget("second factor", user.pk)
    return device


def _accept(device: TotpDevice, code: str, *, now: datetime) -> bool:
    typed = code.strip().lower().replace(" ", "").replace("-", "")
    if not (typed.isascii() and typed.isdigit()) or len(typed) != 6:
        return bool(
            RecoveryCode.objects.filter(
                user_id=device.user_id, used_at=None, code_hash=_code_hash(device.user_id, typed)
            ).update(used_at=now)
        )
    seed = encryption.unseal(bytes(device.sealed_seed), context=_SEED_CONTEXT)
    step = _matching_step(seed, typed, after=device.last_step, now=now)
    if step is None:
        return False
    device.last_step = step
    device.save(update_fields=["last_step"])
    return True


def _matching_step(seed: bytes, code: str, *, after: int, now: datetime) -> int | None:
    """Return the step around `now` that the code is of and that is later than `after`."""
    current = int(now.timestamp()) // _STEP
    typed = code.strip().replace(" ", "")
    for step in range(current - _DRIFT, current + _DRIFT + 1):
        if step > after and secrets.compare_digest(f"{hotp(seed, step):06d}".encode(), typed.encode()):
            return step
    return None


def _write_codes(user: User) -> list[str]:
    RecoveryCode.objects.filter(user=user).delete()
    codes = ["".join(secrets.choice(_ALPHABET) for _ in range(10)) for _ in range(RECOVERY_CODES)]
    RecoveryCode.objects.bulk_create(
        RecoveryCode(user=user, name="Recovery code", code_hash=_code_hash(user.pk, code)) for code in codes
    )
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def _code_hash(user_id: int, code: str) -> bytes:
    return addresses.keyed_hash(f"{user_id}:{code}".encode(), purpose="recovery code")


def _seal_enrolment(user: User, seed: bytes) -> str:
    sealed = encryption.seal(seed, context=f"{_ENROL_CONTEXT}{user.pk}")
    return base64.urlsafe_b64encode(sealed).decode()


def _open_enrolment(user: User, enrolment: str) -> bytes:
    try:
        sealed = base64.urlsafe_b64decode(enrolment.encode())
        return encryption.unseal(sealed, context=f"{_ENROL_CONTEXT}{user.pk}")
    except (ValueError, encryption.CannotDecrypt):
        raise BadEnrolment("Begin the set-up again.") from None


def _tell(user: User, *, what: str, now: datetime) -> None:
    outbox.put_mail(
        template="security_change",
        to=user.email,
        context={"name": user.name, "what": what},
        language=user.language,
        account_id=None,
        now=now,
    )


def _record(action: str, user: User, actor: auditing.Actor, now: datetime) -> None:
    auditing.record(action=action, actor=actor, now=now, account_id=user.last_account_id, target=("profile", user.pk))

"""A person's data as one file: made, sealed with a key of its own, handed over by link and code, destroyed in time.

Call inside the platform's scope, except the functions that a page calls (`look`, `send_code`, `fetch`) and `expire`.
"""

import hmac
import os
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from emailconcert.lib import encryption, limits, signing
from emailconcert.lib.addresses import keyed_hash
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import platform_scope
from privacy import registry
from privacy.models import Package, PrivacyRequest, RequestToken
from privacy.services import letters, packaging

LIFE = timedelta(days=7)
DOWNLOADS = 3
CODE_LIFE = timedelta(minutes=15)
CODE_ATTEMPTS = 5
_KEY = "privacy_package.sealed_key"
_PURPOSE = "privacy.package"


class Gone(ExpectedError):
    """The link is unknown or has run out, or was used as often as it may be."""

    def __init__(self) -> None:
        super().__init__("This link is not valid any more. It works for 7 days and 3 downloads.")


class WrongCode(ExpectedError):
    """The code is not the one last mailed, or too old, or was tried too often."""

    def __init__(self) -> None:
        super().__init__("That is not the code we mailed last, or it is older than 15 minutes. Ask for a new one.")


@dataclass(frozen=True)
class Offer:
    """What the page behind a package's link shows."""

    reference: str
    expires_at: datetime
    downloads_left: int
    code_sent: bool


def make(*, request: PrivacyRequest, subject: registry.Subject, now: datetime) -> tuple[Package, list[dict[str, Any]]]:
    """Gather everything held, seal it on disk; return the package and the counts. An earlier one is destroyed."""
    held = packaging.gather(subject)
    raw = packaging.pack(request=request, subject=subject, held=held, now=now)
    for old in Package.objects.filter(request=request):
        _destroy(old)
        old.delete()
    name = f"packages/{secrets.token_hex(16)}.bin"
    secret = os.urandom(32)
    nonce = os.urandom(12)
    path = Path(settings.MEDIA_DIR) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(nonce + AESGCM(secret).encrypt(nonce, raw, name.encode()))
    package = Package.objects.create(
        request=request,
        path=name,
        sealed_key=encryption.seal(secret, context=_KEY),
        sha256=packaging.digest(raw),
        size=len(raw),
        made_at=now,
        expires_at=now + LIFE,
    )
    return package, [{"title": each.title, "rows": len(each.rows)} for each in held]


def new_link(request: PrivacyRequest) -> str:
    """Return the secret of a fresh link to the request's package; earlier links stop working."""
    secret = signing.new_secret()
    request.tokens.filter(purpose=RequestToken.Purpose.PACKAGE).delete()
    RequestToken.objects.create(
        request=request,
        purpose=RequestToken.Purpose.PACKAGE,
        secret_hash=signing.secret_hash(secret, purpose=_PURPOSE),
        expires_at=request.package.expires_at,
    )
    return secret


def address_of(secret: str) -> str:
    """Return the address of the page behind a link."""
    return f"{settings.SITE_URL}/privacy/package/{secret}/"


def look(*, secret: str, now: datetime) -> Offer:
    """Return what a link offers and change nothing. Raises `Gone`."""
    with platform_scope("privacy: look at a package"):
        package = _package(secret, now)
        sent = package.code_hash is not None and package.code_expires_at is not None and package.code_expires_at > now
        return Offer(package.request.reference, package.expires_at, DOWNLOADS - package.downloads, sent)


def send_code(*, secret: str, now: datetime) -> None:
    """Mail a fresh code to the person. Raises `Gone`."""
    with platform_scope("privacy: send a package's code"):
        package = _package(secret, now)
        if not limits.hit("package code", package.pk, 5, 3600):
            return
        code = f"{secrets.randbelow(10**8):08d}"
        package.code_hash = _code_hash(package, code)
        package.code_expires_at = now + CODE_LIFE
        package.code_attempts = 0
        package.save(update_fields=["code_hash", "code_expires_at", "code_attempts"])
        letters.to_person(package.request, "privacy_code", now=now, code=f"{code[:4]} {code[4:]}")


def fetch(*, secret: str, code: str, now: datetime) -> tuple[str, bytes]:
    """Return file name and ZIP; counts one download and uses the code up. Raises `Gone` and `WrongCode`."""
    with platform_scope("privacy: hand a package over"):
        package = _package(secret, now)
        if _may_open(package, code, now):
            return f"{package.request.reference}.zip", _open(package)
    raise WrongCode  # after the attempt was counted and committed


def expire(*, now: datetime) -> int:
    """Destroy the keys and files of packages whose time is over; return how many."""
    with platform_scope("privacy: destroy old packages"):
        old = list(Package.objects.filter(expires_at__lte=now).exclude(sealed_key=None))
        for package in old:
            _destroy(package)
        return len(old)


def _package(secret: str, now: datetime) -> Package:
    found = (
        Package.objects.select_for_update(of=("self",))
        .select_related("request")
        .filter(
            request__tokens__purpose=RequestToken.Purpose.PACKAGE,
            request__tokens__secret_hash=signing.secret_hash(secret, purpose=_PURPOSE),
            request__tokens__expires_at__gt=now,
            expires_at__gt=now,
            downloads__lt=DOWNLOADS,
        )
        .exclude(sealed_key=None)
        .first()
    )
    if found is None:
        raise Gone
    return found


def _may_open(package: Package, code: str, now: datetime) -> bool:
    fresh = package.code_expires_at is not None and package.code_expires_at > now
    if package.code_hash is None or not fresh or package.code_attempts >= CODE_ATTEMPTS:
        return False
    package.code_attempts += 1
    digits = "".join(each for each in code if each.isdigit())
    right = hmac.compare_digest(bytes(package.code_hash), _code_hash(package, digits))
    if right:
        package.code_hash = None
        package.downloads += 1
    package.save(update_fields=["code_hash", "code_attempts", "downloads"])
    return right


def _open(package: Package) -> bytes:
    secret = encryption.unseal(bytes(package.sealed_key or b""), context=_KEY)
    sealed = (Path(settings.MEDIA_DIR) / package.path).read_bytes()
    return AESGCM(secret).decrypt(sealed[:12], sealed[12:], package.path.encode())


def _destroy(package: Package) -> None:
    (Path(settings.MEDIA_DIR) / package.path).unlink(missing_ok=True)
    package.sealed_key = None
    package.code_hash = None
    package.save(update_fields=["sealed_key", "code_hash"])


def _code_hash(package: Package, code: str) -> bytes:
    return keyed_hash(f"{package.pk}:{code}".encode(), purpose="package code")

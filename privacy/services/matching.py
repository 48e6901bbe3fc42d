"""Whose data a request is about: the person's contacts, in which accounts. Seen by the DPO only.

Call inside the platform's scope.
"""

import re
import unicodedata
from dataclasses import dataclass

from accounts.models import Account
from emailconcert.lib import addresses
from privacy import registry
from privacy.models import PrivacyRequest
from privacy.services import texts


@dataclass(frozen=True)
class AccountMatch:
    """An account that has a contact with the address of the request."""

    account_id: int
    account_name: str
    contact_ids: tuple[int, ...]
    names: tuple[str, ...]
    is_named: bool


def find(request: PrivacyRequest) -> list[AccountMatch]:
    """Return the accounts that hold the request's address, those named in the request first."""
    address = texts.read(request, "sealed_email")
    if not address:
        return []
    wanted = plain_name(texts.read(request, "sealed_business_name"))
    grouped: dict[int, list[registry.Match]] = {}
    for match in registry.find_contacts(address):
        grouped.setdefault(match.account_id, []).append(match)
    names = dict(Account.objects.filter(pk__in=grouped).values_list("pk", "name"))
    found = [
        AccountMatch(
            account_id=account_id,
            account_name=names.get(account_id, ""),
            contact_ids=tuple(match.contact_id for match in matches),
            names=tuple({name for match in matches for name in match.names}),
            is_named=bool(wanted) and plain_name(names.get(account_id, "")) == wanted,
        )
        for account_id, matches in grouped.items()
    ]
    return sorted(found, key=lambda match: (not match.is_named, match.account_name))


def choose(request: PrivacyRequest, matches: list[AccountMatch]) -> AccountMatch | None:
    """Return the one account meant: the one named, else the only one where none was named."""
    named = [match for match in matches if match.is_named]
    if len(named) == 1:
        return named[0]
    nothing_typed = not texts.read(request, "sealed_business_name")
    return matches[0] if len(matches) == 1 and nothing_typed else None


def named_accounts(request: PrivacyRequest) -> list[int]:
    """Return the accounts whose name is the one typed, whether or not they know the address."""
    wanted = plain_name(texts.read(request, "sealed_business_name"))
    if not wanted:
        return []
    return [pk for pk, name in Account.objects.values_list("pk", "name") if plain_name(name) == wanted]


def subject_for(request: PrivacyRequest) -> registry.Subject:
    """Return the person as the registry knows them: within the matched account, or a login profile."""
    address = texts.read(request, "sealed_email")
    if request.subject_kind == PrivacyRequest.SubjectKind.USER:
        names = (texts.read(request, "sealed_full_name"),)
        address_hash = addresses.address_hash(address, account_id=0)
        return registry.Subject(
            registry.SubjectKind.USER, 0, address, address_hash, user_id=request.user_id, names=names
        )
    return contact_subject(account_id=request.account_id or 0, address=address)


def contact_subject(*, account_id: int, address: str) -> registry.Subject:
    """Return the contact of an account with that address, who may not be there (any more)."""
    matches = [match for match in registry.find_contacts(address) if match.account_id == account_id]
    return registry.Subject(
        registry.SubjectKind.CONTACT,
        account_id,
        address,
        addresses.address_hash(address, account_id=account_id),
        contact_ids=tuple(match.contact_id for match in matches),
        names=tuple(name for match in matches for name in match.names),
    )


def plain_name(text: str) -> str:
    """Return a business name without case, accents, punctuation and legal form, for comparing."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    words = re.findall(r"[^\W_]+", "".join(each for each in letters if not unicodedata.combining(each)))
    return " ".join(word for word in words if word not in {"ltd", "llc", "inc", "gmbh", "ag", "sa", "sarl", "bv", "co"})

"""Exports of other products, recognised by their columns, so that moving here is one upload.

Heads as `columns.head_key` gives them: without case, blanks and punctuation. Columns that a product needs for itself are
left out; those that say who unsubscribed or bounced are read as that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Product:
    """One product: columns by which it is known (any of the groups), and what its columns mean."""

    name: str
    marks: tuple[frozenset[str], ...]
    targets: Mapping[str, str]


def _groups(*groups: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(group.split()) for group in groups)


def _targets(*, out: str, **into: str) -> dict[str, str]:
    """Return head → target: `into` names targets with their heads, `out` the columns to leave out."""
    found = {head: target for target, heads in into.items() for head in heads.split()}
    return {**dict.fromkeys(out.split(), ""), **found}


PRODUCTS: tuple[Product, ...] = (
    Product(
        "Mailchimp",
        _groups("leid euid", "memberrating optintime", "emailaddress optintime lastchanged"),
        _targets(
            email="emailaddress",
            phone="phonenumber",
            time_zone="timezone",
            country="cc",
            tags="tags",
            opted_out="unsubtime",
            bounced="cleantime",
            out="memberrating optintime optinip confirmtime confirmip latitude longitude gmtoff dstoff region lastchanged leid"
            " euid unsubcampaigntitle unsubcampaignid unsubreason unsubreasonother cleancampaigntitle cleancampaignid vip",
        ),
    ),
    Product(
        "listmonk",
        _groups("uuid email name attributes status", "uuid email name status subscriptionstatus"),
        _targets(email="email", name="name", status="status subscriptionstatus", out="id uuid createdat updatedat"),
    ),
    Product(
        "Brevo",
        _groups(
            "email emailblacklisted", "email smsblacklisted", "contactid email sms", "email blacklisted addedtime",
            "email sms optin doubleoptin",
        ),
        _targets(
            email="email",
            first_name="firstname prenom vorname",
            last_name="lastname nom nachname",
            phone="sms",
            opted_out="emailblacklisted blacklisted",
            out="contactid smsblacklisted whatsappblacklisted whatsapp landlinenumber optin doubleoptin addedtime modifiedtime"
            " createdat modifiedat listids extid",
        ),
    ),
    Product(
        "HubSpot",
        _groups("recordid email", "email unsubscribedfromallemail", "contactid email lifecyclestage", "recordidcontact email"),
        _targets(
            email="email",
            phone="phonenumber",
            country="countryregion",
            date_of_birth="dateofbirth",
            language="preferredlanguage",
            time_zone="timezone",
            status="marketingcontactstatus",
            opted_out="unsubscribedfromallemail optedoutofemailmarketinginformation hsemailoptout",
            bounced="emailhardbouncereason invalidemailaddress globallyhardbounced",
            out="recordid recordidcontact contactid contactowner createdate lastmodifieddate lastactivitydate"
            " associatedcompanyids associatedcompanyid associateddealids becameamarketingcontactby",
        ),
    ),
    Product(
        "Mautic",
        _groups(
            "firstname lastname email preferredlocale", "email firstname points lastactive", "email dateidentified points",
            "email donotemail",
        ),
        _targets(
            email="email",
            first_name="firstname",
            last_name="lastname",
            phone="mobile",
            language="preferredlocale locale",
            country="country",
            time_zone="timezone",
            tags="tags",
            opted_out="donotemail donotcontact dnc unsubscribed",
            bounced="bounced",
            out="id points stage stagename owner ownerid ownedby lastactive dateidentified dateadded datemodified createdby modifiedby"
            " attribution attributiondate ipaddress ispublished",
        ),
    ),
)  # fmt: skip


def recognise(heads: Sequence[str]) -> Product | None:
    """Return the product whose export has these heads (keys); the one with the most of its marks there wins."""
    there = set(heads)
    found = [(len(marks), product) for product in PRODUCTS for marks in product.marks if marks <= there]
    return max(found, key=lambda each: each[0])[1] if found else None

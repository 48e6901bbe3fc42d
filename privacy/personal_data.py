"""What privacy itself holds of people, and what it hands out of accounts' data about login profiles."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from accounts.services.media import keeping as media_keeping
from privacy import registry
from privacy.registry import PersonalData, SubjectKind, Sweep
from privacy.services import media_records, own_records, profile_records, retention

registry.register(
    PersonalData(
        app="privacy",
        name="consents",
        title="Consents",
        purpose="Showing that you agreed, when, and to which words.",
        retention_class="consent",
        export=own_records.export_consents,
        count=own_records.count_consents,
        erase=own_records.strip_consents,
        kept="the words and dates by keyed hash, as evidence; the network address goes",
        order=80,
    )
)
registry.register(
    PersonalData(
        app="privacy",
        name="standing",
        title="Blocks on mailing you",
        purpose="Never mailing somebody who said no.",
        retention_class="suppression",
        export=own_records.export_standing,
        count=own_records.count_standing,
        erase=own_records.strip_standing,
        kept="the keyed hash; the address itself goes",
        order=90,
    )
)
registry.register(
    PersonalData(
        app="privacy",
        name="requests",
        title="Earlier privacy requests",
        purpose="Showing that requests were answered in time.",
        retention_class="privacy_request",
        export=own_records.export_requests,
        count=own_records.count_requests,
        erase=own_records.strip_requests,
        kept="the bare facts of closed requests: type, dates, outcome",
        order=95,
    )
)
registry.register(
    PersonalData(
        app="accounts",
        name="media",
        title="Words beside pictures",
        purpose="Telling what a picture shows.",
        retention_class="media",
        export=media_records.export,
        count=media_records.count,
        erase=media_records.strip,
        kept="the picture itself, without its name and alternative text",
        order=70,
    )
)


def _part(name: str) -> Callable[[registry.Subject], list[dict[str, Any]]]:
    return lambda subject: profile_records.export_part(subject, name)


def _count(name: str) -> Callable[[registry.Subject], int]:
    return lambda subject: len(profile_records.export_part(subject, name))


for _order, (_name, _title) in enumerate(profile_records.PARTS.items()):
    registry.register(
        PersonalData(
            app="accounts",
            name=_name,
            title=_title,
            purpose="Letting you sign in and act for your accounts.",
            retention_class="audit" if _name == "acts" else "login_profile",
            kind=SubjectKind.USER,
            export=_part(_name),
            count=_count(_name),
            erase=profile_records.erase if _name == "profile" else profile_records.erased_with_profile,
            restrict=profile_records.restrict if _name == "profile" else None,
            kept="that something was done, without who" if _name == "acts" else "",
            order=10 + _order,
        )
    )

registry.register_sweep(Sweep("request_token", "Links of privacy requests", timedelta(days=7), retention.sweep_tokens))
registry.register_sweep(Sweep("package", "Packages of personal data", timedelta(0), retention.sweep_packages))
registry.register_sweep(
    Sweep("session", "Sessions and remembered browsers", timedelta(days=1), retention.sweep_sessions)
)
registry.register_sweep(
    Sweep("outbox", "Mails that could not be handed over", timedelta(days=30), retention.sweep_outbox)
)
registry.register_sweep(
    Sweep("privacy_request", "Texts of closed requests", timedelta(days=1095), retention.sweep_requests)
)
registry.register_sweep(Sweep("media", "Deleted pictures that nothing shows", timedelta(days=30), media_keeping.sweep))

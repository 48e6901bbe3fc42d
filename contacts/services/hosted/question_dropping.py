"""Taking a question out of every form that asks it, because its field goes."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from django.db.models import F, Q

from accounts.services import auditing
from accounts.services.auditing import SYSTEM, Actor
from contacts.hosted import blueprint as blueprints
from contacts.hosted.blueprint import Blueprint
from contacts.models import Form, FormVersion


def forms_asking(*, account_id: int, name: str) -> list[Form]:
    """Return the forms whose draft or version online asks for a field, by name."""
    asks = [{"field": name}]
    online = FormVersion.objects.filter(
        account_id=account_id, number=F("form__version"), blueprint__questions__contains=asks
    )
    wanted = Q(draft__questions__contains=asks) | Q(pk__in=online.values("form_id"))
    return list(Form.objects.filter(wanted, account_id=account_id).order_by("name", "pk"))


def drop_question(*, account_id: int, name: str, now: datetime, actor: Actor = SYSTEM) -> None:
    """Take a question out of drafts, and out of what is online as a version more: versions tell what people saw."""
    for form in forms_asking(account_id=account_id, name=name):
        held = Form.objects.select_for_update().get(pk=form.pk)
        held.draft = _without(blueprints.from_json(held.draft), name).to_json()
        last = FormVersion.objects.filter(form=held, number=held.version).first()
        if last is not None and any(each["field"] == name for each in last.blueprint.get("questions", ())):
            held.version += 1
            FormVersion.objects.create(
                account_id=account_id,
                form=held,
                number=held.version,
                blueprint=_without(blueprints.from_json(last.blueprint), name).to_json(),
                wordings=last.wordings,
                published_at=now,
            )
        held.save(update_fields=["draft", "version"])
        auditing.record(
            action="form.question_dropped",
            actor=actor,
            now=now,
            account_id=account_id,
            target=("form", held.pk),
            details={"field": name, "version": held.version},
        )


def _without(page: Blueprint, name: str) -> Blueprint:
    of_it = {f"label:{name}", f"help:{name}"}

    def kept(texts: Mapping[str, str]) -> dict[str, str]:
        return {key: text for key, text in texts.items() if key not in of_it}

    return replace(
        page,
        questions=tuple(each for each in page.questions if each.field != name),
        texts={language: kept(texts) for language, texts in page.texts.items()},
    )

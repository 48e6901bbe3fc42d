"""The naive way to take a submission: the same page and limits, each row read and written by itself through the ORM.

`granian --interface wsgi bench.naive_forms:application`.
"""

import orjson

from emailconcert.wsgi import application

# Only now: these need what the application has set up.
# isort: split
from accounts.services import keys
from contacts.hosted import blueprint as blueprints
from contacts.models import CustomField, Form, FormDay, FormSubmission, FormVersion, List
from contacts.services.hosted import form_keeping, signing_up
from emailconcert.lib import addresses, signing
from privacy.models import Consent
from privacy.services import consents, standing

__all__ = ["application"]


def online(*, account_id, form_id):
    form = Form.objects.get(account_id=account_id, pk=form_id, is_active=True)
    version = FormVersion.objects.get(form=form, number=form.version)
    page = blueprints.from_json(version.blueprint)
    list(CustomField.objects.filter(account_id=account_id))
    lists = tuple((pk, List.objects.get(pk=pk).name) for pk in page.lists)
    return form_keeping.Online(form_id, form.slug, version.number, page, version.wordings, lists)


def take_down(account, form, filled, *, address, secret, language, network, now):
    if standing.blocked_domains(account_id=account.pk, domains=[addresses.domain_of(address)]):
        return None
    digest = addresses.address_hash(address, account_id=account.pk)
    typed = orjson.dumps({"email": address, "values": filled.values, "lists": list(filled.lists)}).decode()
    made = FormSubmission.objects.create(
        account_id=account.pk,
        form_id=form.form_id,
        email_hash=digest,
        sealed_values=keys.seal_text(typed, account_id=account.pk, context=signing_up._SEALED),
        secret_hash=signing.secret_hash(secret, purpose=signing_up._PURPOSE),
        network=network,
        form_version=form.number,
        language=language,
        submitted_at=now,
    )
    for list_id in filled.lists:
        consents.record_consent(
            account_id=account.pk,
            address_hash=digest,
            wording_text=form.blueprint.text("consent", language),
            channel=Consent.Channel.FORM,
            list_id=list_id,
            source_id=form.form_id,
            source_version=form.number,
            network=network,
            now=now,
        )
    day, _ = FormDay.objects.select_for_update().get_or_create(
        account_id=account.pk, form_id=form.form_id, day=now.date()
    )
    day.submissions += 1
    day.save()
    return made.pk


form_keeping.online = online
signing_up._take_down = take_down

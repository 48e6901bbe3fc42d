"""The one key of each domain becomes a row, sealed for the column it now stands in."""

from django.db import migrations

from accounts.services import keys

_OLD, _NEW = "delivery_sendingdomain.sealed_private_key", "delivery_dkimkey.sealed_private_key"


def move(apps, schema_editor):
    made = apps.get_model("delivery", "DkimKey").objects
    for domain in apps.get_model("delivery", "SendingDomain").objects.order_by("pk").iterator(chunk_size=200):
        try:
            text = keys.unseal_text(bytes(domain.sealed_private_key), account_id=domain.account_id, context=_OLD)
        except keys.KeyDestroyed:  # the account is closed, and nothing is signed for it any more
            continue
        made.get_or_create(
            account_id=domain.account_id,
            domain_id=domain.pk,
            selector=domain.selector,
            defaults={
                "algorithm": "rsa",
                "state": "signing" if domain.verified_at else "new",
                "sealed_private_key": keys.seal_text(text, account_id=domain.account_id, context=_NEW),
                "public_key": domain.public_key,
                "found_at": domain.verified_at,
                "signing_at": domain.verified_at,
            },
        )
        domain.findings = {}  # they were written in another shape
        domain.save(update_fields=["findings"])


def move_back(apps, schema_editor):
    domains = apps.get_model("delivery", "SendingDomain").objects
    rows = apps.get_model("delivery", "DkimKey").objects.filter(algorithm="rsa").exclude(state="retired")
    for key in rows.order_by("pk").iterator(chunk_size=200):
        text = keys.unseal_text(bytes(key.sealed_private_key), account_id=key.account_id, context=_NEW)
        sealed = keys.seal_text(text, account_id=key.account_id, context=_OLD)
        found = domains.filter(pk=key.domain_id)
        found.update(selector=key.selector, sealed_private_key=sealed, public_key=key.public_key, findings={})


class Migration(migrations.Migration):
    dependencies = [("delivery", "0006_dkim_keys"), ("accounts", "0001_initial")]

    operations = [migrations.RunPython(move, move_back)]

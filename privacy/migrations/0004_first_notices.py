"""Post version 1 of the notice and the Terms; let erasure take the actor out of a request's log."""

from datetime import UTC, date, datetime
from pathlib import Path

from django.db import migrations

_TEXTS = Path(__file__).resolve().parent.parent / "notices"
_EFFECTIVE = date(2026, 1, 1)


def post(apps, _schema_editor):
    notice_version = apps.get_model("privacy", "NoticeVersion")
    for document in ("notice", "terms"):
        notice_version.objects.get_or_create(
            document=document,
            version="1",
            language="en",
            defaults={
                "text": (_TEXTS / f"{document}-1.md").read_text(),
                "effective_on": _EFFECTIVE,
                "posted_at": datetime.now(UTC),
            },
        )


class Migration(migrations.Migration):
    dependencies = [("privacy", "0003_more_of_requests")]

    operations = [
        migrations.RunPython(post, migrations.RunPython.noop),
        migrations.RunSQL(
            "GRANT UPDATE (actor_id) ON privacy_requestevent TO ec_platform",
            "REVOKE UPDATE (actor_id) ON privacy_requestevent FROM ec_platform",
        ),
    ]

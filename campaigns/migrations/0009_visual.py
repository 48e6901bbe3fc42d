"""The visual way of writing."""

from django.db import migrations, models

KINDS = [
    ("visual", "Visual"),
    ("markdown", "Markdown"),
    ("rich", "Rich text"),
    ("html", "HTML"),
    ("mjml", "MJML"),
]


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0008_checks")]

    operations = [
        migrations.AlterField("variant", "kind", models.CharField(choices=KINDS, default="markdown", max_length=8)),
        migrations.AlterField("contentversion", "kind", models.CharField(choices=KINDS, max_length=8)),
    ]

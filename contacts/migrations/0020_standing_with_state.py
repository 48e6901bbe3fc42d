"""Who is subscribed to a list is counted from the index alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("contacts", "0019_paused_by_index"),)

    operations = (
        migrations.RemoveConstraint(model_name="subscription", name="one_standing_per_list"),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.UniqueConstraint(
                fields=("account", "list", "contact"), include=("state",), name="one_standing_per_list"
            ),
        ),
    )

"""Numbers that reports read. Each has people's and machines' beside each other."""

from django.db import models

from emailconcert.lib.tenancy import TenantModel


class MailingRollup(TenantModel):
    """Totals of one mailing: all events, and messages with at least one (`unique_`)."""

    mailing_id = models.BigIntegerField()
    opens_people = models.BigIntegerField(default=0, db_default=0)
    opens_machine = models.BigIntegerField(default=0, db_default=0)
    unique_opens_people = models.BigIntegerField(default=0, db_default=0)
    unique_opens_machine = models.BigIntegerField(default=0, db_default=0)
    clicks_people = models.BigIntegerField(default=0, db_default=0)
    clicks_machine = models.BigIntegerField(default=0, db_default=0)
    unique_clicks_people = models.BigIntegerField(default=0, db_default=0)
    unique_clicks_machine = models.BigIntegerField(default=0, db_default=0)
    unsubscribes = models.BigIntegerField(default=0, db_default=0)
    bounces = models.BigIntegerField(default=0, db_default=0)
    complaints = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "mailing_id"), name="one_rollup_per_mailing"),)


class HourlyRollup(TenantModel):
    """Events of one kind of one mailing in one hour (UTC)."""

    mailing_id = models.BigIntegerField()
    hour = models.DateTimeField()
    kind = models.SmallIntegerField()
    people = models.BigIntegerField(default=0, db_default=0)
    machine = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("account", "mailing_id", "hour", "kind"), name="one_rollup_per_hour"),
        )


class LinkRollup(TenantModel):
    """Clicks on one link of one mailing."""

    mailing_id = models.BigIntegerField()
    link = models.SmallIntegerField()
    clicks_people = models.BigIntegerField(default=0, db_default=0)
    clicks_machine = models.BigIntegerField(default=0, db_default=0)
    unique_clicks_people = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "mailing_id", "link"), name="one_rollup_per_link"),)


class MessageActivity(TenantModel):
    """What is known of one message that something happened to: first times, for uniques and for the timeline."""

    mailing_id = models.BigIntegerField()
    sequence = models.IntegerField()
    contact_id = models.BigIntegerField(null=True)
    first_open_people = models.DateTimeField(null=True)
    first_open_machine = models.DateTimeField(null=True)
    first_click_people = models.DateTimeField(null=True)
    first_click_machine = models.DateTimeField(null=True)
    clicked_links = models.JSONField(default=list, db_default=[], help_text="Numbers of links that a person clicked.")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("account", "mailing_id", "sequence"), name="one_activity_per_message"),
        )
        indexes = (models.Index(fields=("account", "contact_id"), name="activity_of_contact_messages"),)


class ContactActivity(TenantModel):
    """When a contact last opened and clicked, as a person; for segments."""

    contact_id = models.BigIntegerField()
    last_open = models.DateTimeField(null=True)
    last_click = models.DateTimeField(null=True)
    opens = models.BigIntegerField(default=0, db_default=0)
    clicks = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "contact_id"), name="one_activity_per_contact"),)

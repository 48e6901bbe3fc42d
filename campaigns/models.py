"""Tables of campaigns: what is said, to whom and when."""

from typing import ClassVar, Self

from django.db import models

from contacts.models import Contact, Form, List, Segment
from delivery.models import Mailing, Sender
from emailconcert.lib.tenancy import TenantForeignKey, TenantManager, TenantModel
from emailconcert.lib.tenancy.models import TenantQuerySet


class Campaign(TenantModel):
    """One email sent once to an audience. What becomes of its messages is the mailings' to tell."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        PATTERN = "pattern", "Pattern of a feed"
        SCHEDULED = "scheduled", "Scheduled"
        SENDING = "sending", "Sending"
        TESTING = "testing", "Testing variants"
        PAUSED = "paused", "Paused"
        SENT = "sent", "Sent"
        CANCELLED = "cancelled", "Cancelled"

    WRITTEN = (State.DRAFT, State.PATTERN)

    class Timing(models.TextChoices):
        NOW = "now", "Now"
        AT = "at", "At a time"
        LOCAL = "local", "At a time on each person’s own clock"

    class FollowUp(models.TextChoices):
        NOT_OPENED = "not_opened", "To those who did not open it"
        JOINED = "joined", "To those who joined since"
        FAILED = "failed", "To those whose mail failed for now"

    class WinnerBy(models.TextChoices):
        OPENS = "opens", "Most people who opened it"
        CLICKS = "clicks", "Most people who clicked"
        HAND = "hand", "I choose by hand"

    class IfUndecided(models.TextChoices):
        FIRST = "first", "Send the first of those that are level"
        WAIT = "wait", "Wait for me to choose"

    class RestGoes(models.TextChoices):
        ONCE = "once", "As soon as the winner is chosen"
        CLOCK = "clock", "At the winner’s time of day, the next time clocks show it"

    name = models.CharField(max_length=120)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    timing = models.CharField(max_length=5, choices=Timing, default=Timing.NOW, db_default=Timing.NOW)
    day = models.DateField(null=True, help_text="With `clock` and `zone`: when it goes, as it was typed.")
    clock = models.TimeField(null=True)
    zone = models.CharField(max_length=64, blank=True, default="", db_default="")
    spread_hours = models.PositiveSmallIntegerField(default=0, db_default=0, help_text="0: as fast as it can.")
    due_at = models.DateTimeField(null=True, help_text="When the first of a scheduled campaign may leave.")
    sender = TenantForeignKey(Sender, on_delete=models.PROTECT, null=True, related_name="campaigns")
    reply_to = models.CharField(max_length=254, blank=True)
    created_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    sent_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    tested_at = models.DateTimeField(null=True, help_text="When a test mail last left.")
    unconfirmed_left_at = models.DateTimeField(null=True, help_text="A member chose to leave them as they are.")
    problem = models.CharField(max_length=300, blank=True, default="", help_text="Why it could not be started.")
    deleted_at = models.DateTimeField(null=True, help_text="A deleted draft; it can be brought back for a day.")
    follow_up_of = TenantForeignKey(
        "self", on_delete=models.SET_NULL, null=True, related_name="follow_ups", db_index=False
    )
    follow_up_kind = models.CharField(max_length=10, choices=FollowUp, blank=True, default="", db_default="")

    sample_percent = models.PositiveSmallIntegerField(
        default=20, db_default=20, help_text="Of a hundred people, how many a test of variants goes to at first."
    )
    winner_by = models.CharField(max_length=6, choices=WinnerBy, default=WinnerBy.OPENS, db_default=WinnerBy.OPENS)
    winner_after = models.PositiveSmallIntegerField(default=4, db_default=4, help_text="Hours after the sample left.")
    if_undecided = models.CharField(
        max_length=5, choices=IfUndecided, default=IfUndecided.FIRST, db_default=IfUndecided.FIRST
    )
    rest_goes = models.CharField(
        max_length=5,
        choices=RestGoes,
        default=RestGoes.ONCE,
        db_default=RestGoes.ONCE,
        help_text="Where variants differ in the time of day.",
    )
    decide_at = models.DateTimeField(null=True, help_text="When the winner is chosen by itself.")
    winner = models.CharField(max_length=1, blank=True, default="", db_default="")
    winner_why = models.CharField(max_length=300, blank=True, default="", db_default="")
    in_archive = models.BooleanField(null=True, help_text="Empty: as the archive’s setting says.")

    class Meta:
        indexes = (
            models.Index(fields=("account", "-id"), name="campaigns_by_age"),
            models.Index(
                fields=("account", "-sent_at", "-id"),
                condition=models.Q(sent_at__isnull=False),
                name="campaigns_by_sent",
            ),
            models.Index(
                fields=("follow_up_of",), condition=models.Q(follow_up_of__isnull=False), name="campaigns_follow_ups"
            ),
            models.Index(
                fields=("state",),
                condition=models.Q(state__in=("scheduled", "sending", "testing", "paused")),
                name="campaigns_to_look_after",
            ),
        )

    def __str__(self) -> str:
        return self.name


class CampaignList(TenantModel):
    """A list that a campaign goes to, or with `excluded` one whose people it does not go to."""

    campaign = TenantForeignKey(Campaign, on_delete=models.CASCADE, related_name="list_links", db_index=False)
    list = TenantForeignKey(List, on_delete=models.CASCADE, related_name="campaign_links")
    excluded = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "campaign", "list"), name="one_list_per_campaign"),)


class CampaignSegment(TenantModel):
    """A segment that a campaign goes to, or with `excluded` one whose people it does not go to."""

    campaign = TenantForeignKey(Campaign, on_delete=models.CASCADE, related_name="segment_links", db_index=False)
    segment = TenantForeignKey(Segment, on_delete=models.CASCADE, related_name="campaign_links")
    excluded = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("account", "campaign", "segment"), name="one_segment_per_campaign"),
        )


class WrittenVariants(TenantManager["Variant"]):
    """Variants without those that were removed and can be brought back."""

    def get_queryset(self) -> TenantQuerySet["Variant"]:
        """Return what is written and what went to the rest."""
        return super().get_queryset().exclude(name__in=Variant.REMOVED)


class Variant(TenantModel):
    """One alternative of a campaign's content. Every campaign has at least one.

    Where there are several they go to a sample first; what the rest gets is one named `REST`, a copy of the winner.
    """

    FIRST = "A"
    REST = "R"
    # A removed one waits under its name in small letters, for as long as it can be brought back.
    REMOVED = tuple("bcd")

    class Kind(models.TextChoices):
        VISUAL = "visual", "Visual"
        MARKDOWN = "markdown", "Markdown"
        RICH = "rich", "Rich text"
        HTML = "html", "HTML"
        MJML = "mjml", "MJML"

    campaign = TenantForeignKey(Campaign, on_delete=models.CASCADE, related_name="variants", db_index=False)
    name = models.CharField(max_length=1, default="A")
    subject = models.CharField(max_length=250, blank=True)
    preheader = models.CharField(max_length=250, blank=True)
    from_name = models.CharField(
        max_length=100,
        blank=True,
        default="",
        db_default="",
        help_text="Another name of the sender's, for this variant.",
    )
    clock = models.TimeField(null=True, help_text="At what time of day it is tried, in the campaign’s zone.")
    has_own_content = models.BooleanField(
        default=False, db_default=False, help_text="Otherwise it says what the first variant says."
    )
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.MARKDOWN)
    source = models.TextField(blank=True)
    text = models.TextField(
        blank=True, default="", db_default="", help_text="Own text part; empty: made from the mail."
    )
    revision = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Counts every save, so that nobody saves over what they have not seen."
    )
    mailing = TenantForeignKey(Mailing, on_delete=models.SET_NULL, null=True, related_name="variants")

    objects: ClassVar[WrittenVariants] = WrittenVariants()
    with_removed: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "campaign", "name"), name="one_variant_per_name"),)

    @property
    def says_its_own(self) -> bool:
        """Tell whether what it says is written in it, and not in the first."""
        return self.has_own_content or self.name == self.FIRST


class ContentVersion(TenantModel):
    """What a variant's content was after a save; the newest that was not kept beside is what the variant has."""

    class Why(models.TextChoices):
        SAVED = "saved", "Saved"
        AUTOSAVED = "autosaved", "Saved while writing"
        CHANGED = "changed", "Way of writing changed"
        RESTORED = "restored", "Restored"
        BESIDE = "beside", "Kept beside: somebody else had saved"

    variant = TenantForeignKey(Variant, on_delete=models.CASCADE, related_name="versions", db_index=False)
    number = models.PositiveIntegerField()
    why = models.CharField(max_length=10, choices=Why)
    kind = models.CharField(max_length=8, choices=Variant.Kind)
    subject = models.CharField(max_length=250, blank=True)
    preheader = models.CharField(max_length=250, blank=True)
    source = models.TextField(blank=True)
    text = models.TextField(blank=True)
    author = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    page = models.CharField(max_length=16, blank=True, help_text="The opened editor that it came from.")
    begun_at = models.DateTimeField(help_text="Of saves that replaced each other, when the first was.")
    saved_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("account", "variant", "number"), name="one_content_version_per_number"),
        )


class Rehearsal(TenantModel):
    """Trying a campaign's mail for everybody in its audience, in the order of their keys; a campaign has one at most.

    It holds for one state of content and audience choice, which `fingerprint` stands for.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Broken off"

    campaign = TenantForeignKey(Campaign, on_delete=models.CASCADE, related_name="rehearsals", db_index=False)
    fingerprint = models.CharField(max_length=64)
    state = models.CharField(max_length=7, choices=State, default=State.QUEUED)
    total = models.BigIntegerField(help_text="How many people it was to be tried for.")
    tried = models.BigIntegerField(default=0, db_default=0)
    failing = models.BigIntegerField(default=0, db_default=0, help_text="For how many it can't be filled.")
    position = models.BigIntegerField(default=0, db_default=0, help_text="The last contact tried.")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="Slices begun since a piece was committed last."
    )

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "campaign"), name="one_rehearsal_per_campaign"),)
        indexes = (
            models.Index(
                fields=("state",), condition=models.Q(state__in=("queued", "running")), name="rehearsals_to_go_on"
            ),
        )


class RehearsalFailure(TenantModel):
    """One of the first people for whom a rehearsed mail can't be filled, and what fails."""

    rehearsal = TenantForeignKey(Rehearsal, on_delete=models.CASCADE, related_name="failures", db_index=False)
    contact = TenantForeignKey(Contact, on_delete=models.CASCADE, related_name="+")
    variant = models.CharField(
        max_length=1, blank=True, default="", db_default="", help_text="Where there are several."
    )
    message = models.CharField(max_length=300)
    part = models.CharField(max_length=10)
    line = models.PositiveIntegerField(default=0)
    column = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("account", "rehearsal", "contact"), name="one_rehearsal_failure_per_contact"
            ),
        )


class LinkAnswer(TenantModel):
    """What a web address answered when it was last asked, for any campaign of the account that links to it."""

    url = models.TextField()
    url_hash = models.BinaryField(max_length=32, help_text="SHA-256 of the address.")
    wanted_at = models.DateTimeField(help_text="When a review last wanted to know.")
    asked_at = models.DateTimeField(null=True)
    verdict = models.CharField(max_length=8, blank=True, db_default="", help_text="answers, dead or unclear.")
    said = models.CharField(max_length=120, blank=True, db_default="", help_text="404 Not Found.")
    lease_until = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "url_hash"), name="one_answer_per_link"),)
        indexes = (models.Index(fields=("wanted_at",), name="links_by_wanted"),)


class Template(TenantModel):
    """A mail to start from that the account made; those of the gallery are files."""

    name = models.CharField(max_length=120)
    occasion = models.CharField(max_length=10, blank=True, help_text="One of the gallery’s.")
    kind = models.CharField(max_length=8)
    subject = models.CharField(max_length=250, blank=True)
    preheader = models.CharField(max_length=250, blank=True)
    source = models.TextField(blank=True)
    text = models.TextField(blank=True)
    draft = TenantForeignKey(
        Campaign,
        on_delete=models.SET_NULL,
        null=True,
        related_name="templates",
        help_text="In which it is being edited.",
    )
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, help_text="It can be brought back for a day.")

    class Meta:
        indexes = (models.Index(fields=("account", "-id"), name="templates_by_age"),)

    def __str__(self) -> str:
        return self.name


class Archive(TenantModel):
    """An account's public page of sent campaigns; an account has one at most."""

    is_open = models.BooleanField(default=False, db_default=False, help_text="Whether anybody sees it.")
    includes_since = models.DateTimeField(
        null=True, help_text="Campaigns sent since are in it unless taken out. Empty: only those that were added."
    )
    is_indexed = models.BooleanField(default=False, db_default=False, help_text="Whether search engines may list it.")
    intro = models.CharField(max_length=300, blank=True, default="", db_default="")
    form = TenantForeignKey(
        Form,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        db_index=False,
        help_text="Where its readers sign up; it looks like it.",
    )
    updated_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account",), name="one_archive_per_account"),)


class ReportLink(TenantModel):
    """A link by which anybody may read a campaign's report until it ends. Taken back, it is gone."""

    campaign = TenantForeignKey(Campaign, on_delete=models.CASCADE, related_name="report_links", db_index=False)
    created_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True, help_text="When somebody last opened it, to five minutes.")

    class Meta:
        indexes = (
            models.Index(fields=("account", "campaign"), name="report_links_of_campaign"),
            models.Index(fields=("expires_at",), name="report_links_by_end"),
        )


# Django looks for an app's tables here.
from campaigns.block_models import SavedBlock  # noqa: E402, F401
from campaigns.feed_models import Feed, FeedItem, FeedRun  # noqa: E402, F401

"""Pictures that an account uses in its mails, forms and pages."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from emailconcert.lib.tenancy import TenantModel


class Media(TenantModel):
    """One picture of the library. Its file is written anew from the upload and never changes.

    A deleted one is out of sight; its file is served until nothing uses it and 30 days have passed.
    """

    class Kind(models.TextChoices):
        PNG = "png", "PNG"
        JPEG = "jpg", "JPEG"
        GIF = "gif", "Animated GIF"

    name = models.CharField(max_length=120)
    alt_text = models.CharField(max_length=300, blank=True, db_default="")
    kind = models.CharField(max_length=4, choices=Kind)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    size = models.PositiveIntegerField(help_text="In bytes, with all its smaller sizes.")
    widths = ArrayField(models.PositiveIntegerField(), default=list, db_default=[], help_text="The smaller sizes.")
    digest = models.CharField(max_length=32, help_text="Of the file that is kept; names it in its address.")
    source_hash = models.BinaryField(max_length=32, help_text="SHA-256 of the upload: the same one is taken once.")
    created_by = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(db_default=Now())
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "digest"), name="one_media_per_digest"),)
        indexes = (
            models.Index(fields=("account", "source_hash"), name="media_of_upload"),
            models.Index(fields=("account", "name", "id"), name="media_by_name"),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def is_animated(self) -> bool:
        """Tell whether it moves; a still of it is kept beside."""
        return self.kind == self.Kind.GIF

    def file_name(self, width: int | None = None) -> str:
        """Return the last part of its address; `width` is one of `widths`."""
        part = f"-{width}" if width in self.widths else ""
        return f"{self.digest}{part}.{self.kind}"

    def file_names(self) -> list[str]:
        """Return the last parts of all its addresses."""
        still = [self.still_name] if self.is_animated else []
        return [self.file_name(), *(self.file_name(width) for width in self.widths), *still]

    @property
    def still_name(self) -> str:
        """Return the last part of the address of an animation's first picture."""
        return f"{self.digest}-still.png"

    @property
    def thumbnail_name(self) -> str:
        """Return the last part of the address of what lists show."""
        return self.still_name if self.is_animated else self.file_name(min(self.widths, default=None))

    def fitting(self, width: int) -> int:
        """Return the smallest of its widths that is as wide as `width`, else its own."""
        return min((each for each in self.widths if each >= width), default=self.width)

    def height_at(self, width: int) -> int:
        """Return the height that belongs to a width."""
        return max(1, round(self.height * width / self.width))

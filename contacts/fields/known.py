"""The fields of an account's contacts: those that every contact has, and the account's own."""

from dataclasses import dataclass

from contacts.fields import kinds
from contacts.fields.kinds import Kind, Value
from contacts.models import CustomField

FIELD = "field:"  # followed by the key of an own field


@dataclass(frozen=True)
class Field:
    """One field. `name` is the contact's attribute, or `field:` and the key of an own field."""

    name: str
    label: str
    kind: Kind
    help: str = ""
    choices: tuple[str, ...] = ()
    required: bool = False
    default: str = ""
    sensitive: bool = False

    @property
    def is_own(self) -> bool:
        """Tell whether the account made this field."""
        return self.name.startswith(FIELD)

    @property
    def key(self) -> str:
        """Return the key under which a value is kept: an own field's in `Contact.values`, else the attribute."""
        return self.name.removeprefix(FIELD)


STANDARD: tuple[Field, ...] = (
    Field("email", "Email address", Kind.EMAIL, required=True),
    Field("first_name", "First name", Kind.NAME),
    Field("last_name", "Last name", Kind.NAME),
    Field("date_of_birth", "Date of birth", Kind.BIRTH),
    Field("gender", "Gender", Kind.SHORT),
    Field("language", "Language", Kind.LANGUAGE, "A language or its code, such as German, de or pt-br."),
    Field("country", "Country", Kind.COUNTRY, "A country or its code, such as Ireland or IE."),
    Field("time_zone", "Time zone", Kind.ZONE, "Such as Europe/Dublin."),
    Field("phone", "Phone", Kind.PHONE, "With the country code, such as +353 86 123 4567."),
)


def own_fields(account_id: int) -> list[Field]:
    """Return the account's own fields in their order."""
    rows = CustomField.objects.filter(account_id=account_id).order_by("position", "label", "pk")
    return [of_row(row) for row in rows]


def all_fields(account_id: int) -> list[Field]:
    """Return every field, the account's own last."""
    return [*STANDARD, *own_fields(account_id)]


def of_row(row: CustomField) -> Field:
    """Return an own field as a `Field`."""
    return Field(
        name=f"{FIELD}{row.key}",
        label=row.label,
        kind=Kind(row.type),
        help=row.help,
        choices=tuple(row.choices),
        required=row.required,
        default=row.default,
        sensitive=row.sensitive,
    )


def read(field: Field, text: str) -> Value:
    """Return what somebody typed as the value that is kept; an empty text is None. Raises `BadValue`."""
    return kinds.reader(field.kind, field.choices)(text)

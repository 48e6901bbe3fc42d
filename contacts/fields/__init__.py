"""What is known of a contact: the fields there are, and how each reads what people type and shows what is kept.

Values are kept as JSON: text, choice and web address as text; numbers as numbers; dates as "YYYY-MM-DD"; instants as
"YYYY-MM-DDTHH:MM:SSZ"; yes/no as true or false; several choices as a list. Call inside the account's scope.
"""

from contacts.fields.kinds import BadValue, Value, reader, show
from contacts.fields.known import FIELD, STANDARD, Field, all_fields, own_fields, read

__all__ = [
    "FIELD",
    "STANDARD",
    "BadValue",
    "Field",
    "Value",
    "all_fields",
    "own_fields",
    "read",
    "reader",
    "show",
]

"""What stands in an exported row: one expression per column, so that PostgreSQL writes the file's lines itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet, TextField
from django.db.models.expressions import RawSQL

from contacts import fields
from contacts.fields.kinds import Kind
from contacts.models import Contact
from contacts.table import columns

_C = "contacts_contact"
_LISTS = f"""(SELECT string_agg(l.name, ', ' ORDER BY l.name) FROM contacts_subscription s
    JOIN contacts_list l ON l.account_id = s.account_id AND l.id = s.list_id
    WHERE s.account_id = {_C}.account_id AND s.contact_id = {_C}.id AND s.state = 'subscribed')"""  # noqa: S608  # fragments from code
_TAGS = f"""(SELECT string_agg(t.name, ', ' ORDER BY t.name) FROM contacts_contacttag x
    JOIN contacts_tag t ON t.account_id = x.account_id AND t.id = x.tag_id
    WHERE x.account_id = {_C}.account_id AND x.contact_id = {_C}.id)"""  # noqa: S608  # fragments from code
_STANDING = f"""CASE WHEN EXISTS (SELECT 1 FROM privacy_suppression p WHERE p.account_id = {_C}.account_id
        AND p.address_hash = {_C}.email_hash) OR EXISTS (SELECT 1 FROM privacy_domainsuppression d
        WHERE d.account_id = {_C}.account_id AND d.domain = split_part({_C}.email, '@', -1)) THEN 'Never mailed'
    ELSE COALESCE((SELECT CASE max(array_position(ARRAY['unsubscribed', 'pending', 'subscribed'], s.state::text))
        WHEN 3 THEN 'Subscribed' WHEN 2 THEN 'Not confirmed yet' WHEN 1 THEN 'Unsubscribed' END
        FROM contacts_subscription s WHERE s.account_id = {_C}.account_id AND s.contact_id = {_C}.id),
        'On no list') END"""  # noqa: S608  # fragments from code
_MOMENT = "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
# = + - @ and what spreadsheets skip before them, by their numbers: the first letter of a cell. Source: OWASP.
_FORMULA = "61, 43, 45, 64, 9, 13, 10"
# Kinds whose reader leaves nothing that could be a formula; a sign in front of digits is theirs.
_HARMLESS = {Kind.NUMBER, Kind.DATE, Kind.DATETIME, Kind.BOOLEAN, Kind.BIRTH, Kind.PHONE, Kind.COUNTRY, Kind.LANGUAGE}


@dataclass(frozen=True)
class Written:
    """A column as it is written: `sql` gives a text (or NULL), `params` are its own."""

    label: str
    sql: str
    params: tuple[str, ...] = ()
    is_number: bool = False


def written(account_id: int, names: Sequence[str]) -> list[Written]:
    """Return the columns of these names that there are, the address before them."""
    known = {field.name: field for field in fields.all_fields(account_id) if not field.sensitive}
    labels = {column.name: column.label for column in columns.choices(account_id)}
    found = [_of_field(known["email"])]
    for name in dict.fromkeys(names):
        if name in known and name != "email":
            found.append(_of_field(known[name]))
        elif name in labels:
            found.append(Written(labels[name], _others()[name]))
    return found


def rows(found: QuerySet[Contact], written: Sequence[Written]) -> QuerySet[Contact, tuple[object, ...]]:
    """Return the query that gives each contact's id and its cells, in the order of ids."""
    cells = {
        f"cell_{number}": RawSQL(each.sql, each.params, output_field=TextField())  # noqa: S611  # expressions of this module
        for number, each in enumerate(written)
    }
    return found.order_by("pk").annotate(**cells).values_list("pk", *cells)


def _of_field(field: fields.Field) -> Written:
    params = (field.key, field.key, field.key) if field.is_own else ()
    is_number = field.kind == Kind.NUMBER
    if field.kind == Kind.CHOICES:
        joined = f"(SELECT string_agg(e, ', ') FROM jsonb_array_elements_text({_C}.values -> %s) e)"  # noqa: S608  # fragments from code
        # A value of before the field's type was this is no list.
        sql = f"CASE jsonb_typeof({_C}.values -> %s) WHEN 'array' THEN {_safe_once(joined)} END"
        return Written(field.label, sql, (field.key, field.key))
    if field.kind == Kind.BOOLEAN and field.is_own:
        return Written(
            field.label, f"CASE {_C}.values ->> %s WHEN 'true' THEN 'Yes' WHEN 'false' THEN 'No' END", (field.key,)
        )
    text = f"({_C}.values ->> %s)" if field.is_own else f"{_C}.{field.name}::text"
    if field.is_own and field.kind in _HARMLESS:  # but for a text of before the field's type was this
        kept = f"CASE jsonb_typeof({_C}.values -> %s) WHEN 'string' THEN {_safe(text)} ELSE {text} END"
        return Written(field.label, kept, (field.key,) * 5, is_number=is_number)
    if field.kind in _HARMLESS:
        return Written(field.label, text, params[:1], is_number=is_number)
    return Written(field.label, _safe(text), params)


def _others() -> dict[str, str]:
    labels = " ".join(f"WHEN '{value}' THEN '{label}'" for value, label in Contact.Source.choices)
    return {
        "standing": _STANDING,
        "lists": _safe_once(_LISTS),
        "tags": _safe_once(_TAGS),
        "source": f"CASE {_C}.source {labels} END",
        "added": _MOMENT.format(f"{_C}.created_at"),
        "changed": _MOMENT.format(f"{_C}.updated_at"),
    }


def _safe(text: str) -> str:
    return f"CASE WHEN ascii({text}) IN ({_FORMULA}) THEN '''' || {text} ELSE {text} END"


def _safe_once(query: str) -> str:
    """Look at what a subquery gives without asking it twice."""
    return f"(SELECT {_safe('j.text')} FROM (SELECT {query} AS text OFFSET 0) j)"  # noqa: S608  # fragments from code

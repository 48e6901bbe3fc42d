"""Where a contact stands: tags, lists, consent, and by what door they came in."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, cast

from django.db.models import Exists, OuterRef, Q

from contacts.conditions.registry import At, Condition, Input, Operator, Values, register
from contacts.models import Contact, ContactTag, Form, Import, List, Subscription, Tag
from privacy.models import Consent

State = Subscription.State
_OFFERED = 500


def _tags(account_id: int) -> Sequence[tuple[str, str]]:
    return _pairs(Tag.objects.filter(account_id=account_id).order_by("name").values_list("pk", "name"))


def _lists(account_id: int) -> Sequence[tuple[str, str]]:
    return _pairs(List.objects.filter(account_id=account_id).order_by("name").values_list("pk", "name"))


def _forms(account_id: int) -> Sequence[tuple[str, str]]:
    return _pairs(Form.objects.filter(account_id=account_id).order_by("name").values_list("pk", "name"))


def _imports(account_id: int) -> Sequence[tuple[str, str]]:
    rows = Import.objects.filter(account_id=account_id).order_by("-pk").values_list("pk", "file_name", "created_at")
    return [(str(pk), f"{name}, {made:%-d %B %Y}") for pk, name, made in rows[:_OFFERED]]


def _sources(_account_id: int) -> Sequence[tuple[str, str]]:
    return [(str(value), str(label)) for value, label in Contact.Source.choices]


def _channels(_account_id: int) -> Sequence[tuple[str, str]]:
    return [(str(value), str(label)) for value, label in Consent.Channel.choices]


def _pairs(rows: Any) -> Sequence[tuple[str, str]]:
    return [(str(pk), str(label)) for pk, label in rows]


def _ids(values: Values, name: str) -> list[int]:
    return [int(each) for each in cast("list[str]", values[name])]


def _ago(values: Values, at: At) -> Any:
    return at.now - timedelta(days=cast("int", values["days"]))


# ── Tags ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _tagged(at: At, **which: Any) -> Q:
    return Q(Exists(ContactTag.objects.filter(account_id=at.account_id, contact_id=OuterRef("pk"), **which)))


def _any_tag(values: Values, at: At) -> Q:
    return _tagged(at, tag_id__in=_ids(values, "tags"))


def _all_tags(values: Values, at: At) -> Q:
    found = Q()
    for pk in _ids(values, "tags"):
        found &= _tagged(at, tag_id=pk)
    return found


_TAGS = (Input("tags", "Tags", "choices", choices=_tags),)
register(
    Condition(
        "tags",
        "Tags",
        "Lists and tags",
        (
            Operator("any_of", "include any of", _any_tag, _TAGS),
            Operator("all_of", "include all of", _all_tags, _TAGS),
            Operator("none_of", "include none of", lambda values, at: ~_any_tag(values, at), _TAGS),
            Operator("some", "are there", lambda _values, at: _tagged(at)),
            Operator("nothing", "are not there at all", lambda _values, at: ~_tagged(at)),
        ),
    )
)


# ── Lists ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _stands(at: At, **which: Any) -> Q:
    return Q(Exists(Subscription.objects.filter(account_id=at.account_id, contact_id=OuterRef("pk"), **which)))


def _standing(state: str, moment: str = "", side: str = "") -> Callable[[Values, At], Q]:
    def compile_it(values: Values, at: At) -> Q:
        which = {f"{moment}__{side}": _ago(values, at)} if moment else {}
        return _stands(at, list_id__in=_ids(values, "lists"), state=state, **which)

    return compile_it


_LISTS = Input("lists", "Lists", "choices", choices=_lists)
_WITHIN = Input("days", "Number of days", "days", before="in the last", after="days")
_SINCE = Input("days", "Number of days", "days", before="for more than", after="days")
register(
    Condition(
        "lists",
        "Lists: they",
        "Lists and tags",
        (
            Operator("on", "are subscribed to any of", _standing(State.SUBSCRIBED), (_LISTS,)),
            Operator(
                "not_on", "are subscribed to none of", lambda v, at: ~_standing(State.SUBSCRIBED)(v, at), (_LISTS,)
            ),
            Operator(
                "joined", "subscribed to any of", _standing(State.SUBSCRIBED, "confirmed_at", "gte"), (_LISTS, _WITHIN)
            ),
            Operator(
                "long",
                "have been subscribed to any of",
                _standing(State.SUBSCRIBED, "confirmed_at", "lt"),
                (_LISTS, _SINCE),
            ),
            Operator("pending", "have not yet confirmed any of", _standing(State.PENDING), (_LISTS,)),
            Operator("left", "have unsubscribed from any of", _standing(State.UNSUBSCRIBED), (_LISTS,)),
            Operator(
                "left_lately",
                "unsubscribed from any of",
                _standing(State.UNSUBSCRIBED, "unsubscribed_at", "gte"),
                (_LISTS, _WITHIN),
            ),
            Operator("some", "are subscribed to something", lambda _v, at: _stands(at, state=State.SUBSCRIBED)),
            Operator("nothing", "are subscribed to nothing", lambda _v, at: ~_stands(at, state=State.SUBSCRIBED)),
        ),
        spoken="they",
    )
)


# ── Consent ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def _consent(values: Values, at: At) -> Q:
    """Return whether there is a consent that was confirmed and not withdrawn."""
    given = Consent.objects.filter(
        account_id=at.account_id,
        address_hash=OuterRef("email_hash"),
        confirmed_at__isnull=False,
        withdrawn_at__isnull=True,
    )
    if "channels" in values:
        given = given.filter(channel__in=cast("list[str]", values["channels"]))
    if "lists" in values:
        given = given.filter(list_id__in=_ids(values, "lists"))
    if "days" in values:
        given = given.filter(given_at__gte=_ago(values, at))
    return Q(Exists(given))


def _withdrawn(_values: Values, at: At) -> Q:
    gone = Consent.objects.filter(
        account_id=at.account_id, address_hash=OuterRef("email_hash"), withdrawn_at__isnull=False
    )
    return Q(Exists(gone))


_GIVEN = (
    Input("channels", "How", "choices", choices=_channels, required=False, before="by way of"),
    Input("lists", "For which list", "choices", choices=_lists, required=False, before="for"),
    Input("days", "Number of days", "days", required=False, before="given in the last", after="days"),
)
register(
    Condition(
        "consent",
        "Consent",
        "Where they came from",
        (
            Operator("given", "is there", _consent, _GIVEN),
            Operator("missing", "is not there", lambda values, at: ~_consent(values, at), _GIVEN),
            Operator("withdrawn", "was withdrawn", _withdrawn),
        ),
    )
)


# ── Source ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _came_by(values: Values, _at: At) -> Q:
    return Q(source__in=cast("list[str]", values["sources"]))


def _came_with(source: str, name: str) -> Callable[[Values, At], Q]:
    return lambda values, _at: Q(source=source, source_id__isnull=False, source_id__in=_ids(values, name))


def _not(compile_it: Callable[[Values, At], Q]) -> Callable[[Values, At], Q]:
    return lambda values, at: ~compile_it(values, at)


def _source(name: str, label: str, spoken: str, taken: Input, found: Callable[[Values, At], Q]) -> Condition:
    operators = (
        Operator("any_of", "is any of", found, (taken,)),
        Operator("none_of", "is none of", _not(found), (taken,)),
    )
    return Condition(name, label, "Where they came from", operators, spoken=spoken)


register(_source("source", "How they came in", "", Input("sources", "Ways", "choices", choices=_sources), _came_by))
register(
    _source(
        "import",
        "The import they came with",
        "",
        Input("imports", "Imports", "choices", choices=_imports),
        _came_with(Contact.Source.IMPORT, "imports"),
    )
)
register(
    _source(
        "form",
        "The form they came by",
        "",
        Input("forms", "Forms", "choices", choices=_forms),
        _came_with(Contact.Source.FORM, "forms"),
    )
)

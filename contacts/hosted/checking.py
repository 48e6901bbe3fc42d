"""What keeps a blueprint from being published, in sentences by the part they stand beside."""

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from contacts.fields import BadValue, Field, read
from contacts.hosted import looks, phrases
from contacts.hosted.blueprint import CHOOSING, FONTS, LAYOUTS, MAX_BOXES, MAX_QUESTIONS, Blueprint

LENGTHS = {"title": 150, "button": 40, "confirm_button": 60, "subject": 150}
LONG, LABEL, HELP = 1000, 100, 200
# A host and perhaps a port: it is written into the page's policy, where a semicolon or a blank would begin something else.
_HOST = re.compile(r"[\w-]+(\.[\w-]+)+(:\d{1,5})?\Z", re.ASCII)


def problems(blueprint: Blueprint, *, fields: Collection[Field], lists: Collection[int]) -> dict[str, str]:
    """Return what has to be mended, empty where nothing; `fields` and `lists` are those of the account."""
    found = {**looks.problems(blueprint.look), **_texts(blueprint), **_questions(blueprint, fields)}
    if not set(blueprint.lists) & set(lists):
        found["lists"] = "Choose at least one list."
    if blueprint.choosing not in CHOOSING:
        found["choosing"] = "Choose one of these."
    if blueprint.look.font not in FONTS or blueprint.look.layout not in LAYOUTS:
        found["look"] = "Choose one of these."
    if blueprint.redirect and not _is_https(blueprint.redirect):
        found["redirect"] = "Write an address that begins with https://, its host in plain letters."
    if not blueprint.languages or not set(blueprint.languages) <= set(phrases.LANGUAGES):
        found["languages"] = "Choose one of these."
    return found


def _texts(blueprint: Blueprint) -> dict[str, str]:
    found = {}
    for language in blueprint.languages:
        for key, text in blueprint.texts.get(language, {}).items():
            kind = key.partition(":")[0]
            limit = {"label": LABEL, "help": HELP}.get(kind, LENGTHS.get(key, LONG))
            if len(text) > limit:
                found[f"{language}:{key}"] = f"This is longer than {limit} characters."
    first = blueprint.languages[0] if blueprint.languages else "en"
    for box in blueprint.boxes:
        if not blueprint.written(f"box:{box.key}", first).strip():
            found[f"{first}:box:{box.key}"] = "Write what people agree to by this box."
    if len(blueprint.boxes) > MAX_BOXES:
        found["boxes"] = f"At most {MAX_BOXES} boxes."
    return found


def _questions(blueprint: Blueprint, fields: Collection[Field]) -> dict[str, str]:
    known = {each.name: each for each in fields}
    found = {}
    if len(blueprint.questions) > MAX_QUESTIONS:
        found["questions"] = f"At most {MAX_QUESTIONS} questions."
    names = [each.field for each in blueprint.questions]
    for each in blueprint.questions:
        key = f"question:{each.field}"
        if each.field not in known or each.field == "email":
            found[key] = "This field is gone. Take the question out."
        elif names.count(each.field) > 1:
            found[key] = "This field is asked twice."
        elif each.hidden and (problem := _bad_value(known[each.field], each.value)):
            found[key] = problem
    return found


def _bad_value(field: Field, text: str) -> str:
    if field.sensitive:
        return "A sensitive field can't have a value that stands in the page."
    try:
        return "" if read(field, text) is not None else "Write the value that everybody gets."
    except BadValue as error:
        return str(error)


def _is_https(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme == "https" and bool(_HOST.match(parts.netloc)) and len(address) <= LONG
    except ValueError:
        return False

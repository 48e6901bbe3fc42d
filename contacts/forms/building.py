"""The builder of hosted forms: what its page posts, read into a blueprint, and what the page shows of one.

Nothing of a draft is kept between two presses but what the page itself sends, so the builder works without a script and
nobody's half-made change is saved before they say so.
"""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from django.http import QueryDict

from contacts.fields import Field
from contacts.hosted import phrases
from contacts.hosted.blueprint import (
    CHOOSING,
    FONTS,
    LAYOUTS,
    STATEMENT,
    Blueprint,
    Box,
    Look,
    Question,
)
from contacts.services.hosted import form_logos

_LONG = {"intro", "sent", "mail", "confirm", "thanks", STATEMENT}
# The texts of the builder's cards: key → what stands above it.
PAGE_TEXTS = {"title": "Heading", "intro": "Text", "button": "Button"}
AGREED_TEXTS = {STATEMENT: "What pressing the button means"}
MAIL_TEXTS = {"subject": "Subject", "mail": "Text", "confirm_button": "Button, in the mail and on the page"}
AFTER_TEXTS = {
    "sent": "When they have sent the form",
    "confirm": "On the page that the mail leads to",
    "thanks": "When they have confirmed",
}


@dataclass(frozen=True)
class TextRow:
    """One text to write: its input's name, what is written, and what stands there if nothing is."""

    name: str
    label: str
    value: str
    usual: str
    is_long: bool
    problem: str = ""


@dataclass(frozen=True)
class QuestionRow:
    """One question of the builder."""

    question: Question
    title: str
    key: str
    label: TextRow
    help: TextRow
    is_first: bool
    is_last: bool
    problem: str = ""


@dataclass(frozen=True)
class BoxRow:
    """One consent box of the builder."""

    box: Box
    wording: TextRow


@dataclass(frozen=True)
class Desk:
    """What an account has to build a form with."""

    fields: Collection[Field]
    lists: Collection[tuple[int, str]]


@dataclass(frozen=True)
class Shown:
    """A draft as the builder's page shows it, in the language that is being edited."""

    draft: Blueprint
    editing: str
    questions: list[QuestionRow]
    boxes: list[BoxRow]
    lists: list[tuple[int, str, bool]]
    addable: list[Field]
    languages: list[tuple[str, str]]
    more_languages: list[tuple[str, str]]
    page_texts: list[TextRow]
    agreed_texts: list[TextRow]
    mail_texts: list[TextRow]
    after_texts: list[TextRow]
    email: QuestionRow
    kept_texts: list[tuple[str, str]]
    problems: Mapping[str, str] = field(default_factory=dict)
    choosing: Mapping[str, str] = field(default_factory=lambda: CHOOSING)
    fonts: Mapping[str, str] = field(default_factory=lambda: FONTS)
    layouts: Mapping[str, str] = field(default_factory=lambda: LAYOUTS)


def read(data: QueryDict) -> Blueprint:
    """Return the blueprint that the builder's page posted; whether it may be published is another matter."""
    languages = tuple(dict.fromkeys(each for each in data.getlist("language") if each in phrases.LANGUAGES)) or ("en",)
    texts = {language: _texts(data, language) for language in languages}
    questions = [
        Question(
            field=name,
            required=f"required:{name}" in data,
            hidden=f"hidden:{name}" in data,
            value=data.get(f"value:{name}", "")[:1000],
        )
        for name in dict.fromkeys(data.getlist("question"))
    ]
    usual = Look()
    look = Look(
        accent=data.get("accent", usual.accent).strip().lower()[:7],
        ground=data.get("ground", usual.ground).strip().lower()[:7],
        font=data.get("font", usual.font)[:20],
        layout=data.get("layout", usual.layout)[:20],
        logo=logo if form_logos.is_file(logo := data.get("logo", "")) else "",
    )
    return Blueprint(
        questions=tuple(questions),
        lists=tuple(
            int(each) for each in data.getlist("lists") if each.isascii() and each.isdigit() and len(each) < 18
        ),
        choosing=data.get("choosing", "fixed")[:10],
        boxes=tuple(Box(key, f"box_required:{key}" in data) for key in dict.fromkeys(data.getlist("box"))),
        look=look,
        redirect=data.get("redirect", "").strip(),
        languages=languages,
        texts=texts,
    )


def change(draft: Blueprint, *, do: str, what: str, data: QueryDict) -> Blueprint:
    """Return the draft after one press: add, move or take out a question, a box or a language."""
    names = [each.field for each in draft.questions]
    questions, boxes, languages = draft.questions, draft.boxes, draft.languages
    new_field, new_language = data.get("new_field", ""), data.get("new_language", "")
    if do in ("up", "down") and what in names:
        questions = _moved(questions, names.index(what), -1 if do == "up" else 1)
    elif do == "remove":
        questions = tuple(each for each in questions if each.field != what)
    elif do == "add" and new_field and new_field not in names:
        questions = (*questions, Question(new_field))
    elif do == "add_box":
        boxes = (*boxes, Box(secrets.token_hex(3)))
    elif do == "remove_box":
        boxes = tuple(each for each in boxes if each.key != what)
    elif do == "add_language" and new_language in phrases.LANGUAGES:
        languages = tuple(dict.fromkeys((*languages, new_language)))
    elif do == "remove_language" and len(languages) > 1:
        languages = tuple(each for each in languages if each != what)
    elif do in ("remove_logo", "use_logo"):
        return draft.with_logo(what if form_logos.is_file(what) else "")
    return replace(draft, questions=questions, boxes=boxes, languages=languages)


def shown(draft: Blueprint, *, desk: Desk, editing: str, problems: Mapping[str, str] | None = None) -> Shown:
    """Return what the builder's page shows of a draft."""
    wrong = problems or {}
    editing = editing if editing in draft.languages else draft.languages[0]
    by_name = {each.name: each for each in desk.fields}

    def row(key: str, label: str) -> TextRow:
        usual = draft.text(key, draft.languages[0]) if editing != draft.languages[0] else ""
        usual = usual or phrases.usual(key, editing)
        problem = wrong.get(f"{editing}:{key}", "")
        name = f"text:{editing}:{key}"
        return TextRow(name, label, draft.written(key, editing), usual, key in _LONG or key[:4] == "box:", problem)

    def asked(question: Question, *, is_first: bool = False, is_last: bool = False) -> QuestionRow:
        known = by_name.get(question.field)
        label = row(f"label:{question.field}", "Label")
        if known is not None and not label.usual:
            label = replace(label, usual=known.label)
        title = known.label if known else question.field.partition(":")[2] or question.field
        help_row = row(f"help:{question.field}", "Help")
        key = question.field.replace(":", "-")
        problem = wrong.get(f"question:{question.field}", "")
        return QuestionRow(question, title, key, label, help_row, is_first, is_last, problem)

    last = len(draft.questions) - 1
    there = {each.field for each in draft.questions} | {"email"}
    return Shown(
        draft=draft,
        editing=editing,
        questions=[
            asked(each, is_first=number == 0, is_last=number == last) for number, each in enumerate(draft.questions)
        ],
        boxes=[BoxRow(each, row(f"box:{each.key}", "What they agree to by this box")) for each in draft.boxes],
        lists=[(pk, name, pk in draft.lists) for pk, name in desk.lists],
        addable=[each for each in desk.fields if each.name not in there],
        languages=[(code, phrases.LANGUAGES[code]) for code in draft.languages],
        more_languages=[pair for pair in phrases.LANGUAGES.items() if pair[0] not in draft.languages],
        page_texts=[row(key, label) for key, label in PAGE_TEXTS.items()],
        agreed_texts=[row(key, label) for key, label in AGREED_TEXTS.items()],
        mail_texts=[row(key, label) for key, label in MAIL_TEXTS.items()],
        after_texts=[row(key, label) for key, label in AFTER_TEXTS.items()],
        email=asked(Question("email", required=True)),
        kept_texts=[
            (f"text:{language}:{key}", text)
            for language in draft.languages
            if language != editing
            for key, text in draft.texts.get(language, {}).items()
        ],
        problems=wrong,
    )


def _texts(data: QueryDict, language: str) -> dict[str, str]:
    start = f"text:{language}:"
    names = [name for name in data if name.startswith(start)]
    found = {name[len(start) :]: data.get(name, "").replace("\r\n", "\n").strip() for name in names}
    return {key: text for key, text in found.items() if text}


def _moved(questions: tuple[Question, ...], place: int, step: int) -> tuple[Question, ...]:
    to = place + step
    if not 0 <= to < len(questions):
        return questions
    moved = list(questions)
    moved[place], moved[to] = moved[to], moved[place]
    return tuple(moved)

"""A hosted form as one value: what it asks, offers, says and looks like. Kept as JSON, in drafts and in versions."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import orjson

from contacts.fields import Field
from contacts.hosted import phrases

CHOOSING = {"fixed": "Everybody goes on all of them", "one": "People choose one", "several": "People choose any"}
LAYOUTS = {"card": "A card on a ground", "plain": "Plain, without a frame", "beside": "Text beside the form"}
FONTS = {"system": "The device’s own", "serif": "With serifs", "round": "Rounded", "mono": "Typewriter"}
STATEMENT = "consent"  # what pressing the button means; boxes come beside it
MAX_QUESTIONS, MAX_BOXES = 30, 5


@dataclass(frozen=True)
class Question:
    """One field that is asked; `kind`, `choices` and `label` are the field's own at the time of publishing."""

    field: str
    required: bool = False
    hidden: bool = False
    value: str = ""
    kind: str = "name"
    choices: tuple[str, ...] = ()
    label: str = ""


@dataclass(frozen=True)
class Box:
    """One box to tick; its words stand in the texts."""

    key: str
    required: bool = False


@dataclass(frozen=True)
class Look:
    """Colours as #rrggbb, the key of a font and a layout, and the name of a logo's file in the media library."""

    accent: str = "#2f55d4"
    ground: str = "#f6f7f9"
    font: str = "system"
    layout: str = "card"
    logo: str = ""

    @property
    def logo_file(self) -> str:
        """Return the name of the logo's file; what forms kept before there was a library are PNGs of that name."""
        return self.logo if "." in self.logo or not self.logo else f"{self.logo}.png"


@dataclass(frozen=True)
class Blueprint:
    """A whole form. The first language is the one that people get whose own is not there."""

    questions: tuple[Question, ...] = ()
    lists: tuple[int, ...] = ()
    choosing: str = "fixed"
    boxes: tuple[Box, ...] = ()
    look: Look = field(default_factory=Look)
    redirect: str = ""
    languages: tuple[str, ...] = ("en",)
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def text(self, key: str, language: str) -> str:
        """Return a text in a language: as written, else as written in the first language, else the usual words."""
        for each in (language, self.languages[0]):
            if found := self.texts.get(each, {}).get(key):
                return found
        return phrases.usual(key, language)

    def written(self, key: str, language: str) -> str:
        """Return what the owner wrote, empty where nothing."""
        return self.texts.get(language, {}).get(key, "")

    def label(self, question: Question, language: str) -> str:
        """Return a question's label."""
        return self.text(f"label:{question.field}", language) or question.label or question.field.partition(":")[2]

    def wordings(self, language: str) -> dict[str, str]:
        """Return the exact words of everything there is to agree to, by key."""
        keys = [STATEMENT, *(f"box:{each.key}" for each in self.boxes)]
        return {key: text for key in keys if (text := self.text(key, language))}

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values, as the database gives them back."""
        plain: dict[str, Any] = orjson.loads(orjson.dumps(asdict(self)))
        return plain

    def with_logo(self, file_name: str) -> "Blueprint":
        """Return the blueprint with another logo."""
        return replace(self, look=replace(self.look, logo=file_name))

    def with_fields(self, known: Mapping[str, Field]) -> "Blueprint":
        """Return the blueprint with what its questions take from the fields; those without a field are left out."""
        questions = []
        for each in self.questions:
            if (found := known.get(each.field)) is not None and each.field != "email":
                label = found.label if found.is_own else ""
                questions.append(replace(each, kind=str(found.kind), choices=found.choices, label=label))
        return replace(self, questions=tuple(questions))


def from_json(raw: Mapping[str, Any]) -> Blueprint:
    """Return the blueprint that `to_json` wrote; what an older one lacks takes its usual value."""
    plain = {name: raw[name] for name in ("choosing", "redirect", "texts") if name in raw}
    return Blueprint(
        questions=tuple(
            Question(**{**each, "choices": tuple(each.get("choices", ()))}) for each in raw.get("questions", ())
        ),
        lists=tuple(raw.get("lists", ())),
        boxes=tuple(Box(**each) for each in raw.get("boxes", ())),
        look=Look(**raw.get("look", {})),
        languages=tuple(raw.get("languages", ("en",))) or ("en",),
        **plain,
    )

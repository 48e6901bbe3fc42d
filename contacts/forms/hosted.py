"""A hosted form: a new one, and any of them as a contact sees it."""

from collections.abc import Callable, Mapping
from typing import Any

from babel import Locale
from django import forms
from django.core.exceptions import ValidationError

from accounts.models import Account
from contacts.fields import BadValue, Value, reader
from contacts.fields.kinds import Kind
from contacts.hosted import phrases
from contacts.hosted.blueprint import STATEMENT, Blueprint, Question
from contacts.models import List
from contacts.services.hosted.signing_up import Filled
from emailconcert.lib import addresses

_FEW = 5  # so many choices stand open, more of them in a menu


class NewHostedFormForm(forms.Form):
    """A new hosted form, with the web address that stays."""

    name = forms.CharField(max_length=100, help_text="Only you see it.")
    slug = forms.SlugField(
        max_length=60, label="Web address", help_text="The end of its address; it cannot be changed later."
    )
    list: "forms.ModelChoiceField[List]" = forms.ModelChoiceField(
        queryset=None, empty_label=None, label="People go on the list"
    )
    title = forms.CharField(max_length=150, label="Heading", help_text="You can change it, and all the rest, next.")

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = self.fields["list"]
        chosen.queryset = List.objects.filter(account=account).order_by("name")  # type: ignore[attr-defined]  # a choice field


class SignUpForm(forms.Form):
    """A published form, or the draft of one, as a contact sees it in one language."""

    use_required_attribute = True

    def __init__(
        self,
        *args: Any,
        blueprint: Blueprint,
        lists: tuple[tuple[int, str], ...],
        language: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.blueprint, self.language, self.lists = blueprint, language, lists
        self.words = phrases.fixed(language)
        missing = {"required": self.words["missing"]}
        self.fields["email"] = forms.CharField(
            label=blueprint.text("label:email", language),
            help_text=blueprint.text("help:email", language),
            max_length=320,
            widget=forms.EmailInput(attrs={"autocomplete": "email"}),
            error_messages=missing,
        )
        for question in blueprint.questions:
            if not question.hidden:
                field = field_for(question, self.words)
                field.label = blueprint.label(question, language)
                field.help_text = blueprint.text(f"help:{question.field}", language)
                self.fields[question.field] = field
        if blueprint.choosing != "fixed" and len(lists) > 1:
            self.fields["lists"] = self._lists_field()
        for box in blueprint.boxes:
            self.fields[f"box:{box.key}"] = forms.BooleanField(
                label=blueprint.text(f"box:{box.key}", language),
                required=box.required,
                error_messages={"required": self.words["must_tick"]},
            )

    @property
    def statement(self) -> str:
        """Return what pressing the button means."""
        return self.blueprint.text(STATEMENT, self.language)

    def clean_email(self) -> str:
        """Return the address; what is wrong with it is told in the form's language."""
        try:
            return addresses.normalise(self.cleaned_data["email"])
        except addresses.BadAddress as error:
            raise ValidationError(str(error) if self.language == "en" else self.words["bad_email"]) from None

    def filled(self) -> Filled:
        """Return what was filled in, hidden questions with the value that the owner gave them."""
        values: dict[str, Value] = {}
        for question in self.blueprint.questions:
            read = reader(Kind(question.kind), question.choices)
            if not question.hidden:
                value = self.cleaned_data.get(question.field)
            else:
                try:
                    value = read(question.value)
                except BadValue:
                    continue
            # A box left alone says nothing: it may never have been seen.
            if value not in (None, "", []) and value is not False:
                values[question.field] = value
        chosen = self.cleaned_data.get("lists")
        picked = [int(pk) for pk in ([chosen] if isinstance(chosen, str) else chosen or ()) if pk]
        boxes = [box.key for box in self.blueprint.boxes if self.cleaned_data.get(f"box:{box.key}")]
        lists = picked if "lists" in self.fields else [pk for pk, _ in self.lists]
        return Filled(self.cleaned_data["email"], values, lists, boxes)

    def _lists_field(self) -> forms.Field:
        choices = [(str(pk), name) for pk, name in self.lists]
        errors = {"required": self.words["choose"], "invalid_choice": self.words["choose"]}
        label = self.words["lists"]
        if self.blueprint.choosing == "one":
            return forms.ChoiceField(label=label, choices=choices, widget=forms.RadioSelect, error_messages=errors)
        return forms.MultipleChoiceField(
            label=label, choices=choices, widget=forms.CheckboxSelectMultiple, error_messages=errors
        )


class _Typed(forms.CharField):
    """A text that is read as its field's kind says."""

    def __init__(self, *, read: Callable[[str], Value], bad: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.read, self.bad = read, bad

    def clean(self, value: Any) -> Any:
        """Return the value as it is kept."""
        text = super().clean(value)
        try:
            return self.read(text)
        except BadValue as error:
            raise ValidationError(self.bad or str(error)) from None


class _Several(forms.MultipleChoiceField):
    """Choices of which some may be gone since the page was made: those are left out."""

    def to_python(self, value: Any) -> list[str]:
        """Return the choices that are still there."""
        return [each for each in super().to_python(value) if self.valid_value(each)]


_INPUTS: Mapping[Kind, Callable[[], forms.Widget]] = {
    Kind.LONG_TEXT: lambda: forms.Textarea(attrs={"rows": 3}),
    Kind.NUMBER: lambda: forms.TextInput(attrs={"inputmode": "decimal"}),
    Kind.DATE: lambda: forms.DateInput(attrs={"type": "date"}),
    Kind.BIRTH: lambda: forms.DateInput(attrs={"type": "date", "autocomplete": "bday"}),
    Kind.DATETIME: lambda: forms.DateTimeInput(attrs={"type": "datetime-local"}),
    Kind.URL: lambda: forms.TextInput(attrs={"inputmode": "url"}),
    Kind.PHONE: lambda: forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
}
_COMPLETES = {"first_name": "given-name", "last_name": "family-name"}


def field_for(question: Question, words: Mapping[str, str]) -> forms.Field:
    """Return the input for a question, which gives the value as it is kept."""
    kind = Kind(question.kind)
    missing = {"required": words["missing"], "invalid_choice": words["choose"]}
    shared: dict[str, Any] = {"required": question.required, "error_messages": missing}
    if kind == Kind.BOOLEAN:
        return forms.BooleanField(required=question.required, error_messages={"required": words["must_tick"]})
    if kind == Kind.CHOICES:
        pairs = [(each, each) for each in question.choices]
        return _Several(choices=pairs, widget=forms.CheckboxSelectMultiple, **shared)
    if kind == Kind.CHOICE:
        pairs = [(each, each) for each in question.choices]
        if len(pairs) <= _FEW and question.required:
            return forms.ChoiceField(choices=pairs, widget=forms.RadioSelect, **shared)
        return forms.ChoiceField(choices=[("", words["select"]), *pairs], **shared)
    if kind in (Kind.COUNTRY, Kind.LANGUAGE):
        return forms.ChoiceField(choices=[("", words["select"]), *_names(kind)], **shared)
    widget = _INPUTS.get(kind, forms.TextInput)()
    if complete := _COMPLETES.get(question.field):
        widget.attrs["autocomplete"] = complete
    bad = "" if words is phrases.fixed("en") else words["bad"]
    return _Typed(read=reader(kind, question.choices), bad=bad, widget=widget, max_length=10_000, **shared)


def _names(kind: Kind) -> list[tuple[str, str]]:
    locale = Locale("en")
    if kind == Kind.COUNTRY:
        found = {code: name for code, name in locale.territories.items() if len(code) == 2 and code.isalpha()}
        found.pop("ZZ", None)
        return sorted(((str(code), str(name)) for code, name in found.items()), key=lambda pair: pair[1])
    return [(code, str(Locale(code).get_display_name(code)).capitalize()) for code in _LANGUAGES]


_LANGUAGES = (
    "en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "da", "nb", "fi", "cs", "el", "ga", "hu", "ro", "tr", "uk",
    "ru", "ar", "he", "zh", "ja", "ko",
)  # fmt: skip

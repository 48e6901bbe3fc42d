"""The form of a connection, made from the table of providers."""

from typing import Any

from django import forms

from delivery.esps import ESPS, SMTP
from delivery.models import Mailing, SendingDomain
from delivery.services.connecting import Plan

_KINDS = (
    ("", "Any mail"),
    *(
        (kind.value, kind.label)
        for kind in (Mailing.Kind.CAMPAIGN, Mailing.Kind.AUTOMATION, Mailing.Kind.TRANSACTIONAL)
    ),
)
_SECURITY = (("starttls", "STARTTLS (587)"), ("tls", "TLS from the start (465)"), ("plain", "Not secured"))
_OWN = ("name", "for_domain", "for_kind", "is_default")


class ConnectionForm(forms.Form):
    """What one enters for a connection; secrets are asked for and never shown."""

    name = forms.CharField(max_length=100, help_text="What you call it.")
    for_domain: "forms.ModelChoiceField[SendingDomain]" = forms.ModelChoiceField(
        None, required=False, empty_label="Any domain", label="For mail of"
    )
    for_kind = forms.ChoiceField(choices=_KINDS, required=False, label="For")
    is_default = forms.BooleanField(
        required=False, label="Also for whatever no other connection is chosen for", initial=True
    )

    def __init__(self, *args: Any, provider: str, is_stored: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["for_domain"].queryset = SendingDomain.objects.order_by("domain")  # type: ignore[attr-defined]
        self.provider, self._is_stored = provider, is_stored
        if provider == SMTP:
            self.fields["host"] = forms.CharField(max_length=253, label="Server", help_text="Such as smtp.example.com.")
            self.fields["port"] = forms.IntegerField(min_value=1, max_value=65535, initial=587)
            self.fields["security"] = forms.ChoiceField(choices=_SECURITY)
            self.fields["username"] = forms.CharField(max_length=200, required=False, label="User name")
            self._add_secret("password", "Password", required=False)
        for each in ESPS[provider].fields:
            if each.choices:
                self.fields[each.name] = forms.ChoiceField(choices=each.choices, label=each.label)
            elif each.secret:
                self._add_secret(each.name, each.label, required=each.required)
            else:
                self.fields[each.name] = forms.CharField(
                    max_length=200, label=each.label, required=each.required, help_text=each.help
                )

    def _add_secret(self, name: str, label: str, *, required: bool) -> None:
        shown = "Stored. Write a new one to replace it." if self._is_stored else ""
        widget = forms.PasswordInput(attrs={"autocomplete": "off", "placeholder": shown})
        self.fields[name] = forms.CharField(
            max_length=500, label=label, required=required and not self._is_stored, widget=widget
        )

    @property
    def settings_fields(self) -> list[Any]:
        """Return the fields of the server or provider."""
        return [self[name] for name in self.fields if name not in _OWN]

    def plan(self) -> Plan:
        """Return what was entered."""
        data = self.cleaned_data
        return Plan(
            **{name: data[name] for name in _OWN},
            values={name: str(data[name]) for name in self.fields if name not in _OWN},
            secrets=secret_names(self.provider),
        )


def secret_names(provider: str) -> frozenset[str]:
    """Return which fields of a provider are secret."""
    return frozenset({"password"} if provider == SMTP else {each.name for each in ESPS[provider].fields if each.secret})

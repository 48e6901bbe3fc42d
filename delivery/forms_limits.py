"""The form of how fast an account sends, when it does not, and when its mailings stop themselves."""

from collections.abc import Sequence
from typing import Any

from django import forms

from delivery.models import Connection, SendingDomain

_MOST = 100_000_000


class LimitsForm(forms.Form):
    """An account's own limits; beside its own, one for each connection and domain."""

    per_hour = forms.IntegerField(
        required=False, min_value=1, max_value=_MOST, label="Messages an hour", help_text="Empty: as fast as we can."
    )
    quiet_from = forms.TimeField(required=False, widget=forms.TimeInput({"type": "time"}), label="From")
    quiet_until = forms.TimeField(required=False, widget=forms.TimeInput({"type": "time"}), label="Until")
    bounce_percent = forms.DecimalField(
        required=False, min_value=0.01, max_digits=4, decimal_places=2, label="Hard bounces, in %"
    )
    complaint_percent = forms.DecimalField(
        required=False, min_value=0.01, max_digits=4, decimal_places=2, label="Complaints, in %"
    )

    def __init__(
        self, *args: Any, connections: Sequence[Connection], domains: Sequence[SendingDomain], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        for kind, rows in (("connection", connections), ("domain", domains)):
            for row in rows:
                self.fields[f"{kind}_{row.pk}"] = forms.IntegerField(
                    required=False, min_value=1, max_value=_MOST, label=f"Messages an hour through {row}"
                    if kind == "connection"
                    else f"Messages an hour from {row}",
                )  # fmt: skip

    def parts(self) -> list[forms.BoundField]:
        """Return the fields of connections and domains."""
        return [self[name] for name in self.fields if name.startswith(("connection_", "domain_"))]

    def clean(self) -> dict[str, Any]:
        """Refuse quiet hours with one end only."""
        typed: dict[str, Any] = super().clean() or {}
        start, end = typed.get("quiet_from"), typed.get("quiet_until")
        if (start is None) != (end is None) and not self.errors:
            self.add_error("quiet_until" if end is None else "quiet_from", "Write when they begin and when they end.")
        return typed

"""What is said about a picture."""

from django import forms


class MediaForm(forms.Form):
    """Name and alternative text."""

    name = forms.CharField(max_length=120, help_text="Only your team sees it.")
    alt_text = forms.CharField(
        label="Alternative text",
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="What the picture tells, for people who don’t see it: many mail programs show it first. "
        "It is used wherever the picture is put from now on.",
    )

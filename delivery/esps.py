"""Providers that mail can leave through, as a table: the anymail backend, what one enters, and who can't carry bulk mail.

Addresses of APIs are chosen from a list and never typed: nobody has us call a machine of theirs.
Source of what carries headers: django-anymail 15.2, docs/esps, "merge_headers" (LIBRARIES.md, trap 6).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """One thing to enter; `choices` are (value, label), `part_of` puts it into an option that holds several."""

    name: str
    label: str
    secret: bool = True
    required: bool = True
    choices: tuple[tuple[str, str], ...] = ()
    help: str = ""
    part_of: str = ""


@dataclass(frozen=True)
class Esp:
    """A provider; `refused` says why it can't be chosen."""

    key: str
    title: str
    backend: str
    fields: tuple[Field, ...] = ()
    refused: str = ""


SMTP = "smtp"
_KEY = Field("api_key", "API key")
_TOKEN = Field("api_token", "API token")
_NO_HEADERS = (
    "It can’t carry an unsubscribe link of each person’s own in the headers, which Gmail and Yahoo ask of bulk mail."
)
_ANYMAIL = "anymail.backends.{}.EmailBackend"


def _esp(key: str, title: str, *fields: Field, refused: str = "") -> Esp:
    return Esp(key, title, _ANYMAIL.format(key), fields, refused)


ESPS: dict[str, Esp] = {
    esp.key: esp
    for esp in (
        Esp(SMTP, "SMTP server", ""),
        _esp(
            "amazon_ses", "Amazon SES",
            Field("aws_access_key_id", "Access key ID", secret=False, part_of="client_params"),
            Field("aws_secret_access_key", "Secret access key", part_of="client_params"),
            Field("region_name", "Region", secret=False, help="Such as eu-west-1.", part_of="client_params"),
        ),
        _esp("brevo", "Brevo", _KEY),
        _esp(
            "mailgun", "Mailgun", _KEY,
            Field("sender_domain", "Domain at Mailgun", secret=False, required=False),
            Field("api_url", "Region", secret=False, choices=(
                ("https://api.mailgun.net/v3", "United States"), ("https://api.eu.mailgun.net/v3", "European Union"),
            )),
        ),
        _esp("mailjet", "Mailjet", Field("api_key", "API key", secret=False), Field("secret_key", "Secret key")),
        _esp("mailtrap", "Mailtrap", _TOKEN),
        _esp(
            "postmark", "Postmark", Field("server_token", "Server token"),
            Field("message_stream", "Message stream", secret=False, required=False, help="A broadcast stream for campaigns."),
        ),
        _esp("resend", "Resend", _KEY),
        _esp("sendgrid", "SendGrid", _KEY),
        _esp(
            "sparkpost", "SparkPost", _KEY,
            Field("api_url", "Region", secret=False, choices=(
                ("https://api.sparkpost.com/api/v1", "United States"), ("https://api.eu.sparkpost.com/api/v1", "European Union"),
            )),
        ),
        _esp(
            "unisender_go", "Unisender Go", _KEY,
            Field("api_url", "Data centre", secret=False, choices=(
                ("https://go1.unisender.ru/ru/transactional/api/v1/", "go1"),
                ("https://go2.unisender.ru/ru/transactional/api/v1/", "go2"),
            )),
        ),
        _esp("mailersend", "MailerSend", refused=_NO_HEADERS),
        _esp("mandrill", "Mandrill", refused=_NO_HEADERS),
        _esp("postal", "Postal", refused=_NO_HEADERS + " Use its SMTP server."),
        _esp("scaleway", "Scaleway", refused=_NO_HEADERS),
    )
}  # fmt: skip


def options_of(esp: Esp, values: dict[str, str]) -> dict[str, object]:
    """Return the backend's options from what was entered."""
    options: dict[str, object] = {}
    for each in esp.fields:
        if not (value := values.get(each.name, "")):
            continue
        if each.part_of:
            inner = options.setdefault(each.part_of, {})
            assert isinstance(inner, dict)  # noqa: S101  # made the line before
            inner[each.name] = value
        else:
            options[each.name] = value
    return options

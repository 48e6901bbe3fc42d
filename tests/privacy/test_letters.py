"""Every mail of privacy is rendered by the code that sends it."""

from pathlib import Path

import pytest
from django.conf import settings

from accounts.services.outbox import Entry
from delivery.services import single
from tests.factories import NOW

FOLDER = Path(settings.BASE_DIR, "templates", "mail")
TOPICS = sorted(path.name.removesuffix(".txt") for path in FOLDER.glob("privacy_*.txt") if "subject" not in path.name)
CONTEXT = {
    "reference": "PR-7K2M-9QXA-4TBD", "type": "Erase my data", "due": "1 Apr 2027", "platform": "EmailConcert",
    "dpo": "dpo@example.org", "url": "https://example.org/privacy/verify/x/", "reason": "<b>Because</b>",
    "question": "Which?", "ground": "A law", "done": ["Profile: 1"], "kept": ["a keyed hash"], "until": "8 Mar 2027",
    "downloads": 3, "code": "1234 5678", "overdue": 1, "due_soon": 2, "today": "1 Mar 2027",
}  # fmt: skip


def test_there_are_letters():
    assert len(TOPICS) >= 14


@pytest.mark.parametrize("topic", TOPICS)
def test_a_letter_says_the_same_in_text_and_html(topic):
    has_button = "block button" in (FOLDER / f"{topic}.html").read_text()
    context = {**CONTEXT, "url": CONTEXT["url"] if has_button else ""}
    payload = {"to": "ada@example.com", "context": context, "language": "en"}

    letter = single.compose_service_mail(Entry(7, None, "mail", topic, payload, NOW))

    import email
    from email import policy

    message = email.message_from_bytes(letter.data.replace(b"\r\n..", b"\r\n."), policy=policy.default)
    text, html = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["To"] == "ada@example.com"
    assert message["Subject"].strip()
    assert "{{" not in text + html
    assert "<b>Because</b>" not in html
    for said in ("PR-7K2M-9QXA-4TBD", "1234 5678", "Which?", "8 Mar 2027", CONTEXT["url"]):
        assert (said in text) == (said in html), said
    assert "dpo@example.org" in text or "You get this because" in text
    assert settings.SECRET_KEY not in text

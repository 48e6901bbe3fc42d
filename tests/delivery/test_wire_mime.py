import email
import email.policy
import re
import sys
import types
from base64 import b64decode

import dkim as oracle
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from delivery.content.program import Program, Urls
from delivery.wire import dkim, encoding
from delivery.wire.mime import Identity, Skeleton

URLS = Urls(tracking="https://t.example", content="https://c.example")
TOKEN = "T" * 32

# Any text without surrogates; line ends are compared as \n because mail has only one kind.
texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=300)
lines = st.text(st.sampled_from(" .\t\r\n=ab€é\x00From"), max_size=120)


def identity(**changes):
    given = {
        "from_name": "Spring news",
        "from_email": "news@shop.example",
        "reply_to": "",
        "list_name": "Spring",
        "list_id": "l7.shop.example",
        "feedback_id": "1:2:campaign:emailconcert",
        "bounce_domain": "bounce.shop.example",
        "tracking_url": "https://t.example",
    }
    return Identity(**{**given, **changes})


def skeleton(*, subject="Hi", html="<p>x</p>", text="x", signers=(), **changes):
    program = Program.load({"subject": subject, "html": html, "text": text}, urls=URLS, constants={})
    return Skeleton(program, identity(**changes), signers)


def filled(contact=None, **kwargs):
    return skeleton(**kwargs).fill(
        recipient="bob@example.com", values={"contact": contact or {}}, token=TOKEN, at=1.75e9
    )


def parsed(letter):
    return email.message_from_bytes(letter.data, policy=email.policy.default)


def unix(text):
    return re.sub(r"\r\n|\r", "\n", text)


def assert_canonical(data):
    """The wire form needs no dot-stuffing and is DKIM's relaxed form already."""
    assert data.isascii()
    body = data.partition(b"\r\n\r\n")[2]
    for line in body.split(b"\r\n"):
        assert b"\n" not in line
        assert b"\r" not in line
        assert len(line) <= 78
        assert not line.startswith(b".")
        assert not line.endswith((b" ", b"\t"))
        assert b"  " not in line
    assert dkim.canonical_body(body) == body


@given(before=texts | lines, value=texts | lines, after=texts | lines)
def test_slots_come_out_as_they_went_in(before, value, after):
    before, after = (part.replace("{", "(") for part in (before, after))
    letter = filled({"x": value}, text=before + "{{ contact.x }}" + after)

    assert_canonical(letter.data)
    found = parsed(letter).get_body(("plain",)).get_payload(decode=True).decode()
    assert unix(found) == unix(before) + unix(value) + unix(after)


@given(value=texts | lines)
def test_no_value_makes_a_header(value):
    letter = filled({"x": value}, subject="Hi {{ contact.x }}", from_name=value, list_name=value, feedback_id=value)

    head = letter.data.partition(b"\r\n\r\n")[0].decode("ascii")
    names = [line.split(":")[0] for line in head.split("\r\n") if not line.startswith(" ")]
    assert names == [
        "To", "Subject", "Date", "Message-ID", "List-Unsubscribe", "From", "List-Unsubscribe-Post",
        *(["List-Id"]), "Feedback-ID", "MIME-Version", "Content-Type",
    ]  # fmt: skip
    assert "\n" not in head.replace("\r\n", "")
    assert "\r" not in head.replace("\r\n", "")
    assert all(len(line) < 998 for line in head.split("\r\n"))


@given(value=st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp", "Zs")) | st.just(" "), max_size=200))
def test_subject_comes_out_as_it_went_in(value):
    letter = filled({"x": value}, subject="{{ contact.x }}")

    raw = parsed(letter)["Subject"]
    assert " ".join(str(raw).split()) == " ".join(value.split())


@pytest.mark.parametrize(
    "recipient", ["a@b.c\r\nBcc: x@y.z", "a b@c.d", "<a@b.c>", "a@b.c>", "é@b.c", "", "x" * 300 + "@b.c", "a@b.c\x00"]
)
def test_recipient_that_is_no_plain_address_is_refused(recipient):
    with pytest.raises(encoding.CannotAddress):
        skeleton().fill(recipient=recipient, values={}, token=TOKEN)


def test_headers_are_what_the_rules_ask_for():
    letter = filled(from_name="Söhne, GmbH", reply_to="help@shop.example")
    message = parsed(letter)

    assert letter.sender == f"b+{TOKEN}@bounce.shop.example".encode()
    assert letter.recipient == b"bob@example.com"
    assert str(message["From"]) == '"Söhne, GmbH" <news@shop.example>'
    assert message["To"] == "<bob@example.com>" or str(message["To"]) == "bob@example.com"
    assert message["Reply-To"] == "<help@shop.example>" or str(message["Reply-To"]) == "help@shop.example"
    assert message["List-Unsubscribe"] == f"<https://t.example/u/{TOKEN}>, <mailto:u+{TOKEN}@bounce.shop.example>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["List-Id"] == "Spring <l7.shop.example>"
    assert message["Feedback-ID"] == "1:2:campaign:emailconcert"
    assert message["Message-ID"] == f"<{TOKEN}@bounce.shop.example>"
    assert message["Date"].datetime.timestamp() == 1.75e9
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


def test_same_message_filled_twice_is_the_same_bytes():
    assert filled({"x": "é"}, html="<p>{{ contact.x }}</p>") == filled({"x": "é"}, html="<p>{{ contact.x }}</p>")


@pytest.fixture
def nacl(monkeypatch):
    """Let the oracle check Ed25519 through `cryptography`: it knows only PyNaCl."""

    class VerifyKey:
        def __init__(self, key, encoder):
            self._key = Ed25519PublicKey.from_public_bytes(b64decode(key))

        def verify(self, message, signature):
            self._key.verify(signature, message)

    class BadSignatureError(Exception):
        pass

    module = types.ModuleType("nacl")
    module.signing = types.SimpleNamespace(VerifyKey=VerifyKey)
    module.encoding = types.SimpleNamespace(Base64Encoder=None)
    module.exceptions = types.SimpleNamespace(BadSignatureError=BadSignatureError)
    monkeypatch.setitem(sys.modules, "nacl", module)
    monkeypatch.setattr(oracle, "nacl", module, raising=False)


KEYS = {"r1": dkim.new_rsa_key(), "e1": dkim.new_ed25519_key()}
SIGNERS = [dkim.Signer("shop.example", selector, key) for selector, key in KEYS.items()]


def verifies(data, index):
    records = {
        f"{name}._domainkey.shop.example.".encode(): dkim.public_record(key).encode() for name, key in KEYS.items()
    }
    try:
        return oracle.DKIM(data).verify(idx=index, dnsfunc=lambda name, timeout=5: records[name])
    except oracle.ValidationError:
        return False


@given(value=texts | lines)
def test_rsa_signature_holds_for_the_oracle(value):
    data = filled(
        {"x": value}, subject="{{ contact.x }}", text="{{ contact.x }}", html="<p>{{ contact.x }}</p>", signers=SIGNERS
    ).data

    assert verifies(data, 0)


def test_both_signatures_hold_for_the_oracle(nacl):
    data = filled({"x": "Zürich ..\n."}, text="{{ contact.x }}", signers=SIGNERS).data

    assert verifies(data, 0)
    assert verifies(data, 1)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.replace(b"<p>x", b"<p>y"),
        lambda data: data.replace(b"Subject: Hi", b"Subject: Ho"),
        lambda data: data.replace(b"\r\nTo:", b"\r\nSubject: Added\r\nTo:"),
        lambda data: data.replace(b"\r\nTo:", b"\r\nFrom: x@evil.example\r\nTo:"),
        lambda data: data.replace(b"\r\nTo:", b"\r\nList-Unsubscribe: <https://evil.example>\r\nTo:"),
    ],
)
def test_changed_or_added_header_breaks_the_signature(change):
    data = filled(signers=SIGNERS).data

    assert change(data) != data
    assert verifies(data, 0)
    assert not verifies(change(data), 0)


@pytest.mark.parametrize("key", KEYS.values())
def test_key_survives_storing(key):
    assert dkim.public_record(dkim.load_key(dkim.private_bytes(key))) == dkim.public_record(key)

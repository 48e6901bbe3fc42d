import base64

import pytest

from emailconcert.lib import env


@pytest.fixture(autouse=True)
def _own_declarations(monkeypatch):
    monkeypatch.setattr(env, "_declared", {})


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("fast", "SEND_RATE is 'fast', which is not a whole number. For example SEND_RATE=10."),
        ("0", "SEND_RATE is 0; it must be at least 1 and at most 50."),
        ("51", "SEND_RATE is 51; it must be at least 1 and at most 50."),
    ],
)
def test_a_bad_number_says_what_to_write(monkeypatch, value, sentence):
    monkeypatch.setenv("SEND_RATE", value)

    with pytest.raises(env.BadSetting) as caught:
        env.env_int("SEND_RATE", default=10, minimum=1, maximum=50, help="")

    assert str(caught.value) == sentence


@pytest.mark.parametrize(("value", "expected"), [("yes", True), ("OFF", False), ("", True)])
def test_yes_and_no(monkeypatch, value, expected):
    monkeypatch.setenv("DEBUG", value)

    assert env.env_bool("DEBUG", default=True, help="") is expected


def test_neither_yes_nor_no(monkeypatch):
    monkeypatch.setenv("DEBUG", "maybe")

    with pytest.raises(env.BadSetting, match="Write DEBUG=yes or DEBUG=no"):
        env.env_bool("DEBUG", default=True, help="")


def test_a_required_setting_says_so(monkeypatch):
    monkeypatch.delenv("SECRET_KEY", raising=False)

    with pytest.raises(env.BadSetting, match=r"SECRET_KEY is not set\. Signs sessions\."):
        env.env_str("SECRET_KEY", help="Signs sessions.")


def test_keys_keep_their_order(monkeypatch):
    key = base64.urlsafe_b64encode(b"k" * 32).decode().rstrip("=")
    monkeypatch.setenv("TOKEN_KEYS", f"2:{key},1:{key}")

    assert list(env.env_keyring("TOKEN_KEYS", help="")) == [2, 1]


@pytest.mark.parametrize("value", ["nothing", "1:short", "0:AAAA", "x:AAAA", "1:!!!"])
def test_bad_keys_say_how_to_make_one(monkeypatch, value):
    monkeypatch.setenv("TOKEN_KEYS", value)

    with pytest.raises(env.BadSetting, match="TOKEN_KEYS"):
        env.env_keyring("TOKEN_KEYS", help="")


def test_secrets_do_not_show_their_defaults(monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    env.env_url("DATABASE_URL", schemes=("postgresql",), default="postgresql://ec:pw@h/n", help="", secret=True)

    assert env.declared()["DATABASE_URL"].default is None


def test_a_wrong_scheme_is_named(monkeypatch):
    monkeypatch.setenv("SITE_URL", "ftp://example.com")

    with pytest.raises(env.BadSetting, match="SITE_URL must begin with http:// or https://"):
        env.env_url("SITE_URL", schemes=("http", "https"), help="")

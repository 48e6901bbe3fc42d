"""What no browser sends: every address answers something, and never 500."""

import random
from datetime import timedelta
from urllib.parse import quote, urlencode

import orjson
import pytest
from django.conf import settings
from django.urls import get_resolver

from accounts.models import Role, User
from accounts.services import second_factor
from campaigns.models import Archive, Campaign, Variant
from delivery.models import Mailing
from emailconcert.lib.tenancy import account_scope
from tests.accounts.helpers import give_device
from tests.factories import NOW, AccountFactory, make_member
from tests.tenancy.rows import PK, make_rows
from tests.tenancy.test_urls import _PARAMETER, addresses, fill

pytestmark = pytest.mark.django_db

FORM = "application/x-www-form-urlencoded"
HUGE = "9" * 5000
# As they stand in an address, after percent-decoding by the server: what a parameter of a route may be.
PARTS = ["%00", "a%00b", "%ED%A0%80", "%FF%FE", "%", "%zz", "9" * 25, "²", "-1", "x" * 3000, "%F0%9F%98%80", "..%2F"]
VALUES = [
    "\0",
    "a\0b",
    "\ud800",
    "\ufffe",
    "9" * 25,
    HUGE,
    "²",
    "-1",
    "x" * 20_000,
    "1e999",
    "NaN",
    "[]",
    "{",
    "a@b\0.c",
    "٣",
]
NAMES = [
    "q", "page", "after", "before", "type", "show", "list", "tag", "sort", "next", "id", "contact", "email", "name",
    "password", "code", "invitation", "language", "values", "condition", "conditions", "field", "value", "rule", "part",
    "country", "time_zone", "day", "at", "on", "person", "action", "from", "until", "account", "selected", "subject",
]  # fmt: skip
CONTENT_HOST = "127.0.0.1:8000"


def encoded(value):
    return quote(value.encode("utf-8", "surrogatepass"))


def query_of(pairs):
    return "&".join(f"{encoded(name)}={encoded(value)}" for name, value in pairs)


BODIES = [
    (FORM, b"a=%00&name=%00"),
    (FORM, b"%%%=%zz&=&&&;;"),
    (FORM, b"a=\xff\xfe\xed\xa0\x80"),
    (FORM, urlencode([(f"f{n}", "x") for n in range(2000)]).encode()),
    (f"{FORM}; charset=utf-7x", b"a=b"),
    (f"{FORM}; charset=utf-7", b"a=+2AA-"),
    (f"{FORM}; charset=base64", b"a=b"),
    (f"{FORM}; charset=idna", b"a=b"),
    (f"{FORM}; charset=utf-16", b"a=b"),
    ("multipart/form-data", b"--x"),
    ("multipart/form-data; boundary=" + "x" * 300, b"--x"),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=\"q\"\r\n\r\n\0\r\n--x--"),
    ("multipart/form-data; boundary=x", (b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\0b.csv\"\r\n"
     b"Content-Type: text/csv; charset=nope\r\n\r\n\0,\xff\r\n--x--\r\n")),
    ("multipart/form-data; boundary=x", (b"--x\r\nContent-Disposition: form-data; name=\"q\"\r\n"
     b"Content-Transfer-Encoding: base64\r\n\r\n!!!\r\n--x--")),
    ("application/json", b"{"),
    ("application/json", b'{"a": "\\ud800", "q": "\\u0000"}'),
    ("application/json; charset=utf-7x", b"[[[["),
    ("text/plain", b"\0"),
    ("", b"x"),
    ("\xff/\xff; =;;charset", b"x"),
]  # fmt: skip


# How many values each address is asked with: many in the long run only.
MANY = pytest.mark.parametrize("many", [1, pytest.param(4, marks=pytest.mark.slow)])


def all_routes():
    members = [("localhost:8000", route) for route in set(addresses())]
    content = [(CONTENT_HOST, route) for route in set(addresses(get_resolver("emailconcert.urls_content")))]
    return sorted({*members, *content})


def open_doors():
    """Open the archive, at /a/made/, with the campaign that `make_rows` made in it, in the account's scope."""
    packed = orjson.dumps({"sources": dict.fromkeys(("subject", "html", "text"), "Rye"), "constants": {}})
    Mailing.objects.update(program=packed)
    Variant.objects.update(name="A")
    Campaign.objects.update(state="sent", sent_at=NOW - timedelta(days=400), in_archive=True)
    Archive.objects.update(is_open=True)


@pytest.fixture
def browser(client):
    client.raise_request_exception = False
    account = AccountFactory(name="Saltwater Traders", slug="made")
    alice = make_member(account=account, role=Role.OWNER, email="alice@example.org")
    with account_scope(account):
        make_rows(account)
        open_doors()
    client.force_login(alice.user)
    return client


def bad(client, asked):
    """Send each (method, host, path, query, body, content type); return those that were answered with 500."""
    found = []
    for method, host, path, query, body, kind in asked:
        answer = client.generic(method, path, body, content_type=kind, QUERY_STRING=query, headers={"host": host})
        if answer.status_code >= 500:
            found.append((answer.status_code, method, host, path[:80], query[:80], body[:80], kind[:60]))
    return found


def test_the_walk_reaches_what_strangers_read(browser):
    for path in ("", "feed.atom", f"{PK}/", f"{PK}/mail"):
        answer = browser.get(f"/a/made/{path}", headers={"host": CONTENT_HOST})
        assert (answer.status_code, b"Rye" in answer.content or b"made" in answer.content) == (200, True), path


def test_there_are_addresses_of_both_hosts_to_walk():
    assert {host for host, _ in all_routes()} == {"localhost:8000", CONTENT_HOST}
    assert settings.CONTENT_URL.endswith(CONTENT_HOST)
    assert len(all_routes()) > 100


@MANY
def test_parts_of_addresses(browser, many):
    chance = random.Random(14)
    asked = []
    for host, route in all_routes():
        for part in chance.sample(PARTS, many) if "<" in route else ["%00"]:
            path = "/" + _PARAMETER.sub(lambda _, part=part: part, route) if "<" in route else f"/{route}{part}"
            asked += [("GET", host, path, "", b"", FORM), ("POST", host, path, "", b"a=b", FORM)]

    assert bad(browser, asked) == []


@MANY
def test_queries(browser, many):
    chance = random.Random(15)
    asked = [
        ("GET", host, fill(route), query_of((name, value) for name in NAMES), b"", FORM)
        for host, route in all_routes()
        for value in ["\0", *chance.sample(VALUES, many)]
    ]

    assert bad(browser, asked) == []


@MANY
def test_forms(browser, many):
    chance = random.Random(16)
    asked = [
        ("POST", host, fill(route), "", query_of((name, value) for name in NAMES).encode(), FORM)
        for host, route in all_routes()
        for value in chance.sample(VALUES, many)
    ]

    assert bad(browser, asked) == []


@MANY
def test_bodies(browser, many):
    chance = random.Random(17)
    asked = [
        ("POST", host, fill(route), "", body, kind)
        for host, route in all_routes()
        for kind, body in chance.sample(BODIES, many)
    ]

    assert bad(browser, asked) == []


@pytest.mark.parametrize(
    ("method", "path", "query", "kind", "body"),
    [
        ("GET", "/contacts/", "q=%00", FORM, b""),
        ("GET", "/settings/privacy/%00/", "", FORM, b""),
        ("POST", "/sign-in/", "", FORM, b"email=%00&password=x"),
        *(("POST", "/sign-in/", "", kind, body) for kind, body in BODIES if "charset=" in kind),
        ("GET", "/static/%00", "", FORM, b""),
    ],
)
def test_what_cannot_be_read_is_answered_with_the_page_that_says_so(browser, method, path, query, kind, body):
    answer = browser.generic(method, path, body, content_type=kind, QUERY_STRING=query)

    assert answer.status_code == 400
    assert b"We could not read that request" in answer.content


@pytest.mark.parametrize("kind", [FORM, f"{FORM}; charset=UTF-8", f'{FORM}; charset="utf-8"'])
def test_ordinary_forms_are_read(client, kind):
    answer = client.generic("POST", "/password/reset/", b"email=ann%40example.org", content_type=kind)

    assert answer.status_code == 302


def test_session_cookies_with_an_escaped_nul_are_refused(client):
    answer = client.get("/", headers={"cookie": 'sessionid="aaaaaaaaaaaa\\000"; csrftoken="\\000"'})

    assert answer.status_code == 400


def test_codes_of_odd_digits_are_only_wrong(db):
    user = make_member(email="bob@example.org").user
    device = give_device(user)

    with pytest.raises(second_factor.WrongCode):
        second_factor.verify(user=user, code="²²²²²²", now=device.created_at)


def test_officers_choice_of_an_account_is_read_as_a_number_or_not_at_all(browser, monkeypatch):
    from privacy.services import desk
    from privacy.views import desk as views

    monkeypatch.setattr(views, "is_officer", lambda request: True)
    monkeypatch.setattr("django.contrib.admin.site.has_permission", lambda request: True)
    seen = []
    monkeypatch.setattr(desk, "choose_account", lambda **facts: seen.append(facts["account_id"]))
    User.objects.filter(email="alice@example.org").update(is_staff=True, platform_role="dpo")
    from django.urls import reverse

    path = reverse("admin:privacy_privacyrequest_choose", args=[PK])
    for chosen in ("²", "٣", HUGE, "7"):
        assert browser.post(path, {"account": chosen}).status_code == 302

    assert seen == [0, 0, 0, 7]

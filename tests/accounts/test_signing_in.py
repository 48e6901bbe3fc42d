import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from accounts.models import RememberedDevice, Session, User
from accounts.services import second_factor
from tests.accounts.helpers import actions, code_at, give_codes, give_device, give_password, now, sign_in
from tests.factories import PASSWORD, UserFactory, make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    membership = make_member(name="Alice", email="alice@example.org")
    User.objects.filter(pk=membership.user_id).update(last_account=membership.account)
    membership.user.refresh_from_db()
    give_password(membership.user)
    return membership


def is_in(client):
    return "_auth_user_id" in client.session


def test_sign_in_opens_home_and_notes_the_browser(client, alice):
    response = client.post(
        "/sign-in/",
        {"email": " Alice@Example.org ", "password": PASSWORD},
        headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"},
    )

    session = Session.objects.get(user=alice.user)
    assert (response.status_code, response["Location"]) == (302, "/")
    assert (session.label, session.network) == ("Firefox on Linux", "127.0.0.0")
    assert actions(alice.account) == ["sign_in.succeeded"]


def test_sign_in_goes_on_to_the_page_asked_for_and_only_on_our_host(client, alice):
    ours = sign_in(Client(), alice.user, next="/settings/team/")
    foreign = sign_in(Client(), alice.user, next="https://evil.example/")

    assert (ours["Location"], foreign["Location"]) == ("/settings/team/", "/")


def test_sign_in_answers_the_same_for_wrong_password_and_unknown_address(alice):
    answers = []
    for email in ("alice@example.org", "nobody@example.org"):
        response = Client().post("/sign-in/", {"email": email, "password": "wrong"})
        body = re.sub(r'value="[A-Za-z0-9]{64}"|"X-CSRFToken": "[^"]*"', "", response.content.decode())
        answers.append((response.status_code, body.replace(email, "")))

    assert answers[0] == answers[1]
    assert answers[0][0] == 422


def test_failed_sign_in_is_in_the_log_of_the_persons_account(client, alice):
    client.post("/sign-in/", {"email": "alice@example.org", "password": "wrong"})
    client.post("/sign-in/", {"email": "nobody@example.org", "password": "wrong"})

    assert (actions(alice.account), actions(None)) == (["sign_in.failed"], ["sign_in.failed"])


@pytest.mark.parametrize("email", ["alice@example.org", "nobody@example.org"])
def test_lockout_after_too_many_failures_even_with_the_right_password(client, alice, settings, email):
    settings.AXES_FAILURE_LIMIT = 3
    codes = [client.post("/sign-in/", {"email": email, "password": "wrong"}).status_code for _ in range(3)]

    response = client.post("/sign-in/", {"email": email, "password": PASSWORD})

    assert (codes, response.status_code, is_in(client)) == ([422, 422, 429], 429, False)
    assert b"15 minutes" in response.content


def test_lockout_is_for_one_address_from_one_network(client, alice, settings):
    settings.AXES_FAILURE_LIMIT = 2
    for _ in range(2):
        client.post("/sign-in/", {"email": "alice@example.org", "password": "wrong"})

    elsewhere = Client(REMOTE_ADDR="198.51.100.7")
    sign_in(elsewhere, alice.user)

    assert is_in(elsewhere)


def test_lockout_of_one_address_leaves_the_others_of_its_network_alone(client, alice, settings):
    settings.AXES_FAILURE_LIMIT = 2
    for _ in range(3):
        client.post("/sign-in/", {"email": "nobody@example.org", "password": "wrong"})

    sign_in(client, alice.user)

    assert is_in(client)


def test_sign_in_is_limited_by_network(client, alice):
    from emailconcert.lib import limits

    for _ in range(60):
        limits.hit("sign in: network", "127.0.0.1", 60, 300)

    assert (sign_in(client, alice.user).status_code, is_in(client)) == (429, False)


@pytest.mark.parametrize("change", [{"is_active": False}, {"restricted_at": now()}])
def test_inactive_and_restricted_profiles_neither_sign_in_nor_stay(client, alice, change):
    sign_in(client, alice.user)
    User.objects.filter(pk=alice.user_id).update(**change)

    stays = client.get("/settings/profile/")
    again = sign_in(Client(), alice.user)

    assert (stays.status_code, stays["Location"].startswith("/sign-in/")) == (302, True)
    assert again.status_code == 422


def test_sign_out_needs_a_post(client, alice):
    sign_in(client, alice.user)

    assert client.get("/sign-out/").status_code == 405
    assert (client.post("/sign-out/")["Location"], is_in(client)) == ("/sign-in/", False)


def test_second_factor_is_asked_after_the_password(client, alice):
    give_device(alice.user)

    response = sign_in(client, alice.user, next="/settings/team/")
    before = is_in(client)
    done = client.post(response["Location"], {"code": code_at(now()), "next": "/settings/team/"})

    assert (response["Location"], before) == ("/sign-in/code/?next=%2Fsettings%2Fteam%2F", False)
    assert (done["Location"], is_in(client)) == ("/settings/team/", True)


def test_code_page_needs_the_password_first(client, alice):
    give_device(alice.user)

    response = client.post("/sign-in/code/", {"code": code_at(now())})

    assert (response["Location"], is_in(client)) == ("/sign-in/", False)


def test_password_step_runs_out(client, alice):
    give_device(alice.user)
    sign_in(client, alice.user)
    with time_machine.travel(now() + timedelta(minutes=11)):
        assert client.post("/sign-in/code/", {"code": code_at(now())})["Location"] == "/sign-in/"


def test_code_works_once(alice):
    give_device(alice.user)
    moment = now()

    second_factor.verify(user=alice.user, code=code_at(moment), now=moment)

    with pytest.raises(second_factor.WrongCode):
        second_factor.verify(user=alice.user, code=code_at(moment), now=moment)


def test_earlier_code_does_not_work_after_a_later_one(alice):
    give_device(alice.user)
    moment = now()
    second_factor.verify(user=alice.user, code=code_at(moment), now=moment)

    with pytest.raises(second_factor.WrongCode):
        second_factor.verify(user=alice.user, code=code_at(moment - timedelta(seconds=30)), now=moment)


@pytest.mark.parametrize(("seconds", "accepted"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_code_of_a_neighbouring_step_works(alice, seconds, accepted):
    give_device(alice.user)
    moment = now()
    code = code_at(moment + timedelta(seconds=seconds))

    try:
        second_factor.verify(user=alice.user, code=code, now=moment)
        worked = True
    except second_factor.WrongCode:
        worked = False

    assert worked is accepted


def test_wrong_codes_are_slowed_down_even_for_the_right_one(alice):
    give_device(alice.user)
    with pytest.raises(second_factor.WrongCode):
        second_factor.verify(user=alice.user, code="000000", now=now())

    with pytest.raises(second_factor.TooManyCodes):
        second_factor.verify(user=alice.user, code=code_at(now()), now=now())


def test_wrong_code_is_in_the_log(client, alice):
    give_device(alice.user)
    sign_in(client, alice.user)

    response = client.post("/sign-in/code/", {"code": "000000"})

    assert (response.status_code, actions(alice.account)) == (422, ["second_factor.failed"])


def test_recovery_code_works_once_and_in_any_spelling(client, alice):
    give_device(alice.user)
    first, _second, *_ = give_codes(alice.user)
    sign_in(client, alice.user)

    client.post("/sign-in/code/", {"code": first.upper().replace("-", " ")})

    assert (is_in(client), second_factor.codes_left(alice.user)) == (True, 9)
    with pytest.raises(second_factor.WrongCode):
        second_factor.verify(user=alice.user, code=first, now=now())


def test_recovery_codes_are_stored_as_hashes(alice):
    give_device(alice.user)
    codes = give_codes(alice.user)

    stored = b"".join(bytes(each) for each in alice.user.recoverycode_set.values_list("code_hash", flat=True))

    assert len(set(codes)) == 10
    assert not any(code.replace("-", "").encode() in stored for code in codes)


def test_recovery_code_of_another_profile_does_not_work(alice):
    bob = UserFactory()
    give_device(alice.user)
    give_device(bob)
    code = give_codes(alice.user)[0]

    with pytest.raises(second_factor.WrongCode):
        second_factor.verify(user=bob, code=code, now=now())


def test_remembered_browser_is_not_asked_for_thirty_days(client, alice):
    give_device(alice.user)
    sign_in(client, alice.user)
    client.post("/sign-in/code/", {"code": code_at(now()), "remember": "on"})
    client.post("/sign-out/")

    at_once = sign_in(client, alice.user)["Location"]
    client.post("/sign-out/")
    with time_machine.travel(now() + timedelta(days=31)):
        later = sign_in(client, alice.user)["Location"]

    assert (at_once, later) == ("/", "/sign-in/code/")


def test_remembered_browser_helps_nobody_else(client, alice):
    bob = give_password(make_member().user)
    give_device(alice.user)
    give_device(bob)
    sign_in(client, alice.user)
    client.post("/sign-in/code/", {"code": code_at(now()), "remember": "on"})
    client.post("/sign-out/")

    assert sign_in(client, bob)["Location"] == "/sign-in/code/"


def test_platforms_people_are_asked_every_time(client):
    dpo = give_password(UserFactory(is_staff=True, platform_role="dpo"))
    give_device(dpo)
    sign_in(client, dpo)
    client.post("/sign-in/code/", {"code": code_at(now()), "remember": "on"})

    assert not RememberedDevice.objects.exists()


def test_signed_in_people_do_not_see_the_sign_in_page(client, alice):
    sign_in(client, alice.user)

    assert client.get("/sign-in/")["Location"] == "/"


def test_lockout_and_limits_go_by_the_network_a_customer_has(alice, settings):
    settings.AXES_FAILURE_LIMIT = 2
    for last in range(2):
        neighbour = Client(REMOTE_ADDR=f"2001:db8:1:2::{last}")
        neighbour.post("/sign-in/", {"email": "alice@example.org", "password": "wrong"})

    same, other = Client(REMOTE_ADDR="2001:db8:1:2:ffff::7"), Client(REMOTE_ADDR="2001:db8:1:3::7")

    assert (sign_in(same, alice.user).status_code, is_in(same)) == (429, False)
    sign_in(other, alice.user)
    assert is_in(other)


@pytest.mark.parametrize(
    "typed", ["Änn@Bücher.example", "änn@xn--bcher-kva.example", " a\u0308nn@bu\u0308cher.example"]
)
def test_an_address_in_any_spelling_signs_in(client, typed):
    ann = give_password(make_member(email="änn@xn--bcher-kva.example").user)

    response = client.post("/sign-in/", {"email": typed, "password": PASSWORD})

    assert (response["Location"], client.session["_auth_user_id"]) == ("/", str(ann.pk))


def test_failures_are_counted_together_in_whatever_spelling(client, settings):
    settings.AXES_FAILURE_LIMIT = 2
    give_password(make_member(email="ann@xn--bcher-kva.example").user)

    for typed in ("ann@bücher.example", "ANN@xn--bcher-kva.example"):
        response = client.post("/sign-in/", {"email": typed, "password": "wrong"})

    assert response.status_code == 429

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from accounts.models import EmailChange, RememberedDevice, Session, User
from accounts.services import browsers, second_factor
from tests.accounts.helpers import (
    actions,
    code_at,
    give_codes,
    give_device,
    give_password,
    mails,
    now,
    path_in,
    sign_in,
)
from tests.factories import PASSWORD, UserFactory, make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(client):
    membership = make_member(name="Alice", email="alice@example.org")
    User.objects.filter(pk=membership.user_id).update(last_account=membership.account)
    membership.user.refresh_from_db()
    give_password(membership.user)
    sign_in(client, membership.user)
    return membership


def test_profile_is_kept_right_and_spoken_in_its_language_and_zone(client, alice):
    client.post("/settings/profile/", {"name": "Alice B.", "language": "de", "time_zone": "Asia/Tokyo"})

    page = client.get("/settings/profile/")

    user = User.objects.get(pk=alice.user_id)
    assert (user.name, user.language, user.time_zone) == ("Alice B.", "de", "Asia/Tokyo")
    assert b'<html lang="de"' in page.content
    assert page["Content-Language"] == "de"
    assert "profile.changed" in actions(alice.account)


def test_address_changes_when_both_mailboxes_said_yes(client, alice):
    form = {"new_email": "New@Example.org", "current_password": PASSWORD}
    client.post("/settings/profile/email/", form)
    (_, to_old, old), (_, to_new, new) = mails()
    elsewhere = Client()

    looked = elsewhere.get(path_in(old)).status_code
    elsewhere.post(f"{path_in(old)}yes/")
    halfway = User.objects.get(pk=alice.user_id).email
    elsewhere.post(f"{path_in(new)}yes/")

    assert (to_old, to_new, looked) == ("alice@example.org", "new@example.org", 200)
    assert (halfway, User.objects.get(pk=alice.user_id).email) == ("alice@example.org", "new@example.org")
    assert not EmailChange.objects.exists()


def test_one_mailbox_cannot_say_yes_for_both(client, alice):
    client.post("/settings/profile/email/", {"new_email": "new@example.org", "current_password": PASSWORD})
    new = path_in(mails()[1][2])

    client.post(f"{new}yes/")
    client.post(f"{new}yes/")

    assert User.objects.get(pk=alice.user_id).email == "alice@example.org"


def test_change_of_address_needs_the_password(client, alice):
    response = client.post("/settings/profile/email/", {"new_email": "n@example.org", "current_password": "wrong"})

    assert (response.status_code, mails()) == (422, [])


def test_address_of_somebody_else_looks_the_same_and_cannot_be_taken(client, alice):
    UserFactory(email="taken@example.org")
    free = client.post("/settings/profile/email/", {"new_email": "free@example.org", "current_password": PASSWORD})
    taken = client.post("/settings/profile/email/", {"new_email": "taken@example.org", "current_password": PASSWORD})

    assert (free.status_code, free["Location"]) == (taken.status_code, taken["Location"])
    assert [template for template, _, _ in mails()][2:] == ["change_email_old", "change_email_taken"]
    assert "/sign-in/" in mails()[-1][2]["url"]


def test_change_of_address_runs_out(client, alice):
    client.post("/settings/profile/email/", {"new_email": "new@example.org", "current_password": PASSWORD})

    with time_machine.travel(now() + timedelta(days=3)):
        assert client.get(path_in(mails()[1][2])).status_code == 410


@pytest.mark.parametrize("token", ["x", "1", "1-", "-", "99999999999999999999-a", "1-é", "²-a"])
def test_made_up_links_do_not_work(client, alice, token):
    assert client.get(f"/settings/profile/email/{token}/").status_code == 410
    assert client.post(f"/settings/profile/email/{token}/yes/").status_code == 410


def test_new_password_ends_the_other_sessions_and_remembered_browsers(client, alice):
    other = Client()
    sign_in(other, alice.user)
    browsers.remember(user=alice.user, label="Old", now=now())
    new = "an entirely new phrase"

    client.post("/settings/profile/password/", {"current_password": PASSWORD, "new_password": new})

    assert client.get("/settings/profile/").status_code == 200
    assert other.get("/settings/profile/").status_code == 302
    assert not RememberedDevice.objects.exists()
    assert mails()[-1][0] == "security_change"
    assert sign_in(Client(), alice.user, new)["Location"] == "/"


def test_new_password_is_checked(client, alice):
    form = {"current_password": PASSWORD, "new_password": "Passw0rd123"}
    response = client.post("/settings/profile/password/", form)

    assert (response.status_code, "new_password" in response.context["password_form"].errors) == (422, True)


def test_security_page_lists_sessions_and_ends_one(client, alice):
    other = Client(HTTP_USER_AGENT="Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0")
    sign_in(other, alice.user)
    page = client.get("/settings/profile/security/")
    handle = next(each.handle for each in page.context["sessions"] if not each.is_current)

    client.post(f"/settings/profile/security/sessions/{handle}/end/")

    assert b"Firefox on Linux" in page.content
    assert other.get("/settings/profile/").status_code == 302
    assert client.get("/settings/profile/").status_code == 200


def test_session_of_another_person_cannot_be_ended(client, alice):
    bob = give_password(make_member().user)
    other = Client()
    sign_in(other, bob)
    key = Session.objects.get(user=bob).session_key
    (handle,) = [each.handle for each in browsers.open_sessions(user=bob, current_key=key, now=now())]

    assert client.post(f"/settings/profile/security/sessions/{handle}/end/").status_code == 404
    assert other.get("/settings/profile/").status_code == 200


def test_signing_out_everywhere_else(client, alice):
    others = [Client(), Client()]
    for other in others:
        sign_in(other, alice.user)

    client.post("/settings/profile/security/sessions/end-others/")

    assert [other.get("/settings/profile/").status_code for other in others] == [302, 302]
    assert client.get("/settings/profile/").status_code == 200


def test_last_seen_moves_while_the_session_is_used(client, alice):
    first = Session.objects.get(user=alice.user).last_seen_at
    with time_machine.travel(now() + timedelta(minutes=6)):
        client.get("/settings/profile/")

    session = Session.objects.get(user=alice.user)
    assert session.last_seen_at > first + timedelta(minutes=5)
    assert session.created_at < first + timedelta(minutes=1)


def test_setting_up_an_app_shows_recovery_codes_once(client, alice):
    page = client.get("/settings/profile/security/app/")
    enrolment = page.context["form"].initial["enrolment"]
    import base64

    code = code_at(now(), seed=base64.b32decode(page.context["key"]))
    form = {"enrolment": enrolment, "code": code, "current_password": PASSWORD}

    done = client.post("/settings/profile/security/app/", form)

    assert page.context["picture"].startswith("data:image/svg+xml;base64,")
    assert (len(done.context["codes"]), second_factor.codes_left(alice.user)) == (10, 10)
    assert client.get("/settings/profile/security/app/")["Location"] == "/settings/profile/security/"
    assert mails()[-1][0] == "security_change"
    assert "second_factor.enrolled" in actions(alice.account)


@pytest.mark.parametrize("wrong", [{"code": "000000"}, {"current_password": "wrong"}, {"enrolment": "AAAA"}])
def test_setting_up_needs_code_password_and_its_own_seed(client, alice, wrong):
    page = client.get("/settings/profile/security/app/")
    import base64

    form = {
        "enrolment": page.context["form"].initial["enrolment"],
        "code": code_at(now(), seed=base64.b32decode(page.context["key"])),
        "current_password": PASSWORD,
        **wrong,
    }

    client.post("/settings/profile/security/app/", form)

    assert second_factor.device_of(alice.user) is None


def test_seed_of_another_profile_does_not_work(client, alice):
    enrolment = second_factor.new_enrolment(UserFactory())

    with pytest.raises(second_factor.WrongCode):
        second_factor.enrol(user=alice.user, enrolment=enrolment, code="000000", actor=None, now=now())


def test_removing_the_second_factor_needs_the_password(client, alice):
    give_device(alice.user)
    give_codes(alice.user)

    wrong = client.post("/settings/profile/security/app/disable/", {"disable-current_password": "wrong"})
    kept = second_factor.device_of(alice.user)
    client.post("/settings/profile/security/app/disable/", {"disable-current_password": PASSWORD})

    assert (wrong.status_code, kept is not None) == (422, True)
    assert (second_factor.device_of(alice.user), second_factor.codes_left(alice.user)) == (None, 0)


def test_new_recovery_codes_replace_the_old(client, alice):
    give_device(alice.user)
    old = give_codes(alice.user)[0]

    page = client.post("/settings/profile/security/codes/", {"codes-current_password": PASSWORD})

    assert (len(page.context["codes"]), old in page.context["codes"]) == (10, False)
    with pytest.raises(second_factor.WrongCode):
        second_factor.verify(user=alice.user, code=old, now=now())


def test_fresh_password_may_not_be_guessed_for_long(client, alice):
    give_device(alice.user)
    url = "/settings/profile/security/app/disable/"
    for _ in range(10):
        client.post(url, {"disable-current_password": "wrong"})

    response = client.post(url, {"disable-current_password": PASSWORD})

    assert (response.status_code, second_factor.device_of(alice.user) is not None) == (422, True)


def test_forgetting_a_remembered_browser(client, alice):
    browsers.remember(user=alice.user, label="Old laptop", now=now())
    theirs = RememberedDevice.objects.create(
        user=UserFactory(), secret_hash=b"x" * 32, label="Theirs", expires_at=now() + timedelta(days=1)
    )
    page = client.get("/settings/profile/security/")
    (mine,) = page.context["remembered"]

    client.post(f"/settings/profile/security/devices/{mine.pk}/forget/")

    assert client.post(f"/settings/profile/security/devices/{theirs.pk}/forget/").status_code == 404
    assert list(RememberedDevice.objects.all()) == [theirs]


@pytest.mark.parametrize(("days", "advised"), [(364, False), (366, True)])
def test_password_older_than_a_year_is_advised_against(client, alice, days, advised):
    User.objects.filter(pk=alice.user_id).update(password_changed_at=now() - timedelta(days=days))

    page = client.get("/settings/profile/security/")

    assert (b"more than a year old" in page.content) is advised

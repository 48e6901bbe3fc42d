import pytest

from accounts.models import Account
from accounts.services import signing_up, standing
from tests.accounts.helpers import ACTOR, actions, code_at, give_device, give_password, mails, now, sign_in
from tests.factories import UserFactory, make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def dpo():
    return give_password(UserFactory(is_staff=True, platform_role="dpo", name="Dora"))


@pytest.fixture
def desk(client, dpo):
    """A browser in the admin site."""
    give_device(dpo)
    sign_in(client, dpo)
    client.post("/sign-in/code/", {"code": code_at(now())})
    return client


def follow(client, path):
    return [url for url, _ in client.get(path, follow=True).redirect_chain]


def test_admin_sends_strangers_to_our_sign_in(client):
    assert follow(client, "/admin/")[-1] == "/sign-in/?next=%2Fadmin%2F"


def test_admin_sends_who_has_no_second_factor_to_its_set_up(client, dpo):
    sign_in(client, dpo)

    assert follow(client, "/admin/")[-1] == "/settings/profile/security/app/"


def test_admin_asks_for_the_code_of_a_session_without_one(client, dpo):
    client.force_login(dpo, backend="accounts.backends.ProfileBackend")
    give_device(dpo)

    assert follow(client, "/admin/")[-1] == "/sign-in/code/?next=%2Fadmin%2F"
    assert client.post("/sign-in/code/", {"code": code_at(now()), "next": "/admin/"})["Location"] == "/admin/"
    assert client.get("/admin/")["Location"] == "/admin/privacy/privacyrequest/"
    assert client.get("/admin/privacy/privacyrequest/").status_code == 200


def test_admin_is_closed_to_members(client):
    client.force_login(make_member().user, backend="accounts.backends.ProfileBackend")

    assert client.get("/admin/", follow=True).status_code == 403


def test_dpo_lands_in_the_admin(client, dpo):
    give_device(dpo)
    sign_in(client, dpo)

    assert client.post("/sign-in/code/", {"code": code_at(now())})["Location"] == "/admin/"


@pytest.mark.parametrize("path", ["accounts/account/", "accounts/user/", "accounts/signupinvitation/"])
def test_lists_open_and_offer_no_adding(desk, path):
    make_member()
    signing_up.invite(email="new@example.org", actor=ACTOR, now=now())

    assert desk.get(f"/admin/{path}").status_code == 200
    assert desk.get(f"/admin/{path}add/").status_code == 403


def test_pages_of_one_account_and_profile_change_nothing(desk):
    owner = make_member()
    for path in (f"account/{owner.account_id}", f"user/{owner.user_id}"):
        assert desk.get(f"/admin/accounts/{path}/change/").status_code == 200
        assert desk.post(f"/admin/accounts/{path}/change/", {"name": "Hacked"}).status_code == 403
        assert desk.post(f"/admin/accounts/{path}/delete/", {"post": "yes"}).status_code == 403


def test_suspending_needs_a_reason_is_audited_and_told_and_can_be_taken_back(desk):
    owner = make_member(email="owner@example.org")
    url = f"/admin/accounts/account/{owner.account_id}/standing/"

    without = desk.post(url, {"act": "suspend", "reason": " ", "sending_quota": 5})
    desk.post(url, {"act": "suspend", "reason": "Many complaints.", "sending_quota": 5})
    account = Account.objects.get(pk=owner.account_id)

    assert without.status_code == 422
    assert (account.status, account.status_reason) == ("suspended", "Many complaints.")
    assert mails()[0][:2] == ("account_standing", "owner@example.org")
    with pytest.raises(standing.AccountSuspended, match="Many complaints"):
        standing.require_sending(account)
    desk.post(url, {"act": "reinstate", "sending_quota": 5})
    account.refresh_from_db()
    assert standing.may_send(account)
    assert actions(account) == ["account.suspended", "account.reinstated"]


def test_suspended_account_shows_why_on_every_page(client):
    owner = make_member()
    standing.suspend(account=owner.account, reason="Many complaints.", actor=ACTOR, now=now())
    client.force_login(owner.user, backend="accounts.backends.ProfileBackend")

    assert b"Many complaints." in client.get("/settings/team/").content


def test_quota_is_set_and_audited(desk):
    owner = make_member()

    desk.post(f"/admin/accounts/account/{owner.account_id}/standing/", {"act": "quota", "sending_quota": 77})

    assert Account.objects.get(pk=owner.account_id).sending_quota == 77
    assert actions(owner.account) == ["account.quota_changed"]


def test_inviting_to_open_an_account(desk):
    desk.post("/admin/accounts/signupinvitation/invite/", {"email": "New@Example.org"})

    assert [(template, to) for template, to, _ in mails()] == [("sign_up_invitation", "new@example.org")]


def test_signing_out_of_the_admin(desk):
    desk.post("/admin/logout/")

    assert "_auth_user_id" not in desk.session

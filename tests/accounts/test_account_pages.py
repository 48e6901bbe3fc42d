from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, Role
from accounts.services import auditing
from tests.accounts.helpers import ACTOR, actions, code_at, give_device, give_password, now, sign_in
from tests.factories import make_cast, make_member

pytestmark = pytest.mark.django_db
BACKEND = "accounts.backends.ProfileBackend"

BUSINESS = {
    "name": "New name",
    "postal_address": "2 Low Street",
    "country": "AT",
    "time_zone": "Europe/Vienna",
    "language": "de",
    "tracks_opens": "on",
}


@pytest.fixture
def owner(client):
    owner = make_member(name="Olga")
    client.force_login(owner.user, backend=BACKEND)
    return owner


def write(account, number, *, action="test.done", actor=ACTOR, at=None):
    for _ in range(number):
        auditing.record(action=action, actor=actor, now=at or now(), account_id=account.pk)


def entries(response):
    return [event.pk for event in response.context["page"].entries]


def test_business_is_kept_right_and_audited(client, owner):
    response = client.post("/settings/business/", BUSINESS)

    account = Account.objects.get(pk=owner.account_id)
    assert (response.status_code, account.name, account.country) == (302, "New name", "AT")
    assert (account.tracks_opens, account.tracks_clicks) == (True, False)
    assert actions(account) == ["account.changed"]


def test_business_page_begins_as_the_account_is(client, owner):
    page = client.get("/settings/business/")

    assert page.context["form"].initial["name"] == owner.account.name


def test_requiring_a_second_factor_needs_one_oneself(client, owner):
    response = client.post("/settings/business/", {**BUSINESS, "requires_second_factor": "on"})

    assert (response.status_code, Account.objects.get(pk=owner.account_id).requires_second_factor) == (422, False)


def test_required_second_factor_holds_members_back_until_they_have_one(client, owner):
    Account.objects.filter(pk=owner.account_id).update(requires_second_factor=True)

    held = client.get("/settings/team/")
    set_up = client.get("/settings/profile/security/app/")
    give_password(owner.user)
    give_device(owner.user)
    client.post("/sign-out/")
    sign_in(client, owner.user)
    client.post("/sign-in/code/", {"code": code_at(now())})

    assert (held["Location"], set_up.status_code) == ("/settings/profile/security/", 200)
    assert client.get("/settings/team/").status_code == 200


def test_settings_lead_to_the_first_page_open_to_the_role(client, owner):
    viewer = make_member(account=owner.account, role=Role.VIEWER)

    first = client.get("/settings/")["Location"]
    client.force_login(viewer.user, backend=BACKEND)

    assert (first, client.get("/settings/")["Location"]) == ("/settings/business/", "/settings/team/")


def test_audit_log_shows_own_entries_only_the_latest_first(client, owner):
    write(owner.account, 2)
    write(make_member().account, 1)

    found = entries(client.get("/settings/audit/"))

    assert (len(found), found == sorted(found, reverse=True)) == (2, True)


def test_audit_log_is_the_owners(client):
    alice, _, _ = make_cast()
    client.force_login(make_member(account=alice.account, role=Role.ADMIN).user, backend=BACKEND)

    assert client.get("/settings/audit/").status_code == 403


def test_audit_log_is_filtered_by_action_person_and_date(client, owner):
    mine = auditing.actor_for(owner.user, network="192.0.2.0")
    write(owner.account, 1, action="team.invited", at=now() - timedelta(days=10))
    write(owner.account, 2, action="account.changed", actor=mine)
    today = now().date().isoformat()

    by_action = entries(client.get("/settings/audit/", {"action": "team.invited"}))
    by_person = entries(client.get("/settings/audit/", {"person": owner.user_id}))
    by_date = entries(client.get("/settings/audit/", {"since": today}))
    before = entries(client.get("/settings/audit/", {"until": (now() - timedelta(days=5)).date().isoformat()}))
    nobody = client.get("/settings/audit/", {"action": "team.invited", "since": today})

    assert [len(each) for each in (by_action, by_person, by_date, before)] == [1, 2, 2, 1]
    assert b"Nothing fits" in nobody.content


def test_audit_log_ignores_a_filter_it_does_not_know(client, owner):
    write(owner.account, 1)

    assert client.get("/settings/audit/", {"action": "no.such", "since": "yesterday"}).status_code == 200


def test_audit_log_pages_by_key_there_and_back(client, owner):
    write(owner.account, 120)

    first = client.get("/settings/audit/")
    second = client.get("/settings/audit/", {"after": first.context["page"].older})
    third = client.get("/settings/audit/", {"after": second.context["page"].older})
    back = client.get("/settings/audit/", {"before": third.context["page"].newer})

    pages = [entries(each) for each in (first, second, third, back)]
    assert [len(each) for each in pages] == [50, 50, 20, 50]
    assert pages[3] == pages[1]
    assert (first.context["page"].newer, third.context["page"].older) == (None, None)
    assert len(set(pages[0] + pages[1] + pages[2])) == 120


@pytest.mark.parametrize("number", [1, 3])
def test_audit_log_asks_the_database_the_same_for_one_or_three(client, owner, number):
    write(owner.account, number)
    client.get("/settings/audit/")

    with CaptureQueriesContext(connection) as queries:
        client.get("/settings/audit/")

    assert len([query for query in queries if query["sql"].startswith("SELECT ")]) == 10

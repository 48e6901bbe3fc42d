import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Invitation, Membership, Role, User
from accounts.services import inviting, teams
from emailconcert.lib.tenancy import account_scope
from tests.accounts.helpers import ACTOR, actions, mails, now, path_in
from tests.factories import PASSWORD, make_cast, make_member

pytestmark = pytest.mark.django_db
BACKEND = "accounts.backends.ProfileBackend"


@pytest.fixture
def cast(client):
    """Alice (owner, signed in), Bob (editor) in her account, and Charlie of another."""
    people = make_cast()
    client.force_login(people[0].user, backend=BACKEND)
    return people


def as_member(client, membership):
    client.force_login(membership.user, backend=BACKEND)
    return client


def roles(account):
    with account_scope(account):
        return dict(Membership.objects.values_list("user__name", "role"))


def invite(alice, email="new@example.org", role=Role.EDITOR):
    with account_scope(alice.account):
        inviting.invite(account=alice.account, email=email, role=role, by=alice, actor=ACTOR, now=now())
    return path_in(mails()[-1][2])


def test_team_page_shows_members_and_invitations(client, cast):
    alice, _, _ = cast
    invite(alice)

    page = client.get("/settings/team/").content.decode()

    assert [name in page for name in ("Alice", "bob@example.org", "new@example.org", "Charlie")] == [
        True,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("number", [1, 3])
def test_team_page_asks_the_database_the_same_for_one_or_three(client, cast, number):
    alice, bob, _ = cast
    with account_scope(alice.account):
        bob.delete()
    for index in range(number):
        make_member(account=alice.account, role=Role.EDITOR)
        invite(alice, email=f"new{index}@example.org")
    client.get("/settings/team/")

    with CaptureQueriesContext(
        connection,
    ) as queries:
        client.get("/settings/team/")

    assert len([query for query in queries if query["sql"].startswith('SELECT "')]) == 6


def test_invitation_is_mailed_and_audited(client, cast):
    alice, _, _ = cast

    client.post("/settings/team/invite/", {"email": "New@Example.org", "role": "viewer"})

    ((template, to, context),) = mails()
    assert (template, to, context["role"], context["inviter"]) == ("invitation", "new@example.org", "viewer", "Alice")
    assert actions(alice.account) == ["team.invited"]


def test_inviting_again_replaces_the_first_link(client, cast):
    first, second = invite(cast[0]), invite(cast[0])
    client.logout()

    assert (client.get(first).status_code, client.get(second).status_code) == (410, 200)


def test_members_are_not_invited_again(client, cast):
    response = client.post("/settings/team/invite/", {"email": "bob@example.org", "role": "viewer"})

    assert (response.status_code, mails()) == (422, [])


def test_new_person_joins_by_the_link(client, cast):
    alice, _, _ = cast
    link = invite(alice, role=Role.ADMIN)
    client.logout()
    page = client.get(link)
    before = roles(alice.account)
    form = {"name": "Nell", "password": PASSWORD, "time_zone": "UTC", "language": "en", "accept": "on"}

    response = client.post(f"{link}join/", form)

    user = User.objects.get(email="new@example.org")
    assert (page.status_code, "Nell" in before) == (200, False)
    assert (response["Location"], roles(alice.account)["Nell"]) == ("/", "admin")
    assert (user.email_confirmed_at is not None, user.accepted_terms.count()) == (True, 2)
    assert client.get(link).status_code == 410


def test_known_person_joins_after_signing_in(client, cast):
    alice, _, charlie = cast
    link = invite(alice, email="charlie@example.net")
    client.logout()
    stranger = client.get(link).content.decode()

    as_member(client, charlie)
    response = client.post(f"{link}accept/")

    assert "/sign-in/?next=/invitations/" in stranger
    assert (response["Location"], roles(alice.account)["Charlie"]) == ("/", "editor")
    assert alice.account.name in client.get("/settings/team/").content.decode()


def test_known_persons_profile_is_not_made_anew(client, cast):
    alice, _, charlie = cast
    link = invite(alice, email="charlie@example.net")
    client.logout()
    form = {"name": "Eve", "password": PASSWORD, "time_zone": "UTC", "language": "en", "accept": "on"}

    response = client.post(f"{link}join/", form)

    charlie.user.refresh_from_db()
    assert (response.status_code, charlie.user.name) == (410, "Charlie")


def test_invitation_is_not_for_somebody_else(client, cast):
    alice, _, charlie = cast
    link = invite(alice)
    as_member(client, charlie)

    assert client.post(f"{link}accept/").status_code == 410
    assert "Charlie" not in roles(alice.account)


def test_accepting_needs_the_button(client, cast):
    alice, _, charlie = cast
    link = invite(alice, email="charlie@example.net")
    as_member(client, charlie)

    client.get(link)
    assert client.get(f"{link}accept/").status_code == 405
    assert "Charlie" not in roles(alice.account)


def test_withdrawn_invitation_does_not_work(client, cast):
    alice, _, _ = cast
    link = invite(alice)
    with account_scope(alice.account):
        pk = Invitation.objects.get().pk

    client.post(f"/settings/team/invitations/{pk}/withdraw/")

    assert client.get(link).status_code == 410


def test_role_is_changed_and_audited(client, cast):
    alice, bob, _ = cast

    client.post(f"/settings/team/{bob.pk}/role/", {"role": "admin"})

    assert (roles(alice.account)["Bob"], actions(alice.account)) == ("admin", ["team.role_changed"])


def test_last_owner_keeps_the_role_and_cannot_leave(client, cast):
    alice, _, _ = cast

    client.post(f"/settings/team/{alice.pk}/role/", {"role": "editor"})
    client.post("/settings/team/leave/")
    client.post(f"/settings/team/{alice.pk}/remove/")

    assert roles(alice.account)["Alice"] == "owner"


def test_owner_leaves_when_there_is_another(client, cast):
    alice, bob, _ = cast
    client.post(f"/settings/team/{bob.pk}/role/", {"role": "owner"})

    response = client.post("/settings/team/leave/")

    assert (response["Location"], roles(alice.account)) == ("/", {"Bob": "owner"})


def test_member_is_removed(client, cast):
    alice, bob, _ = cast

    client.post(f"/settings/team/{bob.pk}/remove/")

    assert (roles(alice.account), actions(alice.account)) == ({"Alice": "owner"}, ["team.removed"])


def test_removed_member_is_out_at_once(client, cast):
    _, bob, _ = cast
    from django.test import Client

    browser = as_member(Client(), bob)
    client.post(f"/settings/team/{bob.pk}/remove/")

    assert browser.get("/settings/team/")["Location"] == "/no-account/"


def test_transfer_makes_the_other_owner_and_oneself_admin(client, cast):
    alice, bob, _ = cast

    client.post("/settings/team/transfer/", {"to": bob.pk})

    assert roles(alice.account) == {"Alice": "admin", "Bob": "owner"}


def test_admins_neither_make_nor_unmake_owners(client, cast):
    alice, bob, _ = cast
    admin = make_member(account=alice.account, role=Role.ADMIN, name="Ada")
    as_member(client, admin)

    client.post(f"/settings/team/{bob.pk}/role/", {"role": "owner"})
    client.post(f"/settings/team/{alice.pk}/role/", {"role": "viewer"})
    client.post(f"/settings/team/{alice.pk}/remove/")
    invited = client.post("/settings/team/invite/", {"email": "new@example.org", "role": "owner"})

    assert roles(alice.account) == {"Alice": "owner", "Bob": "editor", "Ada": "admin"}
    assert invited.status_code == 422


@pytest.mark.django_db(transaction=True)
def test_two_owners_cannot_both_leave():
    import threading

    alice = make_member(name="Alice")
    bob = make_member(account=alice.account, name="Bob")
    start, refused = threading.Barrier(2), []

    def leave(membership):
        start.wait(10)
        try:
            with account_scope(membership.account_id):
                teams.leave(membership=membership, actor=ACTOR, now=now())
        except teams.LastOwner:
            refused.append(membership)
        finally:
            connection.close()

    threads = [threading.Thread(target=leave, args=(each,)) for each in (alice, bob)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(refused), len(roles(alice.account))) == (1, 1)


MANAGE = [
    ("post", "/settings/team/invite/"),
    ("post", "/settings/team/{bob}/role/"),
    ("post", "/settings/team/{bob}/remove/"),
    ("post", "/settings/team/invitations/{invitation}/withdraw/"),
    ("post", "/settings/team/transfer/"),
    ("get", "/settings/business/"),
    ("post", "/settings/business/"),
    ("get", "/settings/audit/"),
]
MEMBERS = [("get", "/settings/team/"), ("post", "/settings/team/leave/"), ("get", "/settings/")]
OWN = [
    ("get", "/settings/profile/"),
    ("post", "/settings/profile/email/"),
    ("post", "/settings/profile/password/"),
    ("get", "/settings/profile/security/"),
    ("get", "/settings/profile/security/app/"),
    ("post", "/settings/profile/security/app/disable/"),
    ("post", "/settings/profile/security/codes/"),
    ("post", "/settings/profile/security/sessions/x/end/"),
    ("post", "/settings/profile/security/sessions/end-others/"),
    ("post", "/settings/profile/security/devices/1/forget/"),
    ("post", "/switch/"),
    ("get", "/no-account/"),
]


def fill(path, cast):
    alice, bob, _ = cast
    if "{invitation}" in path:
        invite(alice)
        with account_scope(alice.account):
            return path.format(invitation=Invitation.objects.get().pk)
    return path.format(bob=bob.pk)


@pytest.mark.parametrize(("method", "path"), MANAGE + MEMBERS + OWN)
def test_strangers_are_sent_to_sign_in(client, cast, method, path):
    client.logout()

    response = getattr(client, method)(fill(path, cast))

    assert (response.status_code, response["Location"].startswith("/sign-in/?next=")) == (302, True)


@pytest.mark.parametrize(("method", "path"), MANAGE)
@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_managing_is_closed_to_lower_roles(client, cast, role, method, path):
    alice, bob, _ = cast
    path = fill(path, cast)
    as_member(client, make_member(account=alice.account, role=role))

    response = getattr(client, method)(path, {"role": "viewer", "to": bob.pk, "email": "x@example.org"})

    assert (response.status_code, roles(alice.account)["Bob"]) == (403, "editor")


@pytest.mark.parametrize("path", [path for _, path in MANAGE if "{" in path])
def test_rows_of_another_account_are_not_found(client, cast, path):
    alice, _, charlie = cast
    path = fill(path, cast)
    as_member(client, charlie)

    assert client.post(path, {"role": "viewer"}).status_code == 404
    assert roles(alice.account) == {"Alice": "owner", "Bob": "editor"}


def test_transfer_to_somebody_of_another_account_is_refused(client, cast):
    _, _, charlie = cast

    assert client.post("/settings/team/transfer/", {"to": charlie.pk}).status_code == 422


def test_switching_goes_to_own_accounts_only(client, cast):
    alice, _, charlie = cast
    with account_scope(charlie.account):
        Membership.objects.create(account=charlie.account, user=alice.user, role=Role.VIEWER)
    foreign = make_member().account

    switched = client.post("/switch/", {"account": str(charlie.account.public_id)})
    page = client.get("/settings/team/").content.decode()
    refused = client.post("/switch/", {"account": str(foreign.public_id)})

    assert (switched["Location"], "Charlie" in page, refused.status_code) == ("/", True, 404)


def test_person_without_account_is_told_so(client, cast):
    from tests.factories import UserFactory

    client.force_login(UserFactory(), backend=BACKEND)

    assert client.get("/settings/team/")["Location"] == "/no-account/"
    assert client.get("/no-account/").status_code == 200

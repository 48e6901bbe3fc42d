import json

import pytest

from accounts.models import Membership, Role, User
from accounts.services import auditing, browsers, documents, own_data
from emailconcert.lib.tenancy import account_scope, platform_scope
from tests.accounts.helpers import actions, give_codes, give_device, give_password, now
from tests.factories import make_cast

pytestmark = pytest.mark.django_db


def act(membership):
    auditing.record(
        action="team.invited",
        actor=auditing.actor_for(membership.user, network="192.0.2.0"),
        now=now(),
        account_id=membership.account_id,
        details={"email": "x"},
    )


def test_export_holds_everything_as_plain_json_and_no_secret():
    alice, _, _ = make_cast()
    give_password(alice.user)
    act(alice)
    give_device(alice.user)
    give_codes(alice.user)
    browsers.remember(user=alice.user, label="Firefox on Linux", now=now())
    documents.accept(user=alice.user, now=now())

    found = own_data.export_profile(alice.user)

    assert json.loads(json.dumps(found)) == found
    assert found["profile"]["email"] == "alice@example.org"
    assert found["memberships"][0]["role"] == "owner"
    assert [each["action"] for each in found["acts"]] == ["team.invited"]
    assert (found["recovery_codes_left"], len(found["accepted_documents"])) == (10, 2)
    assert found["remembered_browsers"][0]["label"] == "Firefox on Linux"
    assert alice.user.password not in json.dumps(found)


def test_export_holds_nobody_elses():
    alice, bob, _ = make_cast()
    act(alice)

    found = json.dumps(own_data.export_profile(bob.user))

    assert ("alice" in found.lower(), "192.0.2.0" in found) == (False, False)


def test_sole_owner_is_not_erased():
    alice, _, _ = make_cast()

    with pytest.raises(own_data.SoleOwner, match=alice.account.name):
        own_data.erase_profile(alice.user, now=now())
    assert User.objects.filter(pk=alice.user_id).exists()


def test_erasing_removes_the_profile_and_who_acted_but_not_what_happened():
    alice, bob, _ = make_cast()
    act(bob)
    give_device(bob.user)
    user_id = bob.user_id

    counts = own_data.erase_profile(bob.user, now=now())

    assert not User.objects.filter(pk=user_id).exists()
    assert actions(alice.account) == ["team.invited"]
    assert counts["acts"] == 1
    with platform_scope("tests: look for traces"):
        from accounts.models import AuditActor

        actor = AuditActor.objects.get(event__action="team.invited")
    assert (actor.user_id, actor.name, actor.network, actor.details) == (None, "", "", {})


def test_owner_with_a_second_owner_is_erased():
    alice, bob, _ = make_cast()
    with account_scope(alice.account):
        Membership.objects.filter(pk=bob.pk).update(role=Role.OWNER)

    own_data.erase_profile(alice.user, now=now())

    with account_scope(bob.account):
        assert list(Membership.objects.values_list("user_id", flat=True)) == [bob.user_id]

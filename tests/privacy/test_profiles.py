"""Login profiles have the same rights as contacts."""

import pytest

from accounts.models import AuditActor, Membership, User
from accounts.services import auditing
from emailconcert.lib.tenancy import account_scope, platform_scope
from privacy.models import ErasureLedger, PrivacyRequest, RequestEvent
from privacy.services import desk, ledger, moving, own_requests, states
from privacy.services.states import State
from tests.accounts.helpers import ACTOR, give_password, now
from tests.factories import PASSWORD, UserFactory, make_cast

pytestmark = pytest.mark.django_db


def ask(user, type="erase"):
    return own_requests.ask(user=give_password(user), password=PASSWORD, type=type, details="", actor=ACTOR, now=now())


def approve(request):
    desk.view_dry_run(pk=request.pk, actor=ACTOR, now=now())
    for step in (desk.approve, desk.approve_second):
        actor = type(ACTOR)(user_id=UserFactory().pk, name="", network="")
        if request.type == "erase" or step is desk.approve:
            step(pk=request.pk, actor=actor, now=now())
    moving.carry_out_due(now=now())
    with platform_scope("test"):
        return PrivacyRequest.objects.get(pk=request.pk)


def test_a_member_is_erased_and_the_audit_log_loses_who_it_was():
    alice, bob, _ = make_cast()
    actor = auditing.actor_for(bob.user, network="192.0.2.0")
    with account_scope(alice.account):
        auditing.record(action="x.done", actor=actor, now=now(), account_id=alice.account_id)

    request = approve(ask(bob.user))

    assert (request.state, request.outcome["scan"]["found"]) == (State.DONE, [])
    assert not User.objects.filter(email="bob@example.org").exists()
    with platform_scope("test"):
        assert not Membership.objects.filter(user_id=bob.user_id).exists()
        assert not AuditActor.objects.filter(name="Bob").exists()
        assert AuditActor.objects.filter(event__action="x.done").exists()
        assert not RequestEvent.objects.filter(request=request, actor_id=bob.user_id).exists()
        assert ErasureLedger.objects.get().account_number == 0
    assert ledger.agrees()


def test_the_only_owner_hands_over_first():
    alice, *_ = make_cast()
    request = ask(alice.user)

    with pytest.raises(states.NotYet, match="only owner"):
        desk.view_dry_run(pk=request.pk, actor=ACTOR, now=now())


def test_a_restricted_profile_is_kept_and_lifted_again():
    _, bob, _ = make_cast()
    request = approve(ask(bob.user, "restrict"))

    bob.user.refresh_from_db()
    assert (request.state, bob.user.restricted_at is not None) == (State.RESTRICTED, True)
    desk.announce_lift(pk=request.pk, reason="Settled", actor=ACTOR, now=now())
    desk.lift(pk=request.pk, actor=ACTOR, now=now())
    bob.user.refresh_from_db()
    assert bob.user.restricted_at is None


def test_a_person_takes_their_own_request_back_and_nobody_elses():
    alice, bob, _ = make_cast()
    request = ask(bob.user)

    own_requests.withdraw(user=alice.user, reference=request.reference, now=now())
    with platform_scope("test"):
        assert PrivacyRequest.objects.get().state == State.REVIEW
    own_requests.withdraw(user=bob.user, reference=request.reference, now=now())
    with platform_scope("test"):
        assert PrivacyRequest.objects.get().state == State.WITHDRAWN

"""The table of PRIVACY.md, walked in full: every step that is allowed, and every one that is not."""

from datetime import timedelta

import pytest

from accounts.models import Account, User
from emailconcert.lib.tenancy import platform_scope
from privacy.models import PrivacyRequest, RequestEvent
from privacy.services import intake, states
from privacy.services.states import CLOSED, TRANSITIONS, State, Type, Who
from tests.factories import NOW, AccountFactory, UserFactory

pytestmark = pytest.mark.django_db

P, D, OWN, S = Who.PERSON, Who.DPO, Who.OWNER, Who.SYSTEM

# Written out again from the specification, apart from the code's own table.
ALLOWED = {
    ("unverified", "verified"): {P, D},
    ("unverified", "id_info_asked"): {D},
    ("id_info_asked", "verified"): {D},
    ("unverified", "lapsed"): {S},
    ("lapsed", "unverified"): {P, D},
    ("verified", "with_controller"): {S},
    ("with_controller", "review"): {OWN, S},
    ("verified", "review"): {S},
    ("review", "with_controller"): {S},
    ("unverified", "executing"): {S},
    ("review", "clarifying"): {D},
    ("clarifying", "review"): {P, D},
    ("review", "review"): {D},
    ("review", "approved"): {D},
    ("approved", "executing"): {D, S},
    ("executing", "done"): {S},
    ("executing", "partly_done"): {S},
    ("executing", "failed"): {S},
    ("failed", "executing"): {D, S},
    ("review", "refused"): {D},
    ("executing", "restricted"): {S},
    ("restricted", "lift_notified"): {D, OWN},
    ("lift_notified", "lifted"): {D, OWN},
    **{
        (state, "withdrawn"): {P}
        for state in (
            "unverified", "id_info_asked", "verified", "with_controller", "review", "clarifying", "approved",
        )
    },
}  # fmt: skip


def make_request(state=State.REVIEW, type=Type.ERASE, **more):
    wanted = intake.Wanted(type=type, full_name="Ada Byron", email="ada@example.com")
    request = intake.make(wanted=wanted, channel=PrivacyRequest.Channel.FORM, now=NOW)
    for name, value in {"state": state, **more}.items():
        setattr(request, name, value)
    request.save(force_insert=True)
    return request


def ready(source, target):
    """Return a request for which every guard of this step is content, and the note to give."""
    account = Account.objects.first() or AccountFactory()
    more = {
        "account_id": account.pk,
        "subject_kind": "contact",
        "verified_at": NOW,
        "verified_by": "link",
        "reminders": 2,
        "received_at": NOW - timedelta(days=30) if target == "lapsed" else NOW,
        "controller_asked_at": NOW,
        "controller_answer": "agree",
        "dry_run_viewed_at": NOW,
        "approved_by": User.objects.first() or UserFactory(),
        "approved_at": NOW,
        "execute_after": NOW,
        "outcome": {},
        "refusal_code": "law",
        "sealed_refusal": b"x",
    }
    if (source, target) == ("verified", "review"):
        more["subject_kind"] = "user"
    kind = Type.OBJECT if (source, target) == ("unverified", "executing") else Type.ERASE
    return make_request(source, Type.RESTRICT if target == "restricted" else kind, **more)


@pytest.mark.parametrize("source", [str(each) for each in State])
def test_only_the_steps_of_the_table_are_taken_and_only_by_whom_it_says(source):
    with platform_scope("test"):
        for target in map(str, State):
            request = ready(source, target)
            may = ALLOWED.get((source, target), set())
            for who in set(Who) - may:
                with pytest.raises(states.NotAllowed):
                    states.move(request, target, who=who, now=NOW, note="because")
                request.refresh_from_db()
                assert request.state == source
            assert not RequestEvent.objects.filter(request=request).exists()
            for who in may:
                request = ready(source, target)
                states.move(request, target, who=who, now=NOW, note="because")
                request.refresh_from_db()
                assert request.state == target
                assert (request.closed_at == NOW) == (target in CLOSED)
                step = RequestEvent.objects.get(request=request)
                assert (step.from_state, step.to_state, step.actor_kind) == (source, target, str(who))


def test_the_table_holds_no_step_more():
    assert {step: set(each.who) for step, each in TRANSITIONS.items() if step[0]} == ALLOWED


@pytest.mark.parametrize("state", sorted(CLOSED - {"lapsed"}))
def test_closed_requests_stay_closed(state):
    assert not [step for step in TRANSITIONS if step[0] == state]


BROKEN = [
    ("unverified", "verified", {"verified_by": ""}),
    ("unverified", "id_info_asked", {"note": ""}),
    ("unverified", "lapsed", {"reminders": 1}),
    ("unverified", "lapsed", {"received_at": NOW - timedelta(days=29)}),
    ("verified", "with_controller", {"account_id": None}),
    ("verified", "with_controller", {"subject_kind": "user"}),
    ("verified", "review", {"subject_kind": "contact"}),
    ("with_controller", "review", {"controller_answer": ""}),
    ("unverified", "executing", {"type": "erase"}),
    ("unverified", "executing", {"verified_by": ""}),
    ("review", "clarifying", {"note": ""}),
    ("review", "review", {"note": ""}),
    ("review", "review", {"received_at": NOW - timedelta(days=40)}),
    ("review", "approved", {"dry_run_viewed_at": None}),
    ("review", "approved", {"approved_by": None}),
    ("review", "approved", {"controller_answer": ""}),
    ("review", "with_controller", {"account_id": None}),
    ("review", "with_controller", {"subject_kind": "user"}),
    ("approved", "executing", {"execute_after": NOW + timedelta(hours=1)}),
    ("executing", "done", {"outcome": None}),
    ("executing", "restricted", {"type": "erase"}),
    ("review", "refused", {"refusal_code": ""}),
    ("review", "refused", {"sealed_refusal": None}),
    ("restricted", "lift_notified", {"note": ""}),
]


@pytest.mark.parametrize(("source", "target", "flaw"), BROKEN)
def test_a_guard_holds_the_step_back(source, target, flaw):
    with platform_scope("test"):
        request = ready(source, target)
        note = flaw.pop("note", "because") if "note" in flaw else "because"
        for name, value in flaw.items():
            setattr(request, name, value)
        request.save()
        who = next(iter(ALLOWED[source, target]))

        with pytest.raises(states.NotYet):
            states.move(request, target, who=who, now=NOW, note=note)

        request.refresh_from_db()
        assert request.state == source


def test_an_objection_is_never_refused():
    with platform_scope("test"):
        request = make_request(State.REVIEW, Type.OBJECT, refusal_code="law", sealed_refusal=b"x")

        with pytest.raises(states.NotAllowed, match="never be refused"):
            states.move(request, State.REFUSED, who=D, now=NOW)


def test_of_two_people_who_press_at_once_one_is_told():
    with platform_scope("test"):
        request = ready("review", "clarifying")
        same = PrivacyRequest.objects.get(pk=request.pk)
        states.move(request, State.CLARIFYING, who=D, now=NOW, note="what do you mean?")

        with pytest.raises(states.AlreadyMoved):
            states.move(same, State.CLARIFYING, who=D, now=NOW, note="what do you mean?")
        assert RequestEvent.objects.filter(request=request).count() == 1

"""An erasure from the public form through the DPO's desk to the ledger, and that nobody comes back."""

import io
import json
import zipfile
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
import time_machine
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from accounts.models import AuditEvent
from contacts.models import Contact, ContactEvent, DepartedContact
from contacts.services import people
from delivery.models import Message
from emailconcert.lib.addresses import address_hash
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import account_scope, platform_scope
from privacy import registry
from privacy.models import ErasureLedger, PrivacyRequest, Suppression
from privacy.services import desk, ledger, matching, moving, packaging, routing, standing, states
from privacy.services.states import State
from tests.accounts.helpers import ACTOR, code_at, give_device, give_password, now, sign_in
from tests.factories import UserFactory, make_cast
from tests.privacy.mails import mails, mails_to
from tests.tracking.makers import make_mailing
from tracking.models import Kind, Notice

pytestmark = pytest.mark.django_db

ADA = "ada@example.com"
HOST = {"headers": {"host": "localhost:8000"}}
DESK = "/admin/privacy/privacyrequest"


@pytest.fixture
def dpo():
    return give_password(UserFactory(is_staff=True, platform_role="dpo", name="Dora"))


@pytest.fixture
def officer(client, dpo):
    """The DPO's browser, past the second factor."""
    give_device(dpo)
    sign_in(client, dpo)
    client.post("/sign-in/code/", {"code": code_at(now())})
    return client


@pytest.fixture
def alice():
    alice, *_ = make_cast()
    with account_scope(alice.account):
        for email, first in ((ADA, "Ada"), ("grace@example.com", "Grace")):
            people.add_contact(
                account_id=alice.account_id, email=email, first_name=first, last_name="Byron", source="member",
                now=timezone.now(),
            )  # fmt: skip
    return alice


def ada(account):
    with account_scope(account):
        return Contact.objects.filter(email=ADA).first()


def the_request():
    with platform_scope("test"):
        return PrivacyRequest.objects.get()


def ask_and_verify(client, account, type="erase"):
    data = {"type": type, "full_name": "Ada Byron", "email": ADA, "regime": "eu", "business_name": account.name}
    client.post("/privacy/request/send/", data, **HOST)
    url = mails_to(ADA, "privacy_verify")[-1]["url"]
    client.post(f"{url[url.index('/privacy/') :]}confirm/", **HOST)
    return the_request()


def in_review(client, alice, type="erase"):
    request = ask_and_verify(client, alice.account, type)
    routing.answer_for_account(
        account_id=alice.account_id, reference=request.reference, agrees=True, reason="", actor=ACTOR, now=now()
    )
    return the_request()


def erased(client, alice):
    """Carry an erasure out by the services; the pages are tested once."""
    request = in_review(client, alice)
    desk.view_dry_run(pk=request.pk, actor=ACTOR, now=now())
    first, second = UserFactory(), UserFactory()
    for step, user in ((desk.approve, first), (desk.approve_second, second)):
        step(pk=request.pk, actor=type(ACTOR)(user_id=user.pk, name="", network=""), now=now())
    moving.carry_out_due(now=now())
    return the_request()


def test_an_erasure_on_the_dpos_pages_from_end_to_end(client, alice, officer):
    request = in_review(client, alice)
    page = f"{DESK}/{request.pk}/"

    assert request.reference in officer.get(f"{DESK}/", **HOST).content.decode()
    assert "Look at the dry run" in officer.get(page, **HOST).content.decode()
    officer.post(f"{page}step/approve/", **HOST)
    assert the_request().state == State.REVIEW  # not before the dry run was viewed
    officer.post(f"{page}step/dry-run/", **HOST)
    shown = officer.get(page, **HOST).content.decode()
    assert "Dry run of" in shown
    assert ada(alice.account) is not None
    officer.post(f"{page}step/approve/", **HOST)
    assert the_request().state == State.APPROVED
    officer.post(f"{page}step/second/", **HOST)
    assert the_request().state == State.APPROVED  # the same person is no second one
    officer.post(f"{page}step/override/", {"note": ""}, **HOST)
    assert the_request().state == State.APPROVED
    officer.post(f"{page}step/override/", {"note": "The person is in danger."}, **HOST)
    assert the_request().state == State.EXECUTING
    moving.carry_out_due(now=timezone.now())

    done = the_request()
    assert (done.state, done.outcome["scan"]["found"]) == (State.DONE, [])
    assert done.outcome["scan"]["columns"] > 50
    assert "No trace was found" in officer.get(page, **HOST).content.decode()
    assert ada(alice.account) is None
    with account_scope(alice.account):
        assert Contact.objects.count() == 1
        assert not ContactEvent.objects.exclude(contact__email="grace@example.com").exists()
        kept = Suppression.objects.get()
    assert (kept.reason, kept.sealed_address) == ("erased", None)
    assert bytes(kept.address_hash) == address_hash(ADA, account_id=alice.account_id)
    assert done.sealed_email is None
    assert done.sealed_full_name is None
    assert mails_to(ADA, "privacy_receipt")[0]["kept"]
    with platform_scope("test"):
        entry = ErasureLedger.objects.get()
        actions = set(AuditEvent.objects.filter(action__startswith="privacy.").values_list("action", flat=True))
    assert (entry.reference, done.ledger_entry_id) == (done.reference, entry.pk)
    assert {"privacy.dry_run", "privacy.approved", "privacy.cooling_off_overridden", "privacy.erased"} <= actions
    assert ledger.agrees()


def test_the_erased_do_not_come_back_by_import_or_by_hand(client, alice, tmp_path):
    erased(client, alice)

    file = tmp_path / "again.csv"
    file.write_text("email,first name\nADA@Example.com ,Ada\nnew@example.com,New\n")
    out = StringIO()
    call_command("import_contacts", str(file), account=alice.account.slug, json=True, stdout=out)
    counts = json.loads(out.getvalue())

    assert (counts["added"], counts["kept_out"]) == (1, 1)
    assert ada(alice.account) is None
    with account_scope(alice.account), pytest.raises(ExpectedError):
        people.add_contact(account_id=alice.account_id, email=ADA, source="member", now=now())


def test_only_the_named_accounts_data_goes(client, alice):
    with platform_scope("test"):
        charlie = alice.__class__.objects.get(user__email="charlie@example.net")
    with account_scope(charlie.account_id):
        people.add_contact(account_id=charlie.account_id, email=ADA, source="member", now=now())

    request = erased(client, alice)

    assert request.state == State.DONE
    assert ada(charlie.account_id) is not None


def test_the_cooling_off_ends_by_itself_after_24_hours(client, alice, dpo):
    request = in_review(client, alice)
    actor = type(ACTOR)(user_id=dpo.pk, name="Dora", network="")
    desk.view_dry_run(pk=request.pk, actor=actor, now=now())
    desk.approve(pk=request.pk, actor=actor, now=now())

    moving.move_requests(now=now() + timedelta(hours=23, minutes=59))
    assert the_request().state == State.APPROVED
    moving.move_requests(now=now() + timedelta(hours=24, minutes=1))
    assert the_request().state == State.DONE


def test_with_a_second_officer_the_first_cannot_hurry(client, alice, dpo):
    UserFactory(is_staff=True, platform_role="dpo")
    request = in_review(client, alice)
    actor = type(ACTOR)(user_id=dpo.pk, name="Dora", network="")
    desk.view_dry_run(pk=request.pk, actor=actor, now=now())
    desk.approve(pk=request.pk, actor=actor, now=now())

    with pytest.raises(states.NotAllowed):
        desk.override_cooling_off(pk=request.pk, reason="in a hurry", actor=actor, now=now())


def test_a_silent_owner_does_not_hold_it_up(client, alice):
    request = ask_and_verify(client, alice.account)
    assert request.state == State.WITH_CONTROLLER

    moving.move_requests(now=now() + timedelta(days=6))
    assert the_request().state == State.WITH_CONTROLLER
    moving.move_requests(now=now() + timedelta(days=9))

    assert (the_request().state, the_request().controller_answer) == (State.REVIEW, "silent")


def test_the_owner_answers_on_their_page(client, alice):
    request = ask_and_verify(client, alice.account)
    client.force_login(alice.user)
    page = f"/settings/privacy/{request.reference}/"

    assert request.reference in client.get("/settings/privacy/", **HOST).content.decode()
    assert ADA in client.get(page, **HOST).content.decode()
    assert client.post(f"{page}answer/", {"answer": "object", "reason": ""}, **HOST).status_code == 422
    assert client.post(f"{page}answer/", {"answer": "object", "reason": "We need it."}, **HOST).status_code == 302
    assert (the_request().state, the_request().controller_answer) == (State.REVIEW, "object")
    assert client.post(f"{page}answer/", {"answer": "agree"}, **HOST).status_code == 422


def test_another_accounts_owner_finds_nothing(client, alice):
    request = ask_and_verify(client, alice.account)
    with platform_scope("test"):
        charlie = alice.__class__.objects.select_related("user").get(user__email="charlie@example.net")
    client.force_login(charlie.user)

    assert request.reference not in client.get("/settings/privacy/", **HOST).content.decode()
    assert client.get(f"/settings/privacy/{request.reference}/", **HOST).status_code == 404
    answer = client.post(f"/settings/privacy/{request.reference}/answer/", {"answer": "agree"}, **HOST)
    assert answer.status_code == 404
    assert the_request().state == State.WITH_CONTROLLER


def test_a_refusal_names_ground_reason_and_remedies(client, alice):
    request = in_review(client, alice)

    with pytest.raises(states.NotYet):
        desk.refuse(pk=request.pk, code="", reason="no", actor=ACTOR, now=now())
    with pytest.raises(states.NotYet):
        desk.refuse(pk=request.pk, code="law", reason="", actor=ACTOR, now=now())
    assert mails_to(ADA, "privacy_refused") == []
    desk.refuse(pk=request.pk, code="law", reason="Invoices are kept.", actor=ACTOR, now=now())

    assert the_request().state == State.REFUSED
    assert mails_to(ADA, "privacy_refused")[0]["reason"] == "Invoices are kept."


def test_a_restriction_keeps_and_blocks_until_the_person_was_told(client, alice):
    request = in_review(client, alice, "restrict")
    desk.view_dry_run(pk=request.pk, actor=ACTOR, now=now())
    officer = UserFactory()
    desk.approve(pk=request.pk, actor=type(ACTOR)(user_id=officer.pk, name="", network=""), now=now())
    moving.carry_out_due(now=now())

    digest = address_hash(ADA, account_id=alice.account_id)
    assert the_request().state == State.RESTRICTED
    assert ada(alice.account) is not None
    assert standing.blocked(account_id=alice.account_id, hashes=[digest])[digest].kind == standing.Kind.RESTRICTED
    with pytest.raises(states.NotAllowed):
        desk.lift(pk=request.pk, actor=ACTOR, now=now())
    desk.announce_lift(pk=request.pk, reason="It was settled.", actor=ACTOR, now=now())
    assert mails_to(ADA, "privacy_lift")
    desk.lift(pk=request.pk, actor=ACTOR, now=now())

    assert the_request().state == State.LIFTED
    assert standing.blocked(account_id=alice.account_id, hashes=[digest]) == {}


def test_an_erasure_that_fails_halfway_leaves_everything_and_is_tried_again(client, alice, monkeypatch):
    request = in_review(client, alice)
    desk.view_dry_run(pk=request.pk, actor=ACTOR, now=now())
    for step, user in ((desk.approve, UserFactory()), (desk.approve_second, UserFactory())):
        step(pk=request.pk, actor=type(ACTOR)(user_id=user.pk, name="", network=""), now=now())

    def broken(**_):
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(ledger, "append", broken)
        moving.carry_out_due(now=now())
    assert the_request().state == State.FAILED
    assert ada(alice.account) is not None

    moving.move_requests(now=now() + timedelta(minutes=11))
    assert the_request().state == State.DONE
    assert ada(alice.account) is None


def test_the_scan_finds_what_was_left(client, alice, settings):
    account_id = alice.account_id
    left = Path(settings.MEDIA_DIR, "imports", "old.csv")
    left.parent.mkdir(parents=True)
    left.write_text("email\nADA@example.com\n")
    with account_scope(account_id):
        Contact.objects.filter(email="grace@example.com").update(values={"note": "sister of Ada Byron"})

    request = erased(client, alice)

    assert request.state == State.PARTLY_DONE
    places = {each["place"] for each in request.outcome["scan"]["found"]}
    assert places == {"contacts_contact.values", "media/imports/old.csv"}
    with pytest.raises(SystemExit):
        call_command("post_scan", ADA, stdout=StringIO())


def test_the_ledger_says_when_its_file_was_tampered_with(client, alice):
    erased(client, alice)
    assert ledger.agrees()
    path = ledger.file_path()
    line = json.loads(path.read_text())

    path.write_text(json.dumps({**line, "hash": "00" * 32}) + "\n")
    assert not ledger.agrees()
    with pytest.raises(ledger.LedgerBroken, match="Line 1"):
        ledger.read_file()
    path.write_text("")
    assert not ledger.agrees()


def test_nobody_is_erased_while_table_and_file_differ(client, alice):
    ledger.file_path().parent.mkdir(parents=True, exist_ok=True)
    with platform_scope("test"):
        ledger.append(account_number=1, address_hash=b"x" * 32, reference="PR-1", now=now())
    ledger.file_path().unlink()

    request = erased(client, alice)

    assert request.state == State.FAILED
    assert ada(alice.account) is not None


def test_requests_are_never_entered_by_phone(officer):
    page = officer.get(f"{DESK}/enter/", **HOST).content.decode()
    assert "phone" in page
    data = {"type": "erase", "full_name": "Ada", "email": ADA, "regime": "eu", "received_on": "2026-01-01"}

    assert officer.post(f"{DESK}/enter/", {**data, "channel": "phone"}, **HOST).status_code == 422
    assert officer.post(f"{DESK}/enter/", {**data, "channel": "letter"}, **HOST).status_code == 302
    assert the_request().channel == "letter"
    assert mails_to(ADA, "privacy_verify")


def test_the_desk_is_closed_without_the_second_factor_and_to_staff(client, dpo):
    client.force_login(dpo)
    assert client.get(f"{DESK}/", **HOST).status_code in (302, 403)
    staff = give_password(UserFactory(is_staff=True, platform_role="staff"))
    give_device(staff)
    client.logout()
    sign_in(client, staff)
    client.post("/sign-in/code/", {"code": code_at(now())})
    assert client.get("/admin/", **HOST).status_code == 200
    assert client.get(f"{DESK}/", **HOST).status_code == 403


@pytest.mark.parametrize(
    "name", ["erasureledger", "suppression", "restriction", "consent", "noticeversion", "retentionrun"]
)
def test_registers_are_read_and_never_edited(client, alice, officer, name):
    erased(client, alice)

    assert officer.get(f"/admin/privacy/{name}/", **HOST).status_code == 200
    assert officer.get(f"/admin/privacy/{name}/add/", **HOST).status_code == 403


def test_the_registers_page_lists_them(officer):
    assert officer.get(f"{DESK}/registers/", **HOST).status_code == 200


def test_every_app_registered_what_it_holds():
    apps = {each.app for each in registry.held_of(registry.SubjectKind.CONTACT)}

    assert {"contacts", "delivery", "privacy"} <= apps


def test_names_of_businesses_match_loosely():
    assert matching.plain_name("Café Ünion, Ltd.") == matching.plain_name("CAFE UNION")
    assert matching.plain_name("Union A") != matching.plain_name("Union B")


def test_mails_of_privacy_exist_in_all_parts(client, alice):
    from django.conf import settings

    erased(client, alice)
    folder = Path(settings.BASE_DIR, "templates", "mail")
    topics = {topic for topic, _, _ in mails()}
    assert {"privacy_verify", "privacy_receipt", "privacy_owner_asked"} <= topics
    for topic in topics:
        assert all((folder / f"{topic}.{part}").exists() for part in ("subject.txt", "txt", "html"))


def test_a_contact_gets_a_copy_with_consents_and_sources(client, alice):
    from privacy.services import consents, packages

    digest = address_hash(ADA, account_id=alice.account_id)
    with account_scope(alice.account):
        consents.record_consent(
            account_id=alice.account_id, address_hash=digest, wording_text="Yes, write to me.",
            channel=consents.Channel.FORM, now=now(), network="192.0.2.0", confirmed=True,
        )  # fmt: skip
    request = in_review(client, alice, "copy")
    desk.view_dry_run(pk=request.pk, actor=ACTOR, now=now())
    desk.approve(pk=request.pk, actor=type(ACTOR)(user_id=UserFactory().pk, name="", network=""), now=now())
    moving.carry_out_due(now=now())

    assert the_request().state == State.DONE
    url = mails_to(ADA, "privacy_package")[0]["url"]
    secret = url.rstrip("/").split("/")[-1]
    packages.send_code(secret=secret, now=now())
    _, content = packages.fetch(secret=secret, code=mails_to(ADA, "privacy_code")[0]["code"], now=now())
    archive = zipfile.ZipFile(io.BytesIO(content))
    parts = {part["key"]: part["rows"] for part in json.loads(archive.read("data.json"))["data"]}
    assert parts["privacy.consents"][0]["words"] == "Yes, write to me."
    assert any(row.get("email") == ADA and row.get("source") for rows in parts.values() for row in rows)
    assert "grace@example.com" not in archive.read("data.json").decode()


def earlier_life(alice, *, is_back):
    """Mail Ada, delete her contact and (perhaps) add her again: what was written of her stands under her first number."""
    with account_scope(alice.account):
        first = Contact.objects.get(email=ADA)
        mailing = make_mailing(account=alice.account)
        of_ada = {"account_id": alice.account_id, "mailing_id": mailing.pk, "sequence": 1}
        Message.objects.filter(**of_ada).update(contact_id=first.pk)
        Notice.objects.create(**of_ada, contact_id=first.pk, kind=Kind.COMPLAINT, status="", source="mail", at=now())
        people.delete_contact(contact=first, now=now())
        if is_back:
            people.add_contact(account_id=alice.account_id, email=ADA, source="import", now=now())


@pytest.mark.parametrize("is_back", [True, False])
def test_an_erasure_takes_earlier_lives_too(client, alice, is_back):
    earlier_life(alice, is_back=is_back)

    done = erased(client, alice)

    assert done.state == State.DONE
    assert {each["name"]: each["rows"] for each in done.outcome["done"]}["delivery.messages"] == 1
    with account_scope(alice.account):
        assert Message.objects.get().contact_id is None
        assert Notice.objects.get().contact_id is None
        assert not DepartedContact.objects.exists()
        assert [row.reason for row in Suppression.objects.all()] == ["erased"]


def test_a_copy_tells_of_earlier_lives_too(alice):
    earlier_life(alice, is_back=True)

    with platform_scope("test"):
        subject = matching.contact_subject(account_id=alice.account_id, address=ADA)
        parts = {each.key: len(each.rows) for each in packaging.gather(subject)}

    assert (parts["delivery.messages"], parts["tracking.notices"], parts["contacts.departed"]) == (1, 1, 1)


def test_nobody_is_erased_before_the_account_is_chosen(client, alice):
    data = {"type": "erase", "full_name": "Ada", "email": "nobody@example.net", "regime": "eu"}
    client.post("/privacy/request/send/", data, **HOST)
    url = mails_to("nobody@example.net")[0]["url"]
    client.post(f"{url[url.index('/privacy/') :]}confirm/", **HOST)

    with pytest.raises(states.NotYet, match="Choose the account"):
        desk.view_dry_run(pk=the_request().pk, actor=ACTOR, now=now())


def test_an_extension_needs_a_reason_and_the_first_month(client, alice):
    request = in_review(client, alice)
    first = request.promised_due

    with pytest.raises(states.NotYet, match="reason"):
        desk.extend(pk=request.pk, reason="", actor=ACTOR, now=now())
    with pytest.raises(states.NotYet, match="first month"):
        desk.extend(pk=request.pk, reason="Much to read", actor=ACTOR, now=now() + timedelta(days=32))
    desk.extend(pk=request.pk, reason="Much to read", actor=ACTOR, now=now())

    assert the_request().legal_due > request.legal_due
    assert the_request().promised_due == first
    assert mails_to(ADA, "privacy_extended")[0]["reason"] == "Much to read"
    with pytest.raises(states.NotAllowed):
        desk.extend(pk=request.pk, reason="Still more", actor=ACTOR, now=now())


def test_asking_to_clarify_pauses_the_clock_of_the_law(client, alice):
    request = in_review(client, alice)
    desk.ask_to_clarify(pk=request.pk, question="Which year?", actor=ACTOR, now=now())

    desk.note_clarified(pk=request.pk, answer="All", actor=ACTOR, now=now() + timedelta(days=4))

    after = the_request()
    assert (after.legal_due - request.legal_due).days in range(4, 7)  # four days, and perhaps a weekend
    assert after.promised_due == request.promised_due


@pytest.mark.parametrize("hour", [9, 23])
def test_the_dpo_is_reminded_once_a_day(client, alice, hour):
    # Half past eleven in the evening of UTC is the next day in Berlin already.
    begun = now().replace(hour=hour, minute=30)
    with time_machine.travel(begun, tick=False):
        in_review(client, alice)

    for hours in (0, 5, 30):
        moving.move_requests(now=begun + timedelta(days=10, hours=hours))
    assert len(mails_to(settings.DPO_ADDRESS, "privacy_alert")) == 1

    for day in (40, 41):
        moving.move_requests(now=begun + timedelta(days=day))
    assert [mail["overdue"] for mail in mails_to(settings.DPO_ADDRESS, "privacy_alert")] == [0, 1, 1]

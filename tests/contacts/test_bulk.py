"""Doing something to many contacts, and taking it back."""

from datetime import timedelta

import pytest

from accounts.models import AuditEvent, Role
from contacts.models import BulkAction, BulkChange, Contact, ContactEvent, ContactTag, List, Subscription
from contacts.services import merging, people
from contacts.services.bulk_actions import asking_erasure, bulk, bulk_runs
from contacts.services.bulk_actions.bulk import Whom
from contacts.services.lists import organising, subscribing
from delivery.models import Mailing, Message
from emailconcert.lib.tenancy import account_scope, platform_scope
from privacy.models import Consent, DomainSuppression, PrivacyRequest
from privacy.services import consents, standing, standing_log
from tests.factories import NOW, make_cast, make_member
from tests.tracking.makers import make_mailing
from tracking.services import opting_out

pytestmark = pytest.mark.django_db
State = Subscription.State
EVERYBODY = Whom()


@pytest.fixture(autouse=True)
def _ledger(settings, tmp_path):
    settings.LEDGER_DIR = tmp_path / "ledger"


@pytest.fixture
def cast():
    return make_cast()


@pytest.fixture
def account(cast):
    return cast[0].account


@pytest.fixture
def alice(cast, client):
    client.force_login(cast[0].user)
    return cast[0]


def add(account, name, **more):
    with account_scope(account):
        return people.add_contact(account_id=account.pk, email=f"{name}@example.org", source="member", now=NOW, **more)


def begin(account, kind, *, whom=EVERYBODY, tag=None, list=None, now=NOW):
    with account_scope(account):
        return bulk.start(account_id=account.pk, kind=kind, whom=whom, tag=tag, list=list, now=now)


def run(account, action, *, piece=2, now=NOW, slices=1):
    for _ in range(slices):
        bulk_runs.run_slice(account_id=account.pk, action_id=action.pk, clock=lambda: now, piece=piece)
    with account_scope(account):
        action.refresh_from_db()
    return action


def undo(account, action, *, now=NOW):
    with account_scope(account):
        bulk.undo(action=action, now=now)
    return run(account, action, now=now)


def places(account):
    with account_scope(account):
        rows = Subscription.objects.order_by("contact_id").values_list("contact__email", "state")
        return {email.partition("@")[0]: state for email, state in rows}


def tagged(account):
    with account_scope(account):
        return {email.partition("@")[0] for email in ContactTag.objects.values_list("contact__email", flat=True)}


def numbers(action):
    return action.state, action.seen, action.changed, action.left_out


@pytest.fixture
def regulars(account):
    with account_scope(account):
        return organising.create_tag(account_id=account.pk, name="regulars")


@pytest.fixture
def news(account):
    with account_scope(account):
        return List.objects.create(name="News")


def test_tag_reaches_everybody_but_the_restricted_and_undo_only_those_it_tagged(account, regulars):
    before, held = add(account, "before"), add(account, "held")
    for name in "abc":
        add(account, name)
    with account_scope(account):
        organising.tag_contacts(contacts=[before], tag=regulars, now=NOW)
        standing.restrict(account_id=account.pk, address_hash=bytes(held.email_hash), now=NOW)

    action = run(account, begin(account, "tag", tag=regulars))

    assert numbers(action) == ("done", 5, 3, 1)
    assert tagged(account) == {"before", "a", "b", "c"}
    with account_scope(account):
        assert ContactEvent.objects.filter(kind="tagged", details={"tag": "regulars"}).count() == 4
        assert set(AuditEvent.objects.values_list("action", flat=True)) >= {"bulk.started"}

    undo(account, action)

    assert (action.state, action.put_back) == ("undone", 3)
    assert tagged(account) == {"before"}


def test_untag_is_taken_back_only_from_whom_it_was_taken(account, regulars):
    a, b = add(account, "a"), add(account, "b")
    with account_scope(account):
        organising.tag_contacts(contacts=[a], tag=regulars, now=NOW)

    action = run(account, begin(account, "untag", tag=regulars))
    assert (numbers(action), tagged(account)) == (("done", 2, 1, 0), set())

    undo(account, action)
    assert tagged(account) == {"a"}
    assert b.pk


def test_subscribing_many_never_subscribes_who_said_no(account, news):
    left, bounced, held, domain, there, _new = (
        add(account, name) for name in ("left", "bounced", "held", "domain", "there", "new")
    )
    with account_scope(account):
        for contact in (left, there):
            subscribing.subscribe(contact=contact, list=news, source="member", now=NOW)
        subscribing.unsubscribe(account_id=account.pk, contact_id=left.pk, list_ids=[news.pk], now=NOW)
        standing.suppress(account_id=account.pk, address=bounced.email, reason="bounced", now=NOW)
        standing.restrict(account_id=account.pk, address_hash=bytes(held.email_hash), now=NOW)
        people.edit_contact(contact=domain, changes={"email": "domain@shut.example.org"}, now=NOW)
        DomainSuppression.objects.create(account=account, domain="shut.example.org", created_at=NOW)

    action = run(account, begin(account, "subscribe", list=news))

    assert numbers(action) == ("done", 6, 1, 4)
    assert places(account) == {"left": "unsubscribed", "there": "subscribed", "new": "subscribed"}


def test_undoing_a_subscription_leaves_what_people_did_since(account, news):
    a, b, c = (add(account, name) for name in "abc")
    action = run(account, begin(account, "subscribe", list=news))
    with account_scope(account):
        subscribing.unsubscribe(
            account_id=account.pk, contact_id=a.pk, list_ids=[news.pk], now=NOW + timedelta(hours=1)
        )
        subscribing.unsubscribe(
            account_id=account.pk, contact_id=b.pk, list_ids=[news.pk], now=NOW + timedelta(hours=1)
        )
        subscribing.confirm(contact=b, list=news, source="form", now=NOW + timedelta(hours=2))

    undo(account, action, now=NOW + timedelta(days=1))

    assert action.put_back == 1
    assert places(account) == {"a": "unsubscribed", "b": "subscribed"}
    assert c.pk


def test_unsubscribing_many_holds_as_every_opt_out_and_can_be_taken_back(account, news):
    a, b, c = (add(account, name) for name in "abc")
    with account_scope(account):
        subscribing.subscribe(contact=a, list=news, source="member", now=NOW)
        subscribing.subscribe(contact=b, list=news, source="member", now=NOW, state=State.PENDING)
        consents.record_consent(
            account_id=account.pk, address_hash=bytes(a.email_hash), wording_text="Yes", channel="form",
            now=NOW, list_id=news.pk, confirmed=True,
        )  # fmt: skip
    later = NOW + timedelta(hours=1)

    action = run(account, begin(account, "unsubscribe", list=news, now=later), now=later)

    assert numbers(action) == ("done", 3, 2, 0)
    assert places(account) == {"a": "unsubscribed", "b": "unsubscribed"}
    with account_scope(account):
        assert Consent.objects.get().withdrawn_at == later
        with pytest.raises(subscribing.HasUnsubscribed):
            subscribing.subscribe(contact=a, list=news, source="member", now=later)
        standing.suppress(account_id=account.pk, address=c.email, reason="complained", now=later)

    undo(account, action, now=later + timedelta(minutes=5))

    assert places(account) == {"a": "subscribed", "b": "pending"}
    with account_scope(account):
        assert Consent.objects.get().withdrawn_at is None


def test_undoing_an_opt_out_leaves_who_complained_or_left_by_themselves(account, news):
    a, b, c = (add(account, name) for name in "abc")
    with account_scope(account):
        for contact in (a, b, c):
            subscribing.subscribe(contact=contact, list=news, source="member", now=NOW)
    action = run(account, begin(account, "unsubscribe", list=news))
    with account_scope(account):
        standing.suppress(account_id=account.pk, address=a.email, reason="complained", now=NOW)
        subscribing.confirm(contact=b, list=news, source="form", now=NOW + timedelta(hours=1))
        subscribing.unsubscribe(
            account_id=account.pk, contact_id=b.pk, list_ids=[news.pk], now=NOW + timedelta(hours=2)
        )

    undo(account, action)

    assert places(account) == {"a": "unsubscribed", "b": "unsubscribed", "c": "subscribed"}


def test_undoing_an_opt_out_leaves_who_also_said_so_themselves(account, news):
    """By a page, by one click in a mail, or as another contact that was merged into the first since."""
    page, click, kept, gone = (add(account, name) for name in ("page", "click", "kept", "gone"))
    mailing = make_mailing(people=0, on_list=False, account=account)
    with account_scope(account):
        for contact in (page, click, kept, gone):
            subscribing.subscribe(contact=contact, list=news, source="member", now=NOW)
        subscribing.unsubscribe(
            account_id=account.pk, contact_id=gone.pk, list_ids=[news.pk], reason="Never signed up", now=NOW
        )
        Message.objects.create(account_id=account.pk, mailing=mailing, sequence=1, contact_id=click.pk)
        Mailing.objects.update(list_ids=[news.pk])
    action = run(account, begin(account, "unsubscribe", list=news))

    since = NOW + timedelta(minutes=1)
    with account_scope(account):
        subscribing.unsubscribe(account_id=account.pk, contact_id=page.pk, list_ids=[news.pk], now=since)
        merging.merge(kept=kept, gone=gone, take_address=False, take=[], now=since)
    assert opting_out.opt_out_by_mail(mailing_id=mailing.pk, sequence=1, now=since)
    undo(account, action)

    assert places(account) == dict.fromkeys(("page", "click", "kept"), "unsubscribed")


@pytest.mark.django_db(transaction=True)
def test_opt_outs_of_many_are_written_down_outside_of_the_database(account, news):
    a = add(account, "a")
    with account_scope(account):
        subscribing.subscribe(contact=a, list=news, source="member", now=NOW)

    action = run(account, begin(account, "unsubscribe", list=news))
    undo(account, action)

    facts, _ = standing_log.read()
    assert [fact.what for fact in facts] == [standing_log.LEFT, standing_log.JOINED]


def test_deleting_many_keeps_opt_outs_and_leaves_the_restricted(account, news):
    a, left, held = add(account, "a"), add(account, "left"), add(account, "held")
    with account_scope(account):
        subscribing.subscribe(contact=left, list=news, source="member", now=NOW)
        subscribing.unsubscribe(account_id=account.pk, contact_id=left.pk, list_ids=[news.pk], now=NOW)
        standing.restrict(account_id=account.pk, address_hash=bytes(held.email_hash), now=NOW)

    action = run(account, begin(account, "delete"))

    assert numbers(action) == ("done", 3, 2, 1)
    with account_scope(account):
        assert [contact.email for contact in Contact.objects.all()] == ["held@example.org"]
        assert people.kind_of_block(account_id=account.pk, address="left@example.org")
        assert people.departed_hash(account_id=account.pk, contact_id=a.pk) == bytes(a.email_hash)
    assert not bulk.may_undo(action, now=NOW)


def test_all_that_match_are_meant_but_nobody_who_comes_in_later(account, regulars):
    for name in ("ada", "adele", "bob"):
        add(account, name)
    action = begin(account, "tag", whom=Whom(query="q=ad"), tag=regulars)
    add(account, "adam")

    run(account, action)

    assert (action.total, tagged(account)) == (2, {"ada", "adele"})


def test_run_that_was_killed_goes_on_where_it_stopped(account, regulars, monkeypatch):
    for name in "abcde":
        add(account, name)
    action = begin(account, "tag", tag=regulars)
    done, real = [], bulk_runs.bulk_pieces.do_piece

    def dies(**more):
        if len(done) == 1:
            raise SystemExit
        done.append(1)
        return real(**more)

    monkeypatch.setattr(bulk_runs.bulk_pieces, "do_piece", dies)
    with pytest.raises(SystemExit):
        run(account, action)
    monkeypatch.setattr(bulk_runs.bulk_pieces, "do_piece", real)
    run(account, action)
    assert numbers(action) == ("running", 2, 2, 0)  # another worker has the lease

    assert bulk.due(now=NOW + timedelta(minutes=10)) == [(account.pk, action.pk)]
    run(account, action, now=NOW + timedelta(minutes=10))

    assert numbers(action) == ("done", 5, 5, 0)
    with account_scope(account):
        assert (BulkChange.objects.count(), ContactEvent.objects.filter(kind="tagged").count()) == (5, 5)


def test_what_breaks_off_again_and_again_fails(account, regulars, monkeypatch):
    add(account, "a")
    action = begin(account, "tag", tag=regulars)
    monkeypatch.setattr(bulk_runs.bulk_pieces, "do_piece", lambda **more: 1 / 0)
    for hour in range(bulk_runs.ATTEMPTS):
        with pytest.raises(ZeroDivisionError):
            run(account, action, now=NOW + timedelta(hours=hour))

    run(account, action, now=NOW + timedelta(days=1))

    assert action.state == "failed"


def test_action_on_a_tag_that_is_deleted_fails_in_words(account, regulars):
    add(account, "a")
    action = begin(account, "tag", tag=regulars)
    with account_scope(account):
        organising.delete_tag(tag=regulars, now=NOW)

    run(account, action)

    assert (action.state, action.error) == ("failed", "What it was about was deleted meanwhile.")


def test_stopping_keeps_what_is_done_and_undo_ends_after_thirty_days(account, regulars):
    for name in "abc":
        add(account, name)
    action = begin(account, "tag", tag=regulars)
    with account_scope(account):
        bulk.cancel(action=action, now=NOW)
    run(account, action)
    assert (numbers(action), tagged(account)) == (("cancelled", 0, 0, 0), set())
    with account_scope(account), pytest.raises(bulk.HasEnded):
        bulk.cancel(action=action, now=NOW)

    other = run(account, begin(account, "tag", tag=regulars))
    assert bulk.may_undo(other, now=NOW + timedelta(days=29))
    assert not bulk.may_undo(other, now=NOW + timedelta(days=31))
    with account_scope(account):
        assert bulk.drop_old(account_id=account.pk, before=NOW, dry_run=False) == 0
        assert bulk.drop_old(account_id=account.pk, before=NOW + timedelta(days=1), dry_run=False) == 3
        with pytest.raises(bulk.CannotUndo):
            bulk.undo(action=other, now=NOW + timedelta(days=31))


def test_nobody_to_do_it_to_is_said(account, regulars):
    with pytest.raises(bulk.NobodyThere):
        begin(account, "tag", tag=regulars)


# ── Pages ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_selection_is_done_at_once_and_undone_from_the_toast(client, alice, account):
    contact = add(account, "a")
    add(account, "b")

    page = client.post("/contacts/bulk/", {"action": "tag", "tag": "press", "selected": [contact.pk]}, follow=True)

    with account_scope(account):
        action = BulkAction.objects.get()
    assert tagged(account) == {"a"}
    assert "1 tagged “press”." in page.content.decode()
    assert f"/contacts/bulk/{action.pk}/undo/" in page.content.decode()
    assert "Taken back for 1 of 1." in client.post(f"/contacts/bulk/{action.pk}/undo/", follow=True).content.decode()
    assert tagged(account) == set()


def test_all_that_match_are_asked_about_with_their_number(client, alice, account, monkeypatch):
    for number in range(1204):
        with account_scope(account):
            Contact.objects.create(
                email=f"zo{number}@example.org", email_hash=str(number).zfill(32).encode(), source="member"
            )
    values = {"action": "tag", "tag": "press", "everybody": "1", "query": "q=zo"}

    page = client.post("/contacts/bulk/", values).content.decode()

    assert "Tag 1,204 people “press”" in page
    response = client.post("/contacts/bulk/start/", values)
    with account_scope(account):
        action = BulkAction.objects.get()
    assert response["Location"] == f"/contacts/bulk/{action.pk}/"
    assert 'max="1204"' in client.get(response["Location"]).content.decode()
    run(account, action, piece=500)
    assert numbers(action) == ("done", 1204, 1204, 0)
    assert "Undo" in client.get(f"/contacts/bulk/{action.pk}/").content.decode()
    assert "press" in client.get("/contacts/bulk/actions/").content.decode()


def test_deleting_everybody_needs_the_number_typed(client, alice, account):
    add(account, "a")
    values = {"action": "delete", "everybody": "1", "query": ""}

    assert "This can't be undone" in client.post("/contacts/bulk/", values).content.decode()
    assert client.post("/contacts/bulk/start/", values).status_code == 422
    assert client.post("/contacts/bulk/start/", {**values, "typed": "2"}).status_code == 422
    assert client.post("/contacts/bulk/start/", {**values, "typed": "1"}).status_code == 302
    with account_scope(account):
        assert BulkAction.objects.get().kind == "delete"


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"action": "tag", "tag": "x"},
        {"action": "tag", "everybody": "1"},
        {"action": "subscribe", "everybody": "1"},
        {"action": "fly", "everybody": "1"},
    ],
)
def test_what_is_wanting_is_said_and_nothing_done(client, alice, account, values):
    add(account, "a")

    response = client.post("/contacts/bulk/", values)

    assert response.status_code == 302
    with account_scope(account):
        assert not BulkAction.objects.exists()


def test_tags_of_special_categories_are_refused(client, alice, account):
    contact = add(account, "a")

    page = client.post(
        "/contacts/bulk/", {"action": "tag", "tag": "Trade union members", "selected": [contact.pk]}, follow=True
    )

    assert "specially protected" in page.content.decode()
    assert tagged(account) == set()


@pytest.mark.parametrize("path", ["/contacts/bulk/{}/", "/contacts/bulk/{}/stop/", "/contacts/bulk/{}/undo/"])
def test_actions_of_other_accounts_are_404(client, cast, account, regulars, path):
    add(account, "a")
    action = begin(account, "tag", tag=regulars)
    client.force_login(cast[2].user)

    send = client.get if path.endswith("{}/") else client.post
    assert send(path.format(action.pk)).status_code == 404


def test_selecting_another_accounts_contact_does_nothing(client, cast, account):
    contact = add(account, "a")
    client.force_login(cast[2].user)

    client.post("/contacts/bulk/", {"action": "tag", "tag": "mine", "selected": [contact.pk]})

    assert tagged(account) == set()


def test_viewers_may_not(client, account, regulars):
    add(account, "a")
    action = begin(account, "tag", tag=regulars)
    client.force_login(make_member(account=account, role=Role.VIEWER).user)

    assert client.get(f"/contacts/bulk/{action.pk}/").status_code == 200
    for path in ("/contacts/bulk/", "/contacts/bulk/start/", f"/contacts/bulk/{action.pk}/undo/"):
        assert client.post(path).status_code == 403


# ── Asking for erasure ────────────────────────────────────────────────────────────────────────────────────────────────


def test_erasure_is_asked_for_each_of_them_once(client, alice, account):
    a, b = add(account, "a", first_name="Zoë"), add(account, "b")
    values = {"action": "erase", "selected": [a.pk, b.pk]}

    assert "Type 2 to go on" in client.post("/contacts/bulk/", values).content.decode()
    assert client.post("/contacts/bulk/start/", values).status_code == 422
    client.post("/contacts/bulk/start/", {**values, "typed": "2"})
    again = client.post("/contacts/bulk/start/", {**values, "typed": "2"}, follow=True)

    assert "0 requests are with the Data Protection Officer now." in again.content.decode()
    with platform_scope("privacy: a test"):
        made = [*PrivacyRequest.objects.order_by("pk")]
        assert [(each.type, each.state, each.account_id, each.channel) for each in made] == [
            ("erase", "unverified", account.pk, "account")
        ] * 2
        assert [each.log.get().actor_kind for each in made] == ["owner", "owner"]


def test_erasure_is_asked_for_at_most_a_hundred(account, monkeypatch):
    monkeypatch.setattr(asking_erasure, "MOST", 1)
    add(account, "a")
    add(account, "b")

    with account_scope(account), pytest.raises(asking_erasure.TooMany):
        asking_erasure.ask(account=account, whom=EVERYBODY, now=NOW)

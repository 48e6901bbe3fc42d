from datetime import timedelta

import pytest

from accounts.models import AuditEvent
from emailconcert.lib import signing
from emailconcert.lib.tenancy import account_scope, platform_scope
from privacy import registry
from privacy.models import Suppression
from privacy.registry import Subject, SubjectKind
from tests.accounts.helpers import code_at, give_device, give_password, now, sign_in
from tests.factories import NOW, UserFactory, make_member
from tests.tracking.makers import contact_of, make_mailing
from tracking.models import ReviewMail
from tracking.services import reviewing, taking_mail

pytestmark = pytest.mark.django_db

MAIL = b"From: mailer-daemon@mx.example.net\r\nSubject: <b>Something</b>\r\n\r\nNo idea about reader@example.com\r\n"


@pytest.fixture
def mailing():
    made = make_mailing()
    to = f"b+{signing.message_token(made.pk, 1)}@bounce.example.org"
    for _ in range(2):
        assert taking_mail.take_mail(recipient=to, content=MAIL, now=NOW) == "review"
    taking_mail.take_mail(recipient="fbl@example.org", content=b"Subject: Offer\r\n\r\nBuy", now=NOW)
    return made


@pytest.fixture
def staff(client):
    user = give_password(UserFactory(is_staff=True, platform_role="staff"))
    give_device(user)
    sign_in(client, user)
    client.post("/sign-in/code/", {"code": code_at(now())})
    return client


def rows():
    with platform_scope("tests: look"):
        return list(ReviewMail.objects.order_by("pk"))


def audited():
    with platform_scope("tests: look"):
        return list(
            AuditEvent.objects.filter(action__startswith="review.").order_by("pk").values_list("action", flat=True)
        )


def test_the_platforms_people_look_and_decide(staff, mailing):
    about, stray = rows()
    queue = "/admin/tracking/reviewmail/"

    listed = staff.get(queue).content.decode()
    assert listed.count("/change/") + listed.count(f"{queue}{about.pk}/") == 1
    assert "reader@example.com" not in listed
    assert audited() == []
    shown = staff.get(f"{queue}{about.pk}/").content.decode()
    assert "No idea about reader@example.com" in shown
    assert "&lt;b&gt;Something" in shown
    assert audited() == ["review.opened"]

    staff.post(f"{queue}{about.pk}/decide/", {"decision": "hard"})
    staff.post(f"{queue}{stray.pk}/decide/", {"decision": "hard"})  # about nobody: stays
    with account_scope(mailing.account_id):
        assert [row.reason for row in Suppression.objects.all()] == ["bounced"]
    assert [(row.decision, row.sealed_content is None) for row in rows()] == [("hard", True), ("", False)]
    staff.post(f"{queue}{stray.pk}/decide/", {"decision": "ignored"})
    assert reviewing.decided_counts() == {"A hard bounce": 1, "A soft bounce": 0, "A complaint": 0, "Nothing": 1}
    assert audited() == ["review.opened", "review.decided", "review.decided"]
    assert staff.get(f"{queue}{about.pk}/").status_code == 404
    assert staff.post(f"{queue}{stray.pk}/decide/", {"decision": "nonsense"}).status_code == 404


def test_nobody_else_comes_in(client, mailing):
    client.force_login(make_member().user, backend="accounts.backends.ProfileBackend")

    for path in ("/admin/tracking/reviewmail/", f"/admin/tracking/reviewmail/{rows()[0].pk}/"):
        assert client.get(path).status_code in (302, 403)
    with account_scope(mailing.account_id):
        assert list(ReviewMail.objects.all()) == []  # the database shows them to the platform alone


def test_a_mail_goes_with_its_person_and_with_time(mailing, monkeypatch):
    with account_scope(mailing.account_id):
        contact = contact_of(mailing)
        subject = Subject(
            SubjectKind.CONTACT, mailing.account_id, contact.email, bytes(contact.email_hash), (contact.pk,)
        )
        [held] = [
            each for each in registry.held_of(SubjectKind.CONTACT) if (each.app, each.name) == ("tracking", "review")
        ]
        assert [held.count(subject), len(held.export(subject)), held.erase(subject, NOW)] == [1, 1, 1]

    assert reviewing.sweep(NOW, dry_run=True) == 0
    assert reviewing.sweep(NOW + timedelta(seconds=1), dry_run=False) == 1
    monkeypatch.setattr(reviewing, "MOST", 2)
    for number in range(4):
        reviewing.keep(content=b"%d" % number, why="x", about=None, now=NOW + timedelta(minutes=number))
    assert len(rows()) == 2

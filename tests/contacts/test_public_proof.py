"""Who is a person on a hosted form, and who is asked to press once more."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils.timezone import now

from contacts.hosted import proof
from tests.contacts.submitting import FIREFOX, mails, online, proved, submissions
from tests.factories import make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def content(settings):
    """A browser on the content host, with the check that forged forms meet."""
    host = urlsplit(settings.CONTENT_URL).netloc
    return Client(headers={"host": host, "user-agent": FIREFOX}, enforce_csrf_checks=True)


@pytest.fixture
def account():
    return make_member().account


def test_work_and_time_let_a_submission_in_at_once(content, account):
    form = online(account)

    answer = content.post("/f/bread", {"email": "zoe@example.org", **proved(form)})

    assert "One more step" in answer.content.decode()
    assert len(submissions(account)) == 1


@pytest.mark.parametrize("spoiled", ["no stamp", "no work", "too fast", "of another form", "used", "forged"])
def test_what_proves_nothing_is_asked_to_press_again(content, account, spoiled):
    form = online(account)
    sent = proved(form)
    if spoiled == "no stamp":
        sent = {}
    elif spoiled == "no work":
        sent["work"] = ""
    elif spoiled == "too fast":
        sent = proved(form, age=timedelta(seconds=1))
    elif spoiled == "of another form":
        stamp = proof.new_stamp(form_id=form.pk + 1, now=now() - timedelta(seconds=5))
        sent = {"stamp": stamp, "work": proof.do_work(stamp)}
    elif spoiled == "used":
        content.post("/f/bread", {"email": "other@example.org", **sent})
    else:
        sent["stamp"] = sent["stamp"][:-2] + "AA"

    answer = content.post("/f/bread", {"email": "zoe@example.org", "first_name": "Zoe", **sent})

    page = answer.content.decode()
    assert (answer.status_code, "One more press" in page) == (200, True)
    assert 'name="email" value="zoe@example.org"' in page
    assert "zoe@example.org" not in [mail["to"] for mail in mails()]


def again(content, email):
    """Send plain HTML from anywhere, then press once more."""
    page = content.post("/f/bread", {"email": email}, headers={"origin": "https://bakery.example"})
    stamp = page.content.decode().partition('name="stamp" value="')[2].partition('"')[0]
    return content.post("/f/bread", {"email": email, "stamp": stamp})


def test_plain_html_without_script_takes_one_more_press(content, account):
    online(account)

    answer = again(content, "zoe@example.org")

    assert "One more step" in answer.content.decode()
    assert [mail["to"] for mail in mails()] == ["zoe@example.org"]
    assert not answer.cookies


def test_those_without_work_have_narrower_limits(content, account):
    online(account)

    codes = [again(content, f"p{number}@example.org").status_code for number in range(7)]

    assert codes == [200] * 6 + [429]


def test_stamps_run_out(account):
    form = online(account)
    sent = proved(form, age=timedelta(hours=7))

    assert proof.judge(**sent, form_id=form.pk, now=now()) == proof.Trust.NONE

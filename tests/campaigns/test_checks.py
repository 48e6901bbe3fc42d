"""What is looked at before a campaign may be sent, each thing by itself."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from campaigns.audiences import Chosen
from campaigns.checks import habit, mail, reading, subject, targeting
from campaigns.models import Campaign, Variant
from contacts.models import List, Segment
from delivery.content.compiling import compile_content
from delivery.models import Mailing
from emailconcert.lib.tenancy import account_scope
from privacy.models import SpecialCategoryFinding
from tests.factories import NOW, make_member

PARAGRAPH = "<p>Fresh bread every Friday from seven in the morning, as long as there is some left of it, "
PARAGRAPH += "with butter from the farm next door.</p>"


def sentences(checks):
    return " ".join(check.sentence for check in checks if check.level != "ok")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("FRESH BREAD TODAY", "capital letters"),
        ("Come!!", "exclamation marks"),
        ("Re: your order", "begins with “Re:”"),
        ("You have won a loaf", "says “You have won”"),
        ("x" * 71, "71 characters"),
    ],
)
def test_subjects_that_look_like_spam_are_told(text, words):
    assert words in sentences(subject.check_subject(text, "Today"))


@pytest.mark.parametrize(
    "text", ["Fresh bread", "DKIM", "Hello {{ contact.first_name | upcase | append: '!!' }}", "Read: a book", "OK!"]
)
def test_ordinary_subjects_pass(text):
    assert sentences(subject.check_subject(text, "Today")) == ""


def test_a_missing_preheader_is_told():
    assert "no preheader" in sentences(subject.check_subject("Fresh bread", " "))


def look(html):
    return list(mail.check_mail(compile_content(kind="html", source=html, subject="Hi")))


def test_a_plain_mail_passes():
    assert sentences(look(PARAGRAPH)) == ""


def test_pictures_need_a_text_of_their_own():
    found = sentences(look(PARAGRAPH + '<img src="https://x.example/a.png"><img src="https://x.example/b.png" alt="">'))

    assert "1 picture has no alternative text" in found


def test_a_mail_of_pictures_is_told():
    assert "beside 2 pictures" in sentences(look('<img src="https://x.example/a.png" alt="Bread">' * 2))


def test_the_tracking_pixel_is_no_picture():
    assert reading.read('<p>Hi</p><img src="x" width="1" height="1" alt="">').pictures == 0


def test_a_mail_that_gmail_clips_is_told():
    assert "KB" in sentences(look(PARAGRAPH * 800))


@pytest.mark.parametrize(
    ("html", "faint"),
    [
        ('<p style="color:#999">Grey</p>', 1),
        ('<p style="color:#767676">Enough</p>', 0),
        ('<table bgcolor="#1f5fd0"><tr><td style="color:#fff">Button</td></tr></table>', 0),
        ('<div style="background:#fff2cc"><div style="color:rgb(255, 220, 120)"><b>Amber</b></div></div>', 1),
        ('<h1 style="color:#888">Large is enough at 3.5</h1>', 0),
        ('<p style="color:#fff;display:none">Preheader</p>', 0),
        ('<p style="color:#fff">—</p>', 0),
        ('<p style="color:{{ contact.colour }}">Liquid</p>', 0),
        ('<a href="https://x.example" style="color:#bbb">Link</a>', 1),
        ('<p style="color:#fff;background:url(x.png) #000">On a picture</p>', 1),
    ],
)
def test_words_too_near_to_their_background_are_found(html, faint):
    assert len(reading.read(html).faint) == faint


def test_contrast_is_wcags():
    assert reading.contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert reading.contrast((118, 118, 118), (255, 255, 255)) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("html", ["<p style='font-size:..px'>x</p>", "</p></div>", '<p style=";;:;color:">x', "<<<p>x"])
def test_broken_markup_is_read_as_far_as_it_goes(html):
    assert reading.read(html).words <= 3


@pytest.fixture
def account(db):
    account = make_member(email="nora@example.org").account
    with account_scope(account):
        yield account


def test_the_same_subject_twice_in_a_week_is_told(account):
    for name, days in (("Old", 8), ("Spring", 2)):
        sent = Campaign.objects.create(name=name, state="sent", sent_at=NOW - timedelta(days=days))
        Variant.objects.create(campaign=sent, subject="Fresh bread")
    draft = Campaign.objects.create(name="Again")
    variant = Variant.objects.create(campaign=draft, subject="Fresh bread")

    found = sentences(habit.check_habit(draft, variant, 10, now=NOW))

    assert found == "“Spring” has the same subject and went out 2 days ago."
    assert sentences(habit.check_habit(draft, variant, 10, now=NOW + timedelta(days=6))) == ""
    draft.follow_up_of = Campaign.objects.get(name="Spring")
    assert sentences(habit.check_habit(draft, variant, 10, now=NOW)) == ""


@pytest.mark.parametrize(("people", "is_told"), [(900, False), (901, True)])
def test_an_audience_unlike_any_before_is_told(account, people, is_told):
    Mailing.objects.create(kind="campaign", program=b"", audience=300)
    draft = Campaign.objects.create(name="Big")
    variant = Variant.objects.create(campaign=draft, subject="Bread")

    assert bool(sentences(habit.check_habit(draft, variant, people, now=NOW))) is is_told


def aims(account, *, lists=(), segments=()):
    return [check.level for check in targeting.check_targeting(Chosen(lists, segments, (), ()), account_id=account.pk)]


def test_aiming_at_specially_protected_people_blocks_until_it_is_allowed(account):
    asks = {"match": "all", "rules": [{"condition": "field:note", "operator": "is", "values": {"text": "diabetic"}}]}
    nested = Segment(name="Friends", definition={"match": "any", "rules": [asks]})

    assert aims(account, lists=[List(name="Newsletter")], segments=[Segment(name="VIP", definition={})]) == []
    assert aims(account, segments=[nested]) == ["blocking"]
    SpecialCategoryFinding.objects.create(
        about="name", place="segment", name="diabetic", name_key="diabetic", category="health", state="allowed",
        found_at=NOW, last_found_at=NOW,
    )  # fmt: skip
    assert aims(account, segments=[nested]) == []
    assert aims(account, lists=[SimpleNamespace(name="HIV positive")]) == ["blocking"]
    left_out = Chosen((), (), [SimpleNamespace(name="HIV positive")], ())
    assert [check.level for check in targeting.check_targeting(left_out, account_id=account.pk)] == ["blocking"]

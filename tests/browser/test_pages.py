"""A walk over every page with the demo's data: nothing sticks out, nothing complains, axe finds nothing serious.

`make screenshots` photographs all of them at two widths, light and dark; `make test` looks at both widths, and lets axe
see each page once.
"""

import re
from datetime import timedelta
from io import BytesIO

import pytest
from django.test import Client
from django.utils import timezone
from django_otp import DEVICE_ID_SESSION_KEY

from accounts.models import Media, TotpDevice
from accounts.services import outbox
from accounts.services.media import keeping
from campaigns import demo_data
from campaigns.models import Campaign
from campaigns.services import demo
from contacts.models import Contact, Form, List
from delivery.models import Message, Outcome
from delivery.services import connecting, domains
from emailconcert.lib import signing
from emailconcert.lib.tenancy import account_scope, platform_scope
from privacy.models import PrivacyRequest
from privacy.services import desk, intake, routing
from tests.accounts.helpers import ACTOR
from tests.accounts.pictures import animation, picture
from tests.browser.campaign_pages import campaign_pages, variant_pages
from tests.factories import make_member
from tracking.services import reviewing


@pytest.fixture
def loaded(hosts):
    """The demo's owner and Data Protection Officer."""
    hosts.DEMO = True
    return demo.load(now=timezone.now())


@pytest.fixture
def walk(view):
    """Open pages by name, look at each, and tell of all that are crooked at once."""

    def walk(page, places):
        crooked = []
        for name, path in places.items():
            answer = page.goto(path)
            try:
                assert answer.status == 200
                view(page, name)
            except AssertionError as error:
                crooked.append(f"{name}: {str(error).splitlines()[0]}")
        assert crooked == []

    return walk


def sign_in(user, *, verified=False):
    """Return the cookies of somebody signed in; `verified` with the second factor, too."""
    client = Client()
    client.force_login(user)
    if verified:
        session = client.session
        session[DEVICE_ID_SESSION_KEY] = TotpDevice.objects.get(user=user).persistent_id
        session.save()
    return client.cookies


ACCOUNT_PAGES = {
    "home": "/",
    "settings": "/settings/",
    "business": "/settings/business/",
    "audit": "/settings/audit/",
    "team": "/settings/team/",
    "profile": "/settings/profile/",
    "security": "/settings/profile/security/",
    "second-factor": "/settings/profile/security/app/",
    "sending": "/settings/sending/",
    "sending-limits": "/settings/sending/limits/",
    "sending-reputation": "/settings/sending/reputation/",
    "privacy-profile": "/settings/profile/privacy/",
}
ANYBODY = {
    "sign-up": "/sign-up/",
    "sign-up-sent": "/sign-up/sent/",
    "sign-in": "/sign-in/",
    "password-reset": "/password/reset/",
    "privacy-notice": "/privacy/",
    "privacy-terms": "/privacy/terms/",
    "privacy-request": "/privacy/request/",
}


CONTACT_PAGES = {
    "contacts": "/contacts/",
    "contacts-none-found": "/contacts/?q=nothing",
    "contact-add": "/contacts/add/",
    "lists": "/contacts/lists/",
    "list-new": "/contacts/lists/add/",
    "tags": "/contacts/tags/",
    "segments": "/contacts/segments/",
    "segment-new": "/contacts/segments/new/",
    "segment-suggested": "/contacts/segments/new/?from=asleep",
    "suppressions": "/contacts/suppressions/",
    "imports": "/contacts/imports/",
    "exports": "/contacts/exports/",
    "export-new": "/contacts/exports/new/",
    "bulk-actions": "/contacts/bulk/actions/",
    "import": "/contacts/import/",
    "forms": "/contacts/forms/",
    "form-add": "/contacts/forms/add/",
    "fields": "/contacts/fields/",
    "field-add": "/contacts/fields/add/",
}
DESK_PAGES = {
    "dpo-queue": "/admin/privacy/privacyrequest/",
    "dpo-enter": "/admin/privacy/privacyrequest/enter/",
    "dpo-registers": "/admin/privacy/privacyrequest/registers/",
    "dpo-suppressions": "/admin/privacy/suppression/",
    "dpo-findings": "/admin/privacy/specialcategoryfinding/",
    "dpo-notices": "/admin/privacy/noticeversion/",
    "admin": "/admin/",
    "admin-accounts": "/admin/accounts/account/",
    "admin-profiles": "/admin/accounts/user/",
    "admin-review": "/admin/tracking/reviewmail/",
    "admin-blocklists": "/admin/delivery/blocklistcheck/",
}
FILE = "Mail,Vorname,Notes\nada@example.com,Ada,likes rye\nnobody,No,\nben@example.org,Ben,\n"


MEDIA_PAGES = {
    "media-library": "/content/media/",
    "media-none-found": "/content/media/?q=nothing",
    "media-deleted": "/content/media/?show=deleted",
}


def media_pages(account):
    """Put two pictures into the library."""
    with account_scope(account):
        for name, raw in (("Rye on a board", picture("JPEG", size=(900, 600))), ("Oven", animation())):
            media = keeping.keep(account=account, file=BytesIO(raw), name=name, now=timezone.now()).media
        keeping.delete(media=media, now=timezone.now())
        kept = Media.objects.get(deleted_at=None)
    return MEDIA_PAGES | {
        "media-picture": f"/content/media/{kept.pk}/",
        "media-deleted-picture": f"/content/media/{media.pk}/",
    }


def contact_pages(account):
    with account_scope(account):
        person = Contact.objects.order_by("pk").first()
        place, form = List.objects.order_by("pk").first(), Form.objects.get()
    return CONTACT_PAGES | {
        "contact": f"/contacts/{person.pk}/",
        "contact-edit": f"/contacts/{person.pk}/edit/",
        "contact-timeline": f"/contacts/{person.pk}/timeline/",
        "contact-value": f"/contacts/{person.pk}/value/date_of_birth/",
        "list-edit": f"/contacts/lists/{place.pk}/",
        "form": f"/contacts/forms/{form.pk}/",
    }


def import_pages(page, workers, walk):
    """Bring a file in and look at each step."""
    page.goto("/contacts/import/")
    file = {"name": "address-book.csv", "mimeType": "text/csv", "buffer": FILE.encode()}
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Upload").click()
    page.get_by_role("button", name="Go on").wait_for()
    walk(page, {"import-match": page.url})
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("Why may you write to them?").wait_for()
    walk(page, {"import-terms": page.url})
    page.get_by_label("Why may you write to them?").fill("They signed the list on the counter.")
    page.get_by_role("button", name="Check the file").click()
    page.get_by_text("read so far").wait_for()
    workers.work()
    walk(page, {"import-checked": page.url})
    page.get_by_role("button", name=re.compile("Import \\d+ ")).click()
    page.get_by_text("You can leave this page").wait_for()
    workers.work()
    walk(page, {"import-done": page.url, "imports-one": "/contacts/imports/"})


def public_pages(owner, hosts):
    """The pages of contacts, on their own host."""
    account = owner.last_account
    with account_scope(account):
        mailing_id = Campaign.objects.get(state="sent").variants.get().mailing_id
        sequence = (
            Message.objects.filter(mailing_id=mailing_id, outcome=Outcome.SENT).order_by("sequence").first().sequence
        )
    token = signing.message_token(mailing_id, sequence)
    paths = {
        "form-public": f"f/{demo_data.FORM_SLUG}",
        "unsubscribe": f"u/{token}",
        "preferences": f"p/{token}",
        "privacy-request-content-host": "privacy/request/",
    }
    return {name: f"{hosts.CONTENT_URL}/{path}" for name, path in paths.items()}


def make_requests(account):
    """Three privacy requests: not verified, with the owner, before the DPO with its dry run; return the last two."""
    with account_scope(account):
        people = list(Contact.objects.exclude(first_name="").order_by("pk")[:3])
    made, now = [], timezone.now()
    for days, kind, person in zip((1, 3, 22), ("access", "amend", "erase"), people, strict=True):
        asked = now - timedelta(days=days)
        wanted = intake.Wanted(
            type=kind, full_name=str(person), email=person.email, business_name=account.name, regime="eu"
        )
        request = desk.enter(wanted=wanted, channel="email", received_at=asked, actor=ACTOR, now=now)
        made.append(request.pk)
        if days > 1:
            desk.verify_by_hand(pk=request.pk, note="Called back in writing", actor=ACTOR, now=now)
    with platform_scope("tests: look at requests"):
        waiting, ready = (PrivacyRequest.objects.get(pk=pk) for pk in made[1:])
    with account_scope(account):
        routing.answer_for_account(
            account_id=account.pk, reference=ready.reference, agrees=True, reason="", actor=ACTOR, now=now
        )
    desk.view_dry_run(pk=ready.pk, actor=ACTOR, now=now)
    return waiting, ready


def test_pages_of_anybody(page, walk, loaded):
    walk(page, ANYBODY)


def test_pages_of_contacts_themselves(page, walk, loaded, hosts):
    walk(page, public_pages(loaded[0], hosts))


def test_pages_of_an_account(make_page, walk, loaded):
    owner = loaded[0]
    with account_scope(owner.last_account):
        domain = domains.add_domain(
            account=owner.last_account, domain="harbour-bakery.example", actor=ACTOR, now=timezone.now()
        )
        made = connecting.save_connection(
            account=owner.last_account,
            provider="smtp",
            plan=connecting.Plan("Ours", {"host": "smtp.example.com", "port": "587", "security": "tls"}),
            actor=ACTOR,
            now=timezone.now(),
        )
    more = {
        "domain": f"/settings/sending/domains/{domain.pk}/",
        "connection": f"/settings/sending/connections/{made.pk}/",
        "connection-edit": f"/settings/sending/connections/{made.pk}/edit/",
        "connection-choose": "/settings/sending/connections/add/",
    }
    walk(make_page(cookies=sign_in(owner)), ACCOUNT_PAGES | more)


def test_pages_of_the_library(make_page, walk, loaded, tmp_path, hosts):
    hosts.MEDIA_DIR = tmp_path / "media"
    owner = loaded[0]
    walk(make_page(cookies=sign_in(owner)), media_pages(owner.last_account))


def test_pages_of_campaigns(make_page, walk, loaded):
    owner = loaded[0]
    pages = campaign_pages(owner) | variant_pages(owner.last_account)
    walk(make_page(cookies=sign_in(owner)), pages)


def test_pages_about_contacts(make_page, walk, loaded):
    owner = loaded[0]
    page = make_page(cookies=sign_in(owner))
    walk(page, contact_pages(owner.last_account))


def test_pages_of_an_import(make_page, walk, workers, loaded):
    import_pages(make_page(cookies=sign_in(loaded[0])), workers, walk)


def test_pages_of_the_officer(make_page, walk, loaded):
    owner, officer = loaded
    waiting, ready = make_requests(owner.last_account)
    mail = b"From: mailer-daemon@mx.example.net\r\nSubject: A question\r\n\r\nNo rule knows what this is.\r\n"
    reviewing.keep(
        content=mail, why="A mail system writes something that is not known.", about=None, now=timezone.now()
    )
    [[waiting_mail], _] = reviewing.waiting()
    more = {
        "dpo-request": f"/admin/privacy/privacyrequest/{ready.pk}/",
        "admin-review-mail": f"/admin/tracking/reviewmail/{waiting_mail.pk}/",
    }
    walk(make_page(cookies=sign_in(officer, verified=True)), DESK_PAGES | more)
    answering = {
        "privacy-owner-request": f"/settings/privacy/{waiting.reference}/",
        "privacy-owner": "/settings/privacy/",
    }
    walk(make_page(cookies=sign_in(owner)), answering)


def test_pages_of_a_new_account(make_page, walk, hosts):
    owner = make_member(name="Alice").user
    empty = {
        "home-new": "/",
        "campaigns-empty": "/campaigns/",
        "contacts-empty": "/contacts/",
        "lists-empty": "/contacts/lists/",
        "fields-empty": "/contacts/fields/",
        "forms-empty": "/contacts/forms/",
        "imports-empty": "/contacts/imports/",
        "media-empty": "/content/media/",
        "reports-empty": "/reports/",
        "sending-empty": "/settings/sending/",
    }
    walk(make_page(cookies=sign_in(owner)), empty)


def test_pages_of_the_mailbox(page, view, post, workers, hosts):
    for number, (name, subject) in enumerate((("Nora Byrne", "confirm_sign_up"), ("Ada", "security_change"))):
        outbox.put_mail(
            template=subject,
            to=f"person{number}@example.com",
            context={"name": name, "url": hosts.SITE_URL, "days": 3, "what": "Your password was changed."},
            language="en",
            account_id=None,
            now=timezone.now(),
        )
    workers.work()
    assert post.count("example.com") == 2
    page.goto(post.url)
    view(page, "mailbox")
    page.goto(post.page(post.find("person0")[0]))
    page.frame_locator("iframe").get_by_role("link").first.wait_for()
    view(page, "mailbox-message")

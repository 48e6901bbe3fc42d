"""A walk over every page with the demo's data: nothing sticks out, nothing complains, axe finds nothing serious.

`make screenshots` photographs all of them at two widths, light and dark; `make test` walks at one of each.
"""

import pytest
from django.test import Client
from django.utils import timezone
from django_otp import DEVICE_ID_SESSION_KEY

from accounts.models import TotpDevice
from campaigns.models import Campaign
from campaigns.services import demo
from emailconcert.lib.tenancy import account_scope
from tests.browser.conftest import EVERY

TWO = (("light", 1440), ("dark", 390))
MATRIX = [
    pytest.param(TWO, id="two"),
    pytest.param(EVERY, id="screenshot", marks=pytest.mark.slow),
]


@pytest.fixture
def loaded(hosts):
    """The demo's owner and Data Protection Officer."""
    hosts.DEMO = True
    return demo.load(now=timezone.now())


@pytest.fixture
def walk(shoot):
    """Open pages by name, look at each, and tell of all that are crooked at once."""

    def walk(page, places, variants):
        crooked = []
        for name, path in places.items():
            answer = page.goto(path)
            try:
                assert answer.status == 200
                shoot(page, name, variants=variants)
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


def campaign_pages(account):
    with account_scope(account):
        sent, draft = Campaign.objects.get(state="sent"), Campaign.objects.get(state="draft")
    return {
        "campaigns": "/campaigns/",
        "campaigns-none-found": "/campaigns/?q=nothing",
        "campaign-new": "/campaigns/new/",
        "campaign-draft": f"/campaigns/{draft.pk}/",
        "campaign-name": f"/campaigns/{draft.pk}/name/",
        "campaign-audience": f"/campaigns/{draft.pk}/audience/",
        "campaign-envelope": f"/campaigns/{draft.pk}/envelope/",
        "campaign-content": f"/campaigns/{draft.pk}/content/",
        "campaign-test": f"/campaigns/{draft.pk}/test/",
        "campaign-review": f"/campaigns/{draft.pk}/review/",
        "campaign-sent": f"/campaigns/{sent.pk}/",
        "report": f"/campaigns/{sent.pk}/report/",
        "reports": "/reports/",
        "search": "/search/?q=bread",
        "search-none-found": "/search/?q=nothing",
    }


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
    "privacy-owner": "/settings/privacy/",
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


@pytest.mark.parametrize("variants", MATRIX)
def test_pages_of_anybody(page, walk, loaded, variants):
    walk(page, ANYBODY, variants)


@pytest.mark.parametrize("variants", MATRIX)
def test_pages_of_an_account(make_page, walk, loaded, variants):
    walk(make_page(cookies=sign_in(loaded[0])), ACCOUNT_PAGES, variants)


@pytest.mark.parametrize("variants", MATRIX)
def test_pages_of_campaigns(make_page, walk, loaded, variants):
    owner = loaded[0]
    walk(make_page(cookies=sign_in(owner)), campaign_pages(owner.last_account), variants)

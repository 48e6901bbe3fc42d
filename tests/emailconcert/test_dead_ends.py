"""No browser comes to a dead end: not found, wrong host, and addresses that only take forms."""

import pytest

pytestmark = pytest.mark.django_db


@pytest.fixture(params=[True, False], ids=["debug", "production"])
def debug(request, settings):
    settings.DEBUG = request.param


@pytest.fixture
def content_host(settings):
    return settings.CONTENT_URL.partition("//")[2]


@pytest.mark.usefixtures("debug")
@pytest.mark.parametrize("path", ["/nowhere/", "/contacts/x/", "/invitations/nobody-made-this/x"])
def test_what_is_missing_has_our_page(client, path):
    response = client.get(path)

    assert response.status_code == 404
    assert "This page is not here" in response.text
    assert "Go to the start page" in response.text
    assert "urlpatterns" not in response.text


@pytest.mark.usefixtures("debug")
def test_what_a_view_does_not_find_has_our_page(client, content_host):
    response = client.get("/f/nobody-made-this", HTTP_HOST=content_host)

    assert response.status_code == 404
    assert "URLconf" not in response.text
    # Contacts have no start page here, and no account.
    assert ("start page" in response.text, "account" in response.text) == (False, False)


def test_a_contacts_page_is_found_from_the_members_host(client, settings):
    response = client.get("/f/news?from=poster")

    assert response.status_code == 302
    assert response.headers["Location"] == f"{settings.CONTENT_URL}/f/news?from=poster"


def test_the_content_hosts_root_leads_to_the_members_host(client, settings, content_host):
    assert client.get("/", HTTP_HOST=content_host).headers["Location"] == settings.SITE_URL


def test_a_form_is_not_sent_elsewhere(client):
    assert client.post("/f/news").status_code == 404


def test_what_only_takes_forms_says_so(client):
    response = client.get("/sign-out/")

    assert response.status_code == 405
    assert response.headers["Allow"] == "POST"
    assert "Go back to the form" in response.text

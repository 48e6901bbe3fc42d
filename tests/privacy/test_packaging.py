import csv
import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from emailconcert.lib.tenancy import platform_scope
from privacy.models import Package, PrivacyRequest
from privacy.services import fulfilment, matching, packages, packaging, retention, states
from privacy.services.states import State, Who
from tests.factories import PASSWORD, make_cast
from tests.privacy.mails import mails_to

pytestmark = pytest.mark.django_db

HOST = {"headers": {"host": "localhost:8000"}}


@pytest.fixture
def alice():
    alice, *_ = make_cast()
    alice.user.name = "=HYPERLINK(1)"
    alice.user.set_password(PASSWORD)
    alice.user.save()
    return alice.user


@pytest.fixture
def signed_in(client, alice):
    client.force_login(alice)
    return client


def ask(client, **more):
    data = {"type": "copy", "password": PASSWORD, **more}
    return client.post("/settings/profile/privacy/ask/", data, **HOST)


def carried_out():
    """Approve and carry out the only request, as the DPO and the worker would."""
    now = timezone.now()
    with platform_scope("test"):
        request = PrivacyRequest.objects.get()
        states.move(
            request, State.APPROVED, who=Who.DPO, now=now, dry_run_viewed_at=now, approved_by_id=request.user_id,
            approved_at=now,
        )  # fmt: skip
        states.move(request, State.EXECUTING, who=Who.SYSTEM, now=now)
    fulfilment.carry_out(request_id=request.pk, now=now)
    with platform_scope("test"):
        request.refresh_from_db()
    return request


def package_path():
    url = mails_to("alice@example.org", "privacy_package")[-1]["url"]
    return url[url.index("/privacy/") :]


def last_code():
    return mails_to("alice@example.org", "privacy_code")[-1]["code"]


def test_the_profile_page_needs_a_sign_in(client):
    assert client.get("/settings/profile/privacy/", **HOST).status_code == 302


def test_asking_needs_the_password_again(signed_in):
    assert signed_in.get("/settings/profile/privacy/", **HOST).status_code == 200
    response = ask(signed_in, password="wrong")

    assert response.status_code == 422
    with platform_scope("test"):
        assert not PrivacyRequest.objects.exists()


def test_asking_twice_is_said(signed_in):
    assert ask(signed_in).status_code == 302
    response = ask(signed_in)

    assert response.status_code == 422
    assert "asked for this already" in response.content.decode()


def test_a_person_fetches_their_data_by_link_and_code(signed_in, alice, client):
    ask(signed_in)
    request = carried_out()
    assert (request.state, request.verified_by) == (State.DONE, "session")
    client.logout()
    path = package_path()

    assert client.get(path, **HOST).status_code == 200
    assert client.post(f"{path}download/", {"code": "1234"}, **HOST).status_code == 422
    assert client.post(f"{path}code/", **HOST).status_code == 302
    response = client.post(f"{path}download/", {"code": last_code()}, **HOST)

    assert (response.status_code, response["Content-Type"]) == (200, "application/zip")
    archive = zipfile.ZipFile(io.BytesIO(response.content))
    data = json.loads(archive.read("data.json"))
    assert data["person"]["email"] == "alice@example.org"
    parts = {part["key"]: part["rows"] for part in data["data"]}
    assert parts["accounts.profile"][0]["email"] == "alice@example.org"
    assert parts["accounts.memberships"][0]["role"] == "owner"
    assert set(json.loads(archive.read("schema.json"))["required"]) <= set(data)
    for line in archive.read("manifest.sha256").decode().splitlines():
        digest, name = line.split("  ")
        assert packaging.digest(archive.read(name)) == digest
    rows = list(csv.reader(io.StringIO(archive.read("tables/accounts.profile.csv").decode("utf-8-sig"))))
    assert "'=HYPERLINK(1)" in rows[1]
    report = archive.read("report.html").decode()
    assert "alice@example.org" in report
    assert not [word for word in ("<script", "src=", "href=", "url(", "@import") if word in report]


def test_a_package_is_sealed_on_disk_and_gone_after_its_time(signed_in, settings):
    ask(signed_in)
    carried_out()
    [file] = Path(settings.MEDIA_DIR, "packages").iterdir()
    assert b"alice" not in file.read_bytes()
    assert file.read_bytes()[:2] != b"PK"
    path = package_path()

    assert retention.sweep(now=timezone.now() + timedelta(days=7, minutes=1))["package"] == 1

    assert not file.exists()
    with platform_scope("test"):
        assert Package.objects.get().sealed_key is None
    assert signed_in.get(path, **HOST).status_code == 410


def test_a_package_is_downloaded_three_times_at_most(signed_in):
    ask(signed_in)
    carried_out()
    path = package_path()

    for _ in range(3):
        signed_in.post(f"{path}code/", **HOST)
        code = last_code()
        assert signed_in.post(f"{path}download/", {"code": code}, **HOST).status_code == 200
    assert signed_in.get(path, **HOST).status_code == 410


def test_a_code_works_once_and_dies_after_five_attempts(signed_in):
    ask(signed_in)
    carried_out()
    path = package_path()
    signed_in.post(f"{path}code/", **HOST)
    code = last_code()
    for _ in range(5):
        assert signed_in.post(f"{path}download/", {"code": "00000000x"}, **HOST).status_code == 422

    assert signed_in.post(f"{path}download/", {"code": code}, **HOST).status_code == 422
    signed_in.post(f"{path}code/", **HOST)
    code = last_code()
    assert signed_in.post(f"{path}download/", {"code": code}, **HOST).status_code == 200
    assert signed_in.post(f"{path}download/", {"code": code}, **HOST).status_code == 422


def test_a_guessed_package_link_is_refused(client):
    assert client.get("/privacy/package/guess/", **HOST).status_code == 410


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_formulas_are_made_inert(cell):
    assert packaging.neutral(cell) == f"'{cell}"


def test_other_cells_stay_as_they_are():
    assert packaging.neutral("a=1") == "a=1"


def test_expired_packages_hand_nothing_over():
    with pytest.raises(packages.Gone):
        packages.fetch(secret="x", code="1", now=timezone.now())


def test_a_second_worker_leaves_the_first_ones_package_alone(signed_in, settings):
    ask(signed_in)
    request = carried_out()
    with platform_scope("test"):
        stale = PrivacyRequest.objects.get(pk=request.pk)
        stale.state = State.EXECUTING  # what a worker that read it a moment ago believes
        subject = matching.subject_for(stale)

    fulfilment._hand_over(stale, subject, timezone.now())

    [file] = Path(settings.MEDIA_DIR, "packages").iterdir()
    with platform_scope("test"):
        assert Package.objects.get().path.endswith(file.name)
    assert len(mails_to("alice@example.org", "privacy_package")) == 1

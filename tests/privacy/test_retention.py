from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import Outbox, Session
from accounts.services import outbox
from emailconcert.lib.tenancy import platform_scope
from privacy import checks, registry
from privacy.models import PrivacyRequest, RequestToken, RetentionRun
from privacy.services import intake, retention, states
from privacy.services.states import Who
from tests.factories import NOW


def test_every_column_is_classified():
    assert checks.problems(checks.schedule(), checks.columns_in_models()) == []


def test_a_new_column_and_a_vanished_one_are_named():
    declared = {"classes": {"c": {}}, "tables": {"t": {"class": "c", "columns": {"gone": "none"}}}}

    assert checks.problems(declared, {"t": ["new"]}) == [
        "t.new is not classified in privacy/retention.yaml.",
        "t.gone is in privacy/retention.yaml but not in the model.",
    ]


def test_a_new_table_an_unknown_class_and_a_bad_kind_are_named():
    declared = {"classes": {}, "tables": {"old": {"class": "c", "columns": {"a": "maybe"}}}}

    found = checks.problems(declared, {"new": ["id"]})

    assert len(found) == 4
    assert any("new.id" in each for each in found)
    assert any("no model has this table" in each for each in found)
    assert any("class 'c'" in each for each in found)
    assert any("kind 'maybe'" in each for each in found)


def test_every_class_says_why_and_what_happens():
    for name, entry in checks.schedule()["classes"].items():
        assert set(entry) == {"purpose", "trigger", "days", "action"}, name


def test_periods_of_sweeps_are_those_of_the_schedule():
    classes = checks.schedule()["classes"]

    for sweep in registry.sweeps():
        days = classes[sweep.retention_class]["days"]
        at_trigger = sweep.retention_class == "package"  # `expires_at` is the end of its 7 days
        assert at_trigger or sweep.keep == timedelta(days=days), sweep.retention_class


@pytest.mark.django_db
def test_the_sweep_lets_go_of_what_is_over_and_of_nothing_else():
    now = timezone.now()
    with platform_scope("test"):
        wanted = intake.Wanted(type="erase", full_name="Ada", email="ada@example.com")
        for age in (0, 1200):
            request = intake.make(wanted=wanted, channel=PrivacyRequest.Channel.FORM, now=now)
            states.begin(request, who=Who.PERSON, now=now)
            closed = now - timedelta(days=age)
            PrivacyRequest.objects.filter(pk=request.pk).update(state="refused", closed_at=closed)
            RequestToken.objects.create(
                request=request, purpose="verify", secret_hash=bytes([age % 251]) * 32, expires_at=closed
            )
        outbox.put_mail(template="privacy_alert", to="x@example.com", context={}, account_id=None, now=now)
        Outbox.objects.update(failed_at=now - timedelta(days=31))
        outbox.put_mail(template="privacy_alert", to="x@example.com", context={}, account_id=None, now=now)
    Session.objects.create(session_key="old", session_data="", expire_date=now - timedelta(days=2))
    Session.objects.create(session_key="new", session_data="", expire_date=now + timedelta(days=2))

    expected = {"privacy_request": 1, "request_token": 1, "outbox": 1, "session": 1}
    assert expected.items() <= retention.sweep(now=now, dry_run=True).items()
    assert RetentionRun.objects.count() == 0
    assert Session.objects.count() == 2
    assert expected.items() <= retention.sweep(now=now).items()

    with platform_scope("test"):
        assert RequestToken.objects.count() == 1
        assert Outbox.objects.count() == 1
        assert PrivacyRequest.objects.count() == 2
        assert PrivacyRequest.objects.exclude(sealed_email=None).count() == 1
    assert [each.session_key for each in Session.objects.all()] == ["new"]
    assert dict(RetentionRun.objects.values_list("retention_class", "rows")).items() >= expected.items()
    assert set(retention.sweep(now=now).values()) == {0}


@pytest.mark.django_db
def test_the_command_counts_without_deleting():
    Session.objects.create(session_key="old", session_data="", expire_date=NOW - timedelta(days=2000))
    out = StringIO()

    call_command("sweep_retention", dry_run=True, stdout=out)

    assert "session: 1 rows would go" in out.getvalue()
    assert Session.objects.count() == 1


def test_the_generator_is_content():
    call_command("retention_columns", stdout=StringIO(), stderr=StringIO())

"""Only named services may see beyond one account."""

import ast
from pathlib import Path

from django.conf import settings

APPS = ("accounts", "privacy", "contacts", "delivery", "tracking", "campaigns", "emailconcert")

# Modules that enter the platform's scope. Adding one is a decision: it sees every account's rows.
MAY_ENTER_PLATFORM = {
    "accounts/services/auditing.py",
    "accounts/services/media/keeping.py",
    "accounts/services/outbox.py",
    "accounts/services/own_data.py",
    "accounts/services/rotating.py",
    "accounts/services/sealing.py",
    "accounts/services/standing.py",
    "campaigns/services/demo.py",
    "campaigns/services/feed_runs.py",
    "campaigns/services/following.py",
    "campaigns/services/link_asking.py",
    "campaigns/services/rehearsing.py",
    "campaigns/services/sharing.py",
    "contacts/personal_data.py",
    "contacts/personal_data_codes.py",
    "contacts/personal_data_table.py",
    "contacts/services/bulk_actions/bulk.py",
    "contacts/services/exports/exporting.py",
    "contacts/services/imports/import_runs.py",
    "contacts/services/imports/importing.py",
    "delivery/queries.py",
    "delivery/admin.py",
    "delivery/services/blocklists.py",
    "delivery/services/dmarc_reports.py",
    "delivery/services/domain_checks.py",
    "delivery/services/recovering.py",
    "delivery/services/stopping.py",
    "emailconcert/metrics.py",
    "privacy/services/backups.py",
    "privacy/services/contact_requests.py",
    "privacy/services/desk.py",
    "privacy/services/erasing.py",
    "privacy/services/findings.py",
    "privacy/services/fulfilment.py",
    "privacy/services/intake.py",
    "privacy/services/ledger.py",
    "privacy/services/moving.py",
    "privacy/services/on_behalf.py",
    "privacy/services/own_records.py",
    "privacy/services/own_requests.py",
    "privacy/services/packages.py",
    "privacy/services/reading.py",
    "privacy/services/registers.py",
    "privacy/services/replaying.py",
    "privacy/services/retention.py",
    "privacy/services/routing.py",
    "privacy/services/scanning.py",
    "tracking/services/addressing.py",
    "tracking/services/emptying.py",
    "tracking/services/opting_out.py",
    "tracking/services/partitions.py",
    "tracking/personal_data.py",
    "tracking/services/reviewing.py",
    "tracking/services/signals.py",
}
MAY_READ_SEGMENTS = {"contacts/conditions/people.py", "contacts/table/finding.py"}


def callers(name):
    found = {}
    for app in APPS:
        for path in Path(settings.BASE_DIR, app).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == name:
                    found.setdefault(str(path.relative_to(settings.BASE_DIR)), []).append(node)
    found.pop("emailconcert/lib/tenancy/scope.py", None)
    return found


def test_only_named_modules_enter_the_platforms_scope():
    assert set(callers("platform_scope")) == MAY_ENTER_PLATFORM


def test_only_the_segment_compiler_reads_as_segments():
    assert set(callers("segment_scope")) == MAY_READ_SEGMENTS


def test_every_reason_is_a_constant_that_names_its_app():
    for path, calls in callers("platform_scope").items():
        for call in calls:
            [reason] = call.args
            assert isinstance(reason, (ast.Constant, ast.Name)), f"{path}:{call.lineno}"
            if isinstance(reason, ast.Constant):
                app = path.partition("/")[0]
                assert reason.value.startswith(f"{app}: "), f"{path}:{call.lineno}"

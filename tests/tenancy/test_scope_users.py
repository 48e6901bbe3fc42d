"""Only named services may see beyond one account."""

import ast
from pathlib import Path

from django.conf import settings

APPS = ("accounts", "privacy", "contacts", "delivery", "tracking", "campaigns", "emailconcert")

# Modules that enter the platform's scope. Adding one is a decision: it sees every account's rows.
MAY_ENTER_PLATFORM: set[str] = set()
MAY_READ_SEGMENTS: set[str] = set()


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

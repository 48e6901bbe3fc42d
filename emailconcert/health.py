"""What probes and Prometheus ask: /healthz, /readyz, /metrics."""

import hmac
from collections.abc import Callable

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from emailconcert.lib.network import client_ip
from emailconcert.metrics import StateCollector
from privacy.services import ledger

_LOOPBACK = ("127.0.0.1", "::1")


@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """Answer 200 while the process can answer at all."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(_request: HttpRequest) -> JsonResponse:
    """Answer 200 when everything that a request needs is there, else 503 naming what is not."""
    findings = {name: _try(check) for name, check in _CHECKS.items()}
    ready = all(finding == "ok" for finding in findings.values())
    return JsonResponse({"ready": ready, **findings}, status=200 if ready else 503)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer in Prometheus' text format, to loopback or to who shows METRICS_TOKEN; to others it is not there."""
    if not _may_read_metrics(request):
        return HttpResponse(status=404)
    registry = CollectorRegistry()
    registry.register(StateCollector())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_read_metrics(request: HttpRequest) -> bool:
    shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
    token = settings.METRICS_TOKEN
    if token and hmac.compare_digest(shown.encode(), token.encode()):
        return True
    return client_ip(request) in _LOOPBACK and "X-Forwarded-For" not in request.headers


def _try(check: Callable[[], str]) -> str:
    try:
        return check()
    except (DatabaseError, redis.RedisError, OSError) as error:
        return f"away: {type(error).__name__}"


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def _redis() -> str:
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2)
    try:
        client.ping()
    finally:
        client.close()
    return "ok"


def _migrations() -> str:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return "ok" if not missing else f"{len(missing)} to apply: run manage.py migrate"


def _erasure_ledger() -> str:
    return "ok" if ledger.agrees() else "behind: run manage.py replay_erasures"


_CHECKS = {"database": _database, "redis": _redis, "migrations": _migrations, "erasure_ledger": _erasure_ledger}

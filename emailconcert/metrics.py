"""Figures for Prometheus, read from the state of record when asked: every process answers the same."""

from collections.abc import Iterator

from django.db import connection
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from emailconcert.lib import error_count
from emailconcert.lib.tenancy import platform_scope

_OUTCOMES = ("sending", "sent", "failed", "skipped", "unconfirmed")

_MESSAGES = "SELECT sum(sending), sum(sent), sum(failed), sum(skipped), sum(unconfirmed) FROM delivery_batch"
_BATCHES = (
    "SELECT state, count(*), coalesce(extract(epoch FROM now() - min(not_before)), 0)"
    " FROM delivery_batch WHERE state <> 'done' GROUP BY state"
)
_INBOX = "SELECT count(*), coalesce(extract(epoch FROM now() - min(at)), 0) FROM tracking_inbox"
_EVENTS = "SELECT kind, sum(people), sum(machine) FROM tracking_hourlyrollup GROUP BY kind"
_OUTBOX = "SELECT count(*) FILTER (WHERE failed_at IS NULL), count(*) FILTER (WHERE failed_at IS NOT NULL) FROM accounts_outbox"
_REQUESTS = (
    "SELECT count(*), count(*) FILTER (WHERE promised_due < now()) FROM privacy_privacyrequest WHERE closed_at IS NULL"
)
_IMPORTS = "SELECT count(*) FROM contacts_import WHERE state IN ('queued', 'running')"
_KINDS = {1: "open", 2: "click", 3: "unsubscribe", 4: "bounce", 5: "complaint"}


class StateCollector(Collector):
    """Sends, queue lag, events, errors, and the queues of outbox, imports and privacy requests."""

    def collect(self) -> Iterator[Metric]:
        """Yield the metric families, from one transaction."""
        with platform_scope("emailconcert: metrics"):
            yield from _sending()
            yield from _tracking()
            yield from _queues()
        errors = CounterMetricFamily("emailconcert_errors", "Errors logged by web and workers.")
        errors.add_metric([], error_count.total())
        yield errors


def _rows(sql: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def _number(value: object) -> float:
    return float(str(value or 0))


def _sending() -> Iterator[Metric]:
    messages = GaugeMetricFamily("emailconcert_messages", "Messages by outcome.", labels=["outcome"])
    for outcome, count in zip(_OUTCOMES, _rows(_MESSAGES)[0], strict=True):
        messages.add_metric([outcome], _number(count))
    batches = GaugeMetricFamily("emailconcert_batches", "Batches that are not done.", labels=["state"])
    lag = GaugeMetricFamily("emailconcert_queue_lag_seconds", "Age of the oldest batch that waits.")
    waiting = 0.0
    for state, count, age in _rows(_BATCHES):
        batches.add_metric([str(state)], _number(count))
        waiting = max(waiting, _number(age)) if state == "open" else waiting
    lag.add_metric([], waiting)
    yield from (messages, batches, lag)


def _tracking() -> Iterator[Metric]:
    [(count, age)] = _rows(_INBOX)
    inbox = GaugeMetricFamily("emailconcert_inbox_events", "Events that wait to be counted.")
    inbox.add_metric([], _number(count))
    lag = GaugeMetricFamily("emailconcert_inbox_lag_seconds", "Age of the oldest of them.")
    lag.add_metric([], _number(age))
    events = GaugeMetricFamily("emailconcert_events", "Events counted.", labels=["kind", "by"])
    for kind, people, machine in _rows(_EVENTS):
        name = _KINDS.get(int(str(kind)), "other")
        events.add_metric([name, "people"], _number(people))
        events.add_metric([name, "machine"], _number(machine))
    yield from (inbox, lag, events)


def _queues() -> Iterator[Metric]:
    outbox = GaugeMetricFamily("emailconcert_outbox_entries", "Service mails and domain events.", labels=["state"])
    [(waiting, failed)] = _rows(_OUTBOX)
    outbox.add_metric(["waiting"], _number(waiting))
    outbox.add_metric(["failed"], _number(failed))
    requests = GaugeMetricFamily("emailconcert_privacy_requests", "Open privacy requests.", labels=["state"])
    [(opened, overdue)] = _rows(_REQUESTS)
    requests.add_metric(["open"], _number(opened))
    requests.add_metric(["overdue"], _number(overdue))
    imports = GaugeMetricFamily("emailconcert_imports", "Imports that wait or run.")
    imports.add_metric([], _number(_rows(_IMPORTS)[0][0]))
    yield from (outbox, requests, imports)

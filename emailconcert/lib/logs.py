"""Structured logs: one JSON object a line, ids only, never an address or a name of a person."""

import logging
from typing import Any

import structlog

from emailconcert.lib import context


def _add_ids(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    if (request := context.request_id.get()) is not None:
        event["request"] = request
    if (account := context.account_id.get()) is not None:
        event.setdefault("account", account)
    return event


def logging_config(level: str) -> dict[str, Any]:
    """Return the logging settings for the level given."""
    chain = [
        structlog.stdlib.ExtraAdder(),
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_ids,
        structlog.processors.format_exc_info,
    ]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    _drop_request_object,
                    structlog.processors.JSONRenderer(default=str),
                ],
                "foreign_pre_chain": chain,
            }
        },
        "handlers": {
            "console": {"class": "logging.StreamHandler", "formatter": "json"},
            "count": {"class": "emailconcert.lib.error_count.CountingHandler"},
        },
        "root": {"handlers": ["console", "count"], "level": level.upper()},
        "loggers": {
            "django": {"level": "INFO"},
            "django.request": {"level": "ERROR"},
            "axes": {"level": "ERROR"},
            "celery.worker.strategy": {"level": logging.WARNING},
            "celery.app.trace": {"level": logging.WARNING},
            "tzlocal": {"level": logging.WARNING},
        },
    }


def _drop_request_object(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    event.pop("request_object", None)
    event.pop("server_time", None)
    return event

"""The check that every column of every model is classified in `retention.yaml`."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from django.apps import apps
from django.core import checks

SCHEDULE = Path(__file__).resolve().parent / "retention.yaml"
OUR_APPS = ("accounts", "privacy", "contacts", "delivery", "tracking", "campaigns", "automations", "api")
KINDS = ("identifying", "personal", "secret", "none")


@lru_cache(maxsize=1)
def schedule() -> dict[str, Any]:
    """Return the retention schedule: `classes` and, per table, the class and kind of each column."""
    loaded: dict[str, Any] = yaml.safe_load(SCHEDULE.read_text())
    return loaded


def columns_in_models() -> dict[str, list[str]]:
    """Return the columns of our apps' models by table, unmanaged and many-to-many tables included."""
    found: dict[str, list[str]] = {}
    for app in OUR_APPS:
        if not apps.is_installed(app):
            continue
        for model in apps.get_app_config(app).get_models(include_auto_created=True):
            if model._meta.abstract or model._meta.proxy:
                continue
            found[model._meta.db_table] = [field.column for field in model._meta.local_concrete_fields if field.column]
    return found


def problems(declared: dict[str, Any], actual: dict[str, list[str]]) -> list[str]:
    """Return what stands between the schedule and the models, one sentence each."""
    found: list[str] = []
    tables: dict[str, Any] = declared["tables"]
    for table, columns in actual.items():
        classified: dict[str, Any] = tables.get(table, {}).get("columns", {})
        found += [
            f"{table}.{each} is not classified in privacy/retention.yaml." for each in columns if each not in classified
        ]
        found += [
            f"{table}.{each} is in privacy/retention.yaml but not in the model."
            for each in classified
            if each not in columns
        ]
    found += [
        f"{each} is in privacy/retention.yaml but no model has this table." for each in tables if each not in actual
    ]
    for table, entry in tables.items():
        if entry.get("class") not in declared["classes"]:
            found.append(f"{table} has the retention class {entry.get('class')!r}, which is not declared.")
        found += [
            f"{table}.{column} has the kind {kind!r}; write one of {', '.join(KINDS)}."
            for column, kind in entry.get("columns", {}).items()
            if kind not in KINDS
        ]
    return found


@checks.register(checks.Tags.models)
def every_column_is_classified(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Fail on columns that the retention schedule does not know, and on those that are gone."""
    return [
        checks.Error(sentence, hint="manage.py retention_columns prints what is missing.", id="privacy.E001")
        for sentence in problems(schedule(), columns_in_models())
    ]

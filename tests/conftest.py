"""The test database: made, migrated and flushed by its owner, queried as ec_app under row-level security."""

import fcntl
import os
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from django.conf import settings
from django.db import connection
from django.test import TransactionTestCase

from emailconcert.lib.databases import database_from_url
from emailconcert.lib.management.commands.create_roles import create_roles

_CREDENTIALS = ("USER", "PASSWORD")

# Tests find static files where they lie; `collectstatic` and its manifest have a test of their own (tests/shell).
settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)


@contextmanager
def as_owner():
    """Let the default connection be the owner's for a while."""
    owner = database_from_url(settings.DATABASE_OWNER_URL)
    before = {name: connection.settings_dict[name] for name in _CREDENTIALS}
    connection.close()
    connection.settings_dict.update({name: owner[name] for name in _CREDENTIALS})
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)


@contextmanager
def one_at_a_time(name):
    """Roles belong to the whole server: the databases of xdist's workers are made one after the other."""
    with Path(os.environ.get("TMPDIR", "/tmp"), f"emailconcert-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def django_db_setup(request, django_db_blocker, django_db_modify_db_settings):
    with django_db_blocker.unblock(), as_owner():
        original_name = connection.settings_dict["NAME"]
        create = connection.creation
        name = create._get_test_db_name()
        with one_at_a_time("roles"):
            create._create_test_db(verbosity=0, autoclobber=True)
            connection.close()
            connection.settings_dict["NAME"] = name
            logins = {
                role: unquote(urlsplit(url).password or "")
                for role, url in (("ec_app", settings.DATABASE_URL), ("ec_edge", settings.EDGE_DATABASE_URL))
            }
            create_roles(logins)
        from django.core.management import call_command

        call_command("migrate", verbosity=0, run_syncdb=True)
    settings.DATABASES["default"]["NAME"] = name
    yield
    with django_db_blocker.unblock(), as_owner():
        create.destroy_test_db(original_name, verbosity=0)


_flush = TransactionTestCase._fixture_teardown


def _flush_as_owner(self):
    with as_owner():
        _flush(self)


TransactionTestCase._fixture_teardown = _flush_as_owner


@pytest.fixture(autouse=True)
def _clean_cache(request):
    """Limits and lockouts live in Redis; each test begins without them."""
    from django.core.cache import cache

    cache.clear()


@pytest.fixture(scope="session", autouse=True)
def _quick_argon2():
    """Let passwords cost little here; the hasher is the one of production."""
    from django.contrib.auth.hashers import Argon2PasswordHasher

    Argon2PasswordHasher.time_cost, Argon2PasswordHasher.memory_cost = 1, 64

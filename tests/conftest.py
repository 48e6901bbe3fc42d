"""The test database: made, migrated and flushed by its owner, queried as ec_app under row-level security."""

import fcntl
import gc
import os
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote, urlsplit

import hypothesis
import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test import TransactionTestCase

from emailconcert.lib.databases import database_from_url
from emailconcert.lib.management.commands.create_roles import create_roles

_CREDENTIALS = ("USER", "PASSWORD")
# Databases that were migrated once; the databases of the tests are copies.
TEMPLATE = "test_template_"
UNFINISHED = "test_unfinished"

# `make test` tries some examples of everything, the same ones each time; `make test-full` many, and others each time.
# How long one takes says nothing on a busy machine.
for _profile, _examples in (("quick", 25), ("long", 400)):
    hypothesis.settings.register_profile(
        _profile,
        max_examples=_examples,
        deadline=None,
        derandomize=_profile == "quick",
        suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture, hypothesis.HealthCheck.too_slow],
    )
hypothesis.settings.load_profile("quick")

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
    """Roles and the template belong to a whole server: the databases of xdist's workers are made one after the other."""
    with Path(os.environ.get("TMPDIR", "/tmp"), f"emailconcert-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fingerprint():
    """Name the state of whatever a migrated database follows from: the code, and the versions that it runs on."""
    packages = {path.parent for path in settings.BASE_DIR.glob("*/__init__.py")} - {Path(__file__).parent}
    found = sha256()
    for path in sorted(path for package in packages for path in package.rglob("*.py")):
        found.update(f"{path.relative_to(settings.BASE_DIR)}\0".encode() + path.read_bytes())
    for path in sorted((settings.BASE_DIR / "requirements").glob("*.txt")):
        found.update(path.read_bytes())
    return found.hexdigest()[:16]


STATE = _fingerprint()


def _put_roles():
    logins = {
        role: unquote(urlsplit(url).password or "")
        for role, url in (("ec_app", settings.DATABASE_URL), ("ec_edge", settings.EDGE_DATABASE_URL))
    }
    create_roles(logins)


def _make_template(create):
    """Migrate a database for this state of the code, unless there is one; forget those of other states."""
    from django.core.management import call_command

    name = f"{TEMPLATE}{STATE}"
    with create._nodb_cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [TEMPLATE])
        known = {row[0] for row in cursor.fetchall()}
        if name in known:
            return name
        for old in known | {UNFINISHED}:
            cursor.execute(f'DROP DATABASE IF EXISTS "{old}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{UNFINISHED}"')
    connection.close()
    connection.settings_dict["NAME"] = UNFINISHED
    _put_roles()
    call_command("migrate", verbosity=0, run_syncdb=True)
    connection.close()
    with create._nodb_cursor() as cursor:
        if _fingerprint() != STATE:
            return UNFINISHED  # somebody is writing the code
        cursor.execute(f'ALTER DATABASE "{UNFINISHED}" RENAME TO "{name}"')
    return name


def pytest_collection_finish():
    """Leave out of every search for garbage what stays until the end, and search a tenth as often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


@pytest.fixture(scope="session")
def django_db_setup(request, django_db_blocker, django_db_modify_db_settings):
    with django_db_blocker.unblock(), as_owner():
        original_name = connection.settings_dict["NAME"]
        create = connection.creation
        name = create._get_test_db_name()
        with one_at_a_time(sha256(settings.DATABASE_OWNER_URL.encode()).hexdigest()[:16]):
            template = _make_template(create)
            with create._nodb_cursor() as cursor:
                cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
                cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
            connection.close()
            connection.settings_dict["NAME"] = name
            _put_roles()  # rights to a database itself are not copied
    settings.DATABASES["default"]["NAME"] = name
    yield
    with django_db_blocker.unblock(), as_owner():
        create.destroy_test_db(original_name, verbosity=0)


# What a migrated database holds of itself.
KEPT = {"django_migrations", "django_content_type", "auth_permission"}


def _empty_tables(self):
    """Delete what a test committed: one question finds the few tables that hold rows; truncating all takes ten times as long."""
    with as_owner(), transaction.atomic(), connection.cursor() as cursor:
        tables = sorted({*connection.introspection.table_names(cursor)} - KEPT)
        cursor.execute(" UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM \"{name}\")" for name in tables))
        for (name,) in cursor.fetchall():
            cursor.execute(f'DELETE FROM "{name}"')


TransactionTestCase._fixture_teardown = _empty_tables


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

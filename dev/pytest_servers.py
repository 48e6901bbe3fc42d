"""A pytest plugin that gives tests a PostgreSQL and a Redis before Django's settings are read.

The controller starts them under `VAR_DIR/test` and stops them at the end; pytest-xdist's workers inherit their
addresses, and each takes a Redis database and a folder of its own.
"""

import os
from collections.abc import Generator
from urllib.parse import urlsplit

import pytest

from dev import places
from dev.problems import Problem
from dev.servers import Servers, for_environment

# Tells workers, and tests that start programs, that VAR_DIR is a test's already.
MARK = "EC_TEST_VAR_DIR"

_running: list[Servers] = []


def _use_own_corner(worker: str) -> None:
    number = int(worker.removeprefix("gw")) + 1
    url = os.environ["REDIS_URL"]
    if url.startswith("unix://"):
        os.environ["REDIS_URL"] = f"{url.partition('?')[0]}?db={number}"
    else:
        os.environ["REDIS_URL"] = urlsplit(url)._replace(path=f"/{number}").geturl()
    folder = places.make_folder(places.ROOT / os.environ[MARK] / worker)
    os.environ["VAR_DIR"] = str(folder)


def _start() -> None:
    var = places.var_dir() / "test"
    servers = for_environment(var=var, unsafe=True)
    servers.start()
    _running.append(servers)
    for name, value in servers.env().items():
        os.environ[name] = os.environ.get(name) or value
    os.environ["VAR_DIR"] = os.environ[MARK] = str(var)


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Generator[None]:
    """Start before pytest-django, which reads Django's settings in the same hook, gets its turn."""
    try:
        if worker := os.environ.get("PYTEST_XDIST_WORKER"):
            _use_own_corner(worker)
        else:
            _start()
    except Problem as problem:
        raise pytest.UsageError(str(problem)) from problem
    try:
        return (yield)
    except BaseException:
        stop()  # pytest goes no further, and its end is not announced
        raise


def stop() -> None:
    """Stop the servers that this process started, unless another test run uses them."""
    while _running:
        _running.pop().stop()


def pytest_unconfigure() -> None:
    """Leave nothing running."""
    stop()

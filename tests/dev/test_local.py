import os

import pytest

from dev import local
from emailconcert.lib.env import declared


@pytest.fixture
def var(tmp_path, monkeypatch):
    # Taken over by setenv first, so that what `adopt` sets is undone afterwards.
    for name in ("SECRET_KEY", "SITE_URL", "PORT"):
        monkeypatch.setenv(name, "before")
        monkeypatch.delenv(name)
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    return tmp_path


def test_every_declared_setting_is_found_in_the_settings_file():
    assert local.setting_names() == set(declared())


def test_commands_take_over_the_settings_of_the_local_stack(var):
    local.remember(
        {"SECRET_KEY": "k=1", "SITE_URL": "http://localhost:9000", "HOME": "/home/me", "PORT": "9000"}, var=var
    )

    local.adopt()

    assert (os.environ["SECRET_KEY"], os.environ["SITE_URL"], os.environ["PORT"]) == (
        "k=1",
        "http://localhost:9000",
        "9000",
    )
    assert "HOME" not in (var / local.FILE_NAME).read_text()
    assert (var / local.FILE_NAME).stat().st_mode & 0o777 == 0o600


def test_an_environment_with_settings_of_its_own_keeps_them(var, monkeypatch):
    local.remember({"SECRET_KEY": "stack", "SITE_URL": "http://localhost:9000"}, var=var)
    monkeypatch.setenv("SECRET_KEY", "own")

    local.adopt()

    assert os.environ["SECRET_KEY"] == "own"
    assert "SITE_URL" not in os.environ


def test_without_a_local_stack_nothing_is_taken_over(var):
    local.adopt()

    assert "SECRET_KEY" not in os.environ

import shutil
import sys
from importlib.util import find_spec

import pytest
from django.core.management import get_commands

from dev import browser, checks
from dev.checks import Step


def test_a_failed_step_shows_what_it_said(capsys):
    program = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(1)"

    assert checks.run_step(Step("Broken", "lint", [sys.executable, "-c", program], {}), {}) is False

    assert sorted(capsys.readouterr().out.splitlines()[-2:]) == ["err", "out"]


def test_a_passed_step_is_one_line(capsys):
    assert checks.run_step(Step("Fine", "lint", [sys.executable, "-c", "print('chatter')"], {}), {}) is True

    (line,) = capsys.readouterr().out.splitlines()
    assert line.split()[:2] == ["Fine", "ok"]


def test_without_a_browser_its_tests_are_left_out_with_a_loud_line(monkeypatch, capsys):
    monkeypatch.setenv("PATH", "")  # neither a browser nor a package manager

    assert checks.test_runs(full=False) == [
        ("Tests", ["--ignore=tests/browser", "-m", "not slow", "--hypothesis-profile=quick"])
    ]
    assert "BROWSER TESTS ARE SKIPPED" in capsys.readouterr().out


@pytest.mark.parametrize(("full", "slow", "examples"), [(False, ["-m", "not slow"], "quick"), (True, [], "long")])
def test_slow_tests_and_many_examples_belong_to_the_full_run(monkeypatch, full, slow, examples):
    monkeypatch.setattr(browser, "find_chromium", lambda: "/usr/bin/chromium")

    assert checks.test_runs(full=full) == [
        ("Browser tests", ["tests/browser", *slow, *checks.ONCE_MORE]),
        ("Tests", ["--ignore=tests/browser", *slow, f"--hypothesis-profile={examples}"]),
    ]


def test_every_step_names_a_program_that_is_there():
    """Whether it starts is seen when it runs."""
    for step in checks.steps():
        program, *arguments = step.command
        assert shutil.which(program), step.heading
        if arguments[:1] == ["-m"]:
            assert find_spec(arguments[1]), step.heading
        elif arguments:
            assert arguments[0] == "manage.py"
            assert arguments[1] in get_commands()


def test_every_package_is_looked_at_for_security():
    assert {"accounts", "campaigns", "contacts", "delivery", "dev", "emailconcert", "privacy", "tracking"} <= set(
        checks.packages()
    )

import subprocess
import sys

import pytest

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

    assert checks.test_runs(full=False) == [("Tests", ["-m", "not browser and not slow", "--hypothesis-profile=quick"])]
    assert "BROWSER TESTS ARE SKIPPED" in capsys.readouterr().out


@pytest.mark.parametrize(("full", "slow", "examples"), [(False, " and not slow", "quick"), (True, "", "long")])
def test_slow_tests_and_many_examples_belong_to_the_full_run(monkeypatch, full, slow, examples):
    monkeypatch.setattr(browser, "find_chromium", lambda: "/usr/bin/chromium")

    assert checks.test_runs(full=full) == [
        ("Browser tests", ["-m", f"browser{slow}", *checks.ONCE_MORE]),
        ("Tests", ["-m", f"not browser{slow}", f"--hypothesis-profile={examples}"]),
    ]


@pytest.mark.parametrize("step", checks.steps(), ids=lambda step: step.heading)
def test_every_step_can_be_started(step):
    command = list(step.command)
    arguments = [*command[:3], "--help"] if command[1:2] in (["-m"], ["manage.py"]) else [command[0], "--help"]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_package_is_looked_at_for_security():
    assert {"accounts", "campaigns", "contacts", "delivery", "dev", "emailconcert", "privacy", "tracking"} <= set(
        checks.packages()
    )

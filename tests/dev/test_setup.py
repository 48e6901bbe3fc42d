import ast
import os
import socket
import subprocess
import sys

import pytest

from dev import packages, plan, runner, setup
from dev.places import ROOT
from dev.plan import LOOPBACK, Part, Ports
from dev.problems import Problem


def test_the_door_can_be_read_by_an_old_python():
    tree = ast.parse((ROOT / "dev" / "__main__.py").read_text(), feature_version=(3, 4))
    found = [type(node).__name__ for node in ast.walk(tree)]
    assert not {"JoinedStr", "AnnAssign", "NamedExpr", "Starred", "Match"} & set(found)
    assert all(node.returns is None for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_an_old_python_is_told_what_to_install():
    program = (
        "import os, runpy, sys; os.environ['PATH'] = ''; sys.version_info = (3, 8, 1, 'final', 0);"
        "runpy.run_module('dev', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        1,
        "EmailConcert needs Python 3.11 or newer and found only 3.8: install it, or name one with `make PYTHON=...`.\n",
    )


def test_work_is_done_again_only_when_its_sources_change(tmp_path):
    done = []
    for wanted in ("a", "a", "b"):
        setup.unless_done(tmp_path / "stamp", wanted, lambda wanted=wanted: done.append(wanted))
    assert done == ["a", "b"]


def test_work_that_failed_is_done_again(tmp_path):
    def fail():
        raise Problem("no network")

    with pytest.raises(Problem):
        setup.unless_done(tmp_path / "stamp", "a", fail)
    assert not (tmp_path / "stamp").exists()


def test_a_failing_program_is_a_sentence_that_names_the_log(tmp_path, monkeypatch):
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    with pytest.raises(Problem, match=r"^Check the network\. Details: .*setup\.log$"):
        setup.run_logged([sys.executable, "-c", "print('why'); raise SystemExit(3)"], advice="Check the network.")
    assert (tmp_path / "log" / "setup.log").read_text() == "why\n"


def test_uv_finds_packages_where_pip_was_told_to(tmp_path):
    listing = "\n".join((
        f":env:.find-links='/not/there {tmp_path}'",
        ":env:.index-url='https://mirror.example/simple'",
        "global.index-url='https://far.example/simple'",
        "global.extra-index-url='\\nhttps://one.example\\nhttps://two.example'",
        "global.cert='/etc/ca.pem'",
        "freeze.timeout='10'",
    ))  # fmt: skip

    assert packages.uv_settings(listing) == {
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_DEFAULT_INDEX": "https://mirror.example/simple",
        "UV_INDEX": "https://one.example https://two.example",
        "UV_FIND_LINKS": str(tmp_path),
        "SSL_CERT_FILE": "/etc/ca.pem",
    }


def test_where_uv_can_not_install_pip_does(tmp_path):
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    ran = []

    def run(command, **_):
        ran.append(command)
        if command[0].endswith("uv"):
            raise Problem("no uv here")

    python.symlink_to(sys.executable)
    packages.install(python, setup.REQUIREMENTS, run=run, say=print, each_line=print)

    assert [command[-1] for command in ran] == [str(tmp_path / "venv" / "uv.txt"), *[str(setup.REQUIREMENTS)] * 2]
    assert ran[2][1:4] == ["-m", "pip", "install"]
    pins = (tmp_path / "venv" / "uv.txt").read_text()
    assert pins.startswith("uv==")
    assert pins.count("==") == 1
    assert "--hash=sha256:" in pins


@pytest.mark.parametrize("value", ["eighty", "80", "65533", "-1", "8000.5"])
def test_a_bad_port_is_a_sentence(monkeypatch, value):
    monkeypatch.setenv("PORT", value)
    with pytest.raises(Problem, match="write a number from 1024 to 65532"):
        plan.read_ports()


def test_a_taken_port_is_a_sentence_that_names_it_and_another_choice():
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]
        part = Part("web", [], ports={port: "the application"})
        with pytest.raises(Problem, match=rf"^Port {port}, wanted for the application, is taken: .*PORT={port + 100}"):
            runner.refuse_taken_ports([part], Ports(port))


def test_one_database_url_is_the_owners_and_gives_the_other_roles_theirs():
    urls = plan.database_urls(
        "postgresql://me:secret@db.example:5433/mail?sslmode=require", {"APP_PASSWORD": "app", "EDGE_PASSWORD": "edge"}
    )
    assert urls == {
        "DATABASE_OWNER_URL": "postgresql://me:secret@db.example:5433/mail?sslmode=require",
        "DATABASE_URL": "postgresql://ec_app:app@db.example:5433/mail?sslmode=require",
        "EDGE_DATABASE_URL": "postgresql://ec_edge:edge@db.example:5433/mail?sslmode=require",
    }


def test_a_failing_command_is_its_own_last_words(tmp_path):
    env = os.environ | {"VAR_DIR": str(tmp_path), "SEND_RATE": "many"}
    (tmp_path / "log").mkdir()
    with pytest.raises(
        Problem, match=r"^SEND_RATE is 'many', which is not a whole number\. For example SEND_RATE=500\."
    ):
        runner.manage(env, "check")


def test_make_without_a_target_lists_the_targets():
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(["make"], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    names = [line.split()[1] for line in done.stdout.splitlines()]
    assert names == [
        "help",
        "run",
        "test",
        "test-full",
        "bench",
        "demo",
        "reset",
        "lock",
        "format",
        "lint",
        "types",
        "screenshots",
    ]

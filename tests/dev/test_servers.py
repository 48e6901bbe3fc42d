import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from dev import keys, places
from dev.problems import Problem
from dev.servers import Servers, reset


@pytest.fixture
def make_servers(tmp_path):
    made = []

    def make(name="var", **options):
        servers = Servers(var=tmp_path / name, **{"unsafe": True, **options})
        made.append((tmp_path / name, servers))
        return servers

    yield make
    for var, servers in made:
        if var.exists():
            servers.stop()
            reset(var)


def ask(servers, sql):
    with psycopg.connect(servers.env()["DATABASE_OWNER_URL"], autocommit=True) as connection:
        return connection.execute(sql).fetchone()


def redis_of(servers):
    return redis.Redis.from_url(servers.env()["REDIS_URL"])


def postmaster(servers):
    return int((servers._postgres.data / "postmaster.pid").read_text().splitlines()[0])


def test_start_gives_an_owner_who_is_no_superuser_and_no_tcp_port(make_servers):
    servers = make_servers()
    servers.start()

    role = ask(
        servers, "SELECT rolsuper, rolcreatedb, rolcreaterole, rolbypassrls FROM pg_roles WHERE rolname = current_user"
    )
    assert role == (False, True, True, False)
    owner, encoding, version = ask(
        servers,
        "SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding), current_setting('server_version_num')::int / 10000"
        " FROM pg_database WHERE datname = current_database()",
    )
    assert (owner, encoding, version) == ("ec_owner", "UTF8", 18)
    assert ask(servers, "SHOW listen_addresses") == ("",)
    with redis_of(servers) as client:
        assert client.config_get("port") == {"port": "0"}


def test_start_recovers_when_everything_was_killed(make_servers):
    servers = make_servers(unsafe=False)
    servers.start()
    with psycopg.connect(servers.env()["DATABASE_OWNER_URL"], autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    with redis_of(servers) as client:
        redis_pid = client.info("server")["process_id"]
    os.kill(postmaster(servers), signal.SIGKILL)
    os.kill(redis_pid, signal.SIGKILL)

    servers.start()

    assert ask(servers, "SELECT answer FROM kept") == (42,)
    with redis_of(servers) as client:
        assert client.ping()


def test_what_was_killed_is_revived_and_what_runs_is_left_alone(make_servers):
    servers = make_servers(unsafe=False)
    servers.start()
    assert servers.revive() == []
    victim = psutil.Process(postmaster(servers))
    left = [victim, *victim.children()]

    victim.kill()
    psutil.wait_procs(left, timeout=10)

    assert servers.revive() == ["PostgreSQL"]
    assert ask(servers, "SELECT 1") == (1,)


def test_start_recovers_when_the_process_number_in_postmaster_pid_is_somebody_elses(make_servers):
    servers = make_servers()
    servers.start()
    pid_file = servers._postgres.data / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    old = psutil.Process(int(lines[0]))
    children = old.children()
    old.kill()
    psutil.wait_procs([old, *children], timeout=10)
    pid_file.write_text("\n".join([str(os.getppid()), *lines[1:]]) + "\n")

    servers.start()

    assert ask(servers, "SELECT 1") == (1,)


def test_start_recovers_when_making_the_cluster_was_interrupted(make_servers, tmp_path):
    half = tmp_path / "var" / "postgres.new" / "base"
    half.mkdir(parents=True)
    servers = make_servers()

    servers.start()

    assert ask(servers, "SELECT 1") == (1,)


def test_two_folders_run_side_by_side(make_servers):
    first, second = make_servers("one"), make_servers("two")
    first.start()
    second.start()

    with psycopg.connect(first.env()["DATABASE_OWNER_URL"], autocommit=True) as connection:
        connection.execute("CREATE TABLE only_here ()")
    assert ask(second, "SELECT to_regclass('only_here')") == (None,)
    assert first.secrets["SECRET_KEY"] != second.secrets["SECRET_KEY"]


def test_a_path_too_long_for_a_socket_gets_a_short_folder(make_servers):
    servers = make_servers("long" * 30 + " with 'quotes'")

    servers.start()

    assert len(str(servers._redis.socket)) < 108
    assert ask(servers, "SELECT 1") == (1,)


def test_servers_stop_with_their_last_user(make_servers):
    first, second = make_servers(), make_servers()
    first.start()
    second.start()

    assert first.stop() is False
    assert ask(second, "SELECT 1") == (1,)
    pid = postmaster(second)
    assert second.stop() is True
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_user_who_was_killed_does_not_hold_the_servers(make_servers, tmp_path):
    servers = make_servers()
    program = (
        "import sys, time; from pathlib import Path; from dev.servers import Servers;"
        "s = Servers(var=Path(sys.argv[1])); s.start(); print('up', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "var")], cwd=places.ROOT, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout.readline() == b"up\n"
        assert servers.stop() is False
        other.kill()
        other.wait()

    assert servers.stop() is True


def test_many_processes_may_start_at_once(make_servers, tmp_path):
    make_servers()
    program = (
        "import sys, psycopg; from pathlib import Path; from dev.servers import Servers;"
        "s = Servers(var=Path(sys.argv[1]), unsafe=True); s.start();"
        "psycopg.connect(s.env()['DATABASE_OWNER_URL']).close(); print(s.env()['SECRET_KEY']); s.stop()"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "var")]
    running = [subprocess.Popen(command, cwd=places.ROOT, stdout=subprocess.PIPE) for _ in range(4)]
    answers = [process.communicate(timeout=90)[0] for process in running]

    assert [process.returncode for process in running] == [0, 0, 0, 0]
    assert len(set(answers)) == 1


def test_secrets_are_made_once_and_readable_by_their_owner_only(make_servers, tmp_path):
    first = make_servers().secrets

    assert make_servers().secrets == first
    assert (tmp_path / "var" / keys.FILE_NAME).stat().st_mode & 0o777 == 0o600


def test_lost_secrets_of_a_database_are_a_sentence(tmp_path):
    (tmp_path / "postgres").mkdir()

    with pytest.raises(Problem, match="make reset"):
        keys.read_or_make(tmp_path)


def test_reset_removes_what_was_written_and_nothing_else(make_servers, tmp_path):
    servers = make_servers()
    servers.start()
    somebodys = tmp_path / "var" / "thesis.txt"
    somebodys.write_text("years of work")

    with pytest.raises(Problem, match="still runs"):
        reset(tmp_path / "var")
    servers.stop()
    reset(tmp_path / "var")

    assert [entry.name for entry in (tmp_path / "var").iterdir()] == ["thesis.txt"]


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(Problem, match="set VAR_DIR to a folder you may write to"):
        places.make_folder(tmp_path / "file" / "var")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root drops to another user")
def test_root_runs_postgresql_as_nobody_below_a_closed_folder(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    servers = Servers(var=closed / "var", unsafe=True, redis=False)
    try:
        servers.start()
        assert psutil.Process(postmaster(servers)).username() == "nobody"
        assert Path(closed).stat().st_mode & 0o777 == 0o700
    finally:
        servers.stop()
        time.sleep(0)
        reset(closed / "var")

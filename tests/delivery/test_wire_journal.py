import os
import signal
import subprocess
import sys
import textwrap

import pytest

from delivery.wire import journal


def test_what_was_written_is_read_back(tmp_path):
    path = tmp_path / "7-1.journal"
    book = journal.Journal.create(path, batch_id=7, count=5, lease_until=99.5)
    book.intend(0)
    book.intend(1)
    book.settle(1, 250)
    book.intend(2)
    book.settle(2, 550, (5, 1, 1))
    book.intend(3)
    book.lose(3)
    book.close()

    with journal.read_back(path) as account:
        assert (account.batch_id, account.lease_until) == (7, 99.5)
        assert (account.boot_id, account.host) == (journal.boot_id(), journal.host_name())
        assert [entry.status for entry in account.entries] == [journal.INTENT, 250, 550, journal.LOST, journal.NOTHING]
        assert account.entries[2].enhanced == (5, 1, 1)
        assert [entry.has_reply for entry in account.entries] == [False, True, True, False, False]


def test_living_worker_holds_its_journal(tmp_path):
    path = tmp_path / "1.journal"
    book = journal.Journal.create(path, batch_id=1, count=1, lease_until=0)

    with pytest.raises(journal.JournalHeld), journal.read_back(path):
        pass
    book.close()
    with journal.read_back(path):
        pass


def test_journal_of_a_claim_is_made_once(tmp_path):
    path = tmp_path / "1.journal"
    journal.Journal.create(path, batch_id=1, count=1, lease_until=0)

    with pytest.raises(FileExistsError):
        journal.Journal.create(path, batch_id=1, count=1, lease_until=0)
    assert [found.name for found in tmp_path.iterdir()] == ["1.journal"]


@pytest.mark.parametrize("content", [None, b"", b"ECJ1", b"x" * 400])
def test_missing_or_broken_journal_is_said_to_be_missing(tmp_path, content):
    path = tmp_path / "1.journal"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(journal.JournalMissing), journal.read_back(path):
        pass


def test_journal_of_a_killed_worker_tells_what_it_did(tmp_path):
    path = tmp_path / "1.journal"
    worker = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent("""
            import sys, pathlib
            from delivery.wire.journal import Journal
            book = Journal.create(pathlib.Path(sys.argv[1]), batch_id=1, count=1000, lease_until=0)
            index = 0
            while True:
                book.intend(index % 1000)
                book.settle(index % 1000, 250)
                index += 1
                if index == 500:
                    book.intend(700)
                    print("ready", flush=True)
                    sys.stdin.read()
        """), str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": "."},
    )  # fmt: skip
    assert worker.stdout.readline() == b"ready\n"
    with pytest.raises(journal.JournalHeld), journal.read_back(path):
        pass

    worker.send_signal(signal.SIGKILL)
    worker.wait()
    worker.stdin.close()
    worker.stdout.close()

    with journal.read_back(path) as account:
        statuses = [entry.status for entry in account.entries]
    assert statuses[:500] == [250] * 500
    assert statuses[700] == journal.INTENT
    assert statuses.count(journal.NOTHING) == 499

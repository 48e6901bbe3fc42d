import shutil
import time

import psycopg
import pytest

from contacts.models import Subscription
from emailconcert.lib import signing
from emailconcert.lib.tenancy import account_scope, platform_scope
from tests.factories import NOW
from tests.tracking import edge_process
from tests.tracking.makers import contact_of, make_mailing
from tracking.edge import spool
from tracking.edge.entries import OPEN, UNSUBSCRIBE, Entry
from tracking.models import Inbox, Kind, SpoolPosition

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("host=" not in edge_process.settings.EDGE_DATABASE_URL, reason="needs PostgreSQL at a socket"),
]


def token(mailing, sequence=1):
    return signing.message_token(mailing.pk, sequence)


def kinds():
    with platform_scope("tests: look"):
        return sorted(Inbox.objects.values_list("kind", flat=True))


def standing(mailing, sequence=1):
    with account_scope(mailing.account_id):
        return Subscription.objects.get(contact=contact_of(mailing, sequence)).state


def wait_for(condition, seconds=15):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


def entry(kind=OPEN, mailing=None, sequence=1, at=1_800_000_000_000_000):
    return Entry(kind, mailing.pk if mailing else 1, sequence, None, at, "203.0.113.0", "Firefox", "GET")


def test_events_go_to_the_spool_while_postgresql_is_away_and_come_back_once(tmp_path):
    mailing = make_mailing(people=2)
    with (
        edge_process.gated() as gate,
        edge_process.running(database_url=edge_process.edge_url(gate.folder), spool=tmp_path) as edge,
    ):
        assert edge.get(f"/c/{token(mailing)}/1").status == 302
        gate.set("shut")

        assert edge.get(f"/o/{token(mailing)}").status == 200
        assert edge.get(f"/c/{token(mailing)}/1").status == 302  # known, so it leads on
        assert edge.one_click(token(mailing, 2)).status == 200
        assert edge.metric("edge_database_away") == 1
        assert (kinds(), standing(mailing, 2)) == ([Kind.CLICK], "subscribed")

        gate.set("open")
        wait_for(lambda: not list(tmp_path.iterdir()))
        assert kinds() == [Kind.OPEN, Kind.CLICK, Kind.CLICK, Kind.UNSUBSCRIBE]
        assert standing(mailing, 2) == "unsubscribed"
        assert edge.metric("edge_events_lost_total") == 0
        assert edge.get(f"/o/{token(mailing)}").status == 200
        assert len(kinds()) == 5


def test_a_silent_postgresql_counts_as_away(tmp_path):
    mailing = make_mailing()
    with (
        edge_process.gated() as gate,
        edge_process.running(database_url=edge_process.edge_url(gate.folder), spool=tmp_path) as edge,
    ):
        edge.get(f"/c/{token(mailing)}/1")
        gate.set("silent")

        began = time.monotonic()
        assert edge.get(f"/c/{token(mailing)}/1").status == 302
        assert time.monotonic() - began < 8
        assert list(tmp_path.iterdir())


def test_a_spool_whose_process_was_killed_is_replayed_by_the_next(tmp_path):
    mailing = make_mailing()
    with edge_process.gated() as gate:
        options = {"database_url": edge_process.edge_url(gate.folder), "spool": tmp_path}
        first = edge_process.EdgeProcess(**options)
        first.start()
        gate.set("shut")
        answers = [first.get(f"/o/{token(mailing)}").status for _ in range(5)]
        first.kill()
        assert (answers, kinds()) == ([200] * 5, [])

        gate.set("open")
        with edge_process.running(**options):
            wait_for(lambda: len(kinds()) == 5)
            wait_for(lambda: not list(tmp_path.iterdir()))


def test_with_a_full_disk_a_known_link_leads_on_and_the_loss_is_counted(tmp_path):
    mailing = make_mailing()
    with (
        edge_process.gated() as gate,
        edge_process.running(database_url=edge_process.edge_url(gate.folder), spool=tmp_path, full_disk=True) as edge,
    ):
        edge.get(f"/c/{token(mailing)}/1")
        gate.set("shut")

        assert edge.get(f"/c/{token(mailing)}/1").headers["location"].startswith("https://example.org/")
        assert edge.get(f"/o/{token(mailing)}").status == 200
        # An opt-out that is not safe is not promised: the mail program tries again.
        assert edge.one_click(token(mailing)).status == 503
        assert edge.metric("edge_events_lost_total") == 3


def test_replaying_a_copy_of_a_spool_again_changes_nothing(tmp_path):
    mailing = make_mailing()
    writer = spool.Spool(tmp_path)
    writer.append([entry(mailing=mailing), entry(UNSUBSCRIBE, mailing)])
    path = writer.path
    writer.close()
    shutil.copy(path, tmp_path / "copy")

    with psycopg.connect(edge_process.edge_url(), autocommit=True) as connection:
        assert spool.replay_all(connection, tmp_path) == 2
        with platform_scope("tests: empty"):
            Inbox.objects.all().delete()
        shutil.copy(tmp_path / "copy", path)
        assert spool.replay_all(connection, tmp_path) == 0

    assert (kinds(), path.exists()) == ([], False)


def test_replay_takes_what_a_living_writer_has_written_and_leaves_it_the_file(tmp_path):
    writer = spool.Spool(tmp_path)
    writer.append([entry()])

    with psycopg.connect(edge_process.edge_url(), autocommit=True) as connection:
        assert spool.replay_all(connection, tmp_path) == 1
        writer.append([entry(at=1_800_000_000_000_001)])
        assert [path.exists() for path in tmp_path.iterdir()] == [True]
        writer.close()
        assert spool.replay_all(connection, tmp_path) == 1

    assert (len(kinds()), list(tmp_path.iterdir())) == (2, [])


def test_a_host_replays_its_spool_before_it_claims_a_batch(tmp_path, settings):
    from delivery.services import claiming

    settings.SPOOL_DIR = tmp_path
    mailing = make_mailing()
    writer = spool.Spool(tmp_path)
    writer.append([entry(UNSUBSCRIBE, mailing)])

    assert claiming.claim_batch(account_id=mailing.account_id, mailing_id=mailing.pk, now=NOW) is None

    assert standing(mailing) == "unsubscribed"


def test_replay_leaves_out_a_torn_line(tmp_path):
    writer = spool.Spool(tmp_path)
    writer.append([entry(), entry(at=1_800_000_000_000_001)])
    path = writer.path
    writer.close()
    path.write_bytes(path.read_bytes()[:-20])

    with psycopg.connect(edge_process.edge_url(), autocommit=True) as connection:
        assert spool.replay_all(connection, tmp_path) == 1
    assert kinds() == [Kind.OPEN]


def test_replay_in_many_pieces_stops_at_a_crash_and_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(spool, "_CHUNK", 3)
    writer = spool.Spool(tmp_path)
    writer.append([entry(at=1_800_000_000_000_000 + number) for number in range(10)])
    name = writer.path.name
    writer.close()
    original, calls = spool._replay_chunk, []

    def crash(*args):
        calls.append(args)
        if len(calls) == 3:
            raise psycopg.OperationalError("gone")
        return original(*args)

    monkeypatch.setattr(spool, "_replay_chunk", crash)
    with psycopg.connect(edge_process.edge_url(), autocommit=True) as connection:
        with pytest.raises(psycopg.OperationalError):
            spool.replay_all(connection, tmp_path)
        assert len(kinds()) == 6
        assert spool.replay_all(connection, tmp_path) == 4

    assert len(kinds()) == 10
    with platform_scope("tests: look"):
        assert SpoolPosition.objects.get(name=name).position > 0


def test_an_opt_out_replayed_late_does_not_undo_a_later_confirmation(tmp_path):
    mailing = make_mailing()
    writer = spool.Spool(tmp_path)
    writer.append([entry(UNSUBSCRIBE, mailing, at=1_700_000_000_000_000)])
    writer.close()
    with account_scope(mailing.account_id):
        Subscription.objects.update(confirmed_at=NOW)

    with psycopg.connect(edge_process.edge_url(), autocommit=True) as connection:
        spool.replay_all(connection, tmp_path)

    assert standing(mailing) == "subscribed"

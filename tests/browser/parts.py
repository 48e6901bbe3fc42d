"""The parts of the product beside the web process, for tests that go the whole way: workers, mailbox, edge."""

import asyncio
import threading
import time
from collections import deque
from contextlib import contextmanager
from urllib.parse import urlsplit

from celery.app.task import Task
from django.conf import settings
from django.db import connections
from django.utils import timezone

import accounts.tasks
import campaigns.tasks
import contacts.tasks
import delivery.tasks
import privacy.tasks
import tracking.tasks
from dev.mailbox import reading, smtp, web
from dev.mailbox.store import Store
from emailconcert.lib.tenancy import platform_scope
from tracking.models import Inbox

SCHEDULED = (
    contacts.tasks.wake_imports,
    campaigns.tasks.follow_campaigns,
    campaigns.tasks.wake_checks,
    delivery.tasks.wake_due,
    tracking.tasks.empty_inbox,
    privacy.tasks.move_requests,
    campaigns.tasks.follow_campaigns,
    accounts.tasks.drain_outbox,
    accounts.tasks.seal_audit,
)


class Workers:
    """Runs the real tasks: what the scheduler would wake, and what was woken."""

    def __init__(self, monkeypatch):
        self.woken = deque()
        monkeypatch.setattr(Task, "delay", lambda task, *args, **kwargs: self.woken.append((task, args, kwargs)))

    def work(self, *, until=lambda: True, seconds=40):
        """Work round after round until `until()` holds; in a thread, as Playwright has a loop in this one."""
        failed = []

        def run():
            try:
                end = time.monotonic() + seconds
                while True:
                    self._round()
                    if until():
                        return
                    assert time.monotonic() < end, "it does not come about"
                    time.sleep(0.3)
            except Exception as error:  # noqa: BLE001  # raised again in the test's own thread
                failed.append(error)
            finally:
                connections.close_all()

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        if failed:
            raise failed[0]

    def _round(self):
        for task in SCHEDULED:
            task.run()
            while self.woken:
                woken, args, kwargs = self.woken.popleft()
                woken.run(*args, **kwargs)


class Post:
    """The local mailbox: a real SMTP server, and its pages."""

    def __init__(self, store, url):
        self._store = store
        self.url = url

    def find(self, to, *, subject=""):
        """Return the newest message to somebody: its number and what it says."""
        _, found = self._store.search(to=to, subject=subject)
        assert found, f"no mail to {to} with {subject!r} in its subject"
        _, source = self._store.get(found[0].id)
        return found[0].id, reading.read(source)

    def count(self, to, *, subject=""):
        return self._store.search(to=to, subject=subject)[0]

    def link(self, to, part, *, subject=""):
        """Return the address in the newest message's text that has `part` in it."""
        _, letter = self.find(to, subject=subject)
        return next(word.strip("<>()") for word in letter.text.split() if part in word)

    def page(self, number):
        return f"{self.url}/messages/{number}"


@contextmanager
def mailbox(folder):
    """Run the mailbox that `make run` has, on free ports; mail leaves through it."""
    store = Store(folder)
    pages = web.make_server(store=store, host="127.0.0.1", port=0)
    threading.Thread(target=pages.serve_forever, daemon=True).start()
    loop = asyncio.new_event_loop()
    ports = []
    ready = threading.Event()

    def serve():
        asyncio.set_event_loop(loop)
        server = loop.run_until_complete(loop.create_server(lambda: smtp.make_protocol(store), "127.0.0.1", 0))
        ports.append(server.sockets[0].getsockname()[1])
        ready.set()
        loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0.05))
        loop.close()

    thread = threading.Thread(target=serve)
    thread.start()
    ready.wait()
    try:
        settings.EMAIL_URL = f"smtp://127.0.0.1:{ports[0]}"
        yield Post(store, f"http://127.0.0.1:{pages.server_address[1]}")
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        pages.shutdown()
        pages.server_close()
        store.close()


def path_of(url):
    """Return an address without its host."""
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def inbox_is_empty():
    """Tell whether all events are judged; the youngest wait a few seconds for what belongs to them."""
    with platform_scope("tests: look into the inbox"):
        return not Inbox.objects.exists()


def now():
    return timezone.now()

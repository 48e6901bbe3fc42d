import asyncio
import json
import smtplib
import socket
import threading
from email.message import EmailMessage
from http.client import HTTPConnection

import pytest

from dev.mailbox import smtp, web
from dev.mailbox.store import Store


class Mailbox:
    def __init__(self, folder):
        self.store = Store(folder)
        self.pages = web.make_server(store=self.store, host="127.0.0.1", port=0)
        self.loop = asyncio.new_event_loop()
        self.mail = self.loop.run_until_complete(
            self.loop.create_server(lambda: smtp.make_protocol(self.store), "127.0.0.1", 0)
        )
        self.smtp_port = self.mail.sockets[0].getsockname()[1]
        self.threads = [
            threading.Thread(target=self.loop.run_forever),
            threading.Thread(target=self.pages.serve_forever, args=(0.02,)),
        ]
        for thread in self.threads:
            thread.start()

    def ask(self, method, path, *, body="", **headers):
        connection = HTTPConnection("127.0.0.1", self.pages.server_port, timeout=10)
        try:
            connection.request(
                method, path, body=body, headers={name.replace("_", "-"): value for name, value in headers.items()}
            )
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            connection.close()

    def api(self, path, method="GET"):
        return json.loads(self.ask(method, path)[2])

    async def _close_mail(self):
        self.mail.close()
        await self.mail.wait_closed()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def close(self):
        asyncio.run_coroutine_threadsafe(self._close_mail(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.pages.shutdown()
        for thread in self.threads:
            thread.join()
        self.pages.server_close()
        self.loop.close()
        self.store.close()


@pytest.fixture
def mailbox(tmp_path):
    mailbox = Mailbox(tmp_path)
    yield mailbox
    mailbox.close()


def letter(subject="Hello", to="bob@example.org", html="<html><head></head><body><b>Hi</b></body></html>"):
    message = EmailMessage()
    message["From"] = "Alice <alice@example.com>"
    message["To"] = to
    message["Subject"] = subject
    message.set_content("Read http://localhost:8000/a?x=1&y=2.")
    if html:
        message.add_alternative(html, subtype="html")
    return message


def send(mailbox, *messages, sender="bounce@example.com"):
    with smtplib.SMTP("127.0.0.1", mailbox.smtp_port, timeout=10) as client:
        for message in messages:
            client.send_message(message, from_addr=sender)


def test_smtp_offers_what_a_sender_uses(mailbox):
    with smtplib.SMTP("127.0.0.1", mailbox.smtp_port, timeout=10) as client:
        client.ehlo()
        assert {"pipelining", "size", "8bitmime", "smtputf8", "enhancedstatuscodes"} <= client.esmtp_features.keys()


def test_smtp_keeps_pipelined_messages_byte_for_byte(mailbox):
    body = b"Subject: Pipe\r\n\r\n..one dot\r\n\xc3\xa9\r\n"
    envelope = b"MAIL FROM:<a@example.com>\r\nRCPT TO:<r1@example.org>\r\nRCPT TO:<r2@example.org>\r\nDATA\r\n"
    with (
        socket.create_connection(("127.0.0.1", mailbox.smtp_port), timeout=10) as client,
        client.makefile("rb") as replies,
    ):
        replies.readline()
        client.sendall(b"EHLO tests\r\n")
        while replies.readline()[3:4] == b"-":
            pass
        client.sendall(envelope)
        codes = [replies.readline()[:3] for _ in range(4)]
        # The end of one message and the envelope of the next in one segment, as RFC 2920 allows.
        client.sendall(body + b".\r\n" + envelope)
        codes += [replies.readline()[:3] for _ in range(5)]
        client.sendall(body + b".\r\nQUIT\r\n")
        codes += [replies.readline()[:3] for _ in range(2)]

    assert codes == [b"250", b"250", b"250", b"354", b"250", b"250", b"250", b"250", b"354", b"250", b"221"]
    total, found = mailbox.store.search()
    assert (total, found[0].recipients) == (2, ["r1@example.org", "r2@example.org"])
    assert mailbox.store.get(found[0].id)[1] == b"Subject: Pipe\r\n\r\n.one dot\r\n\xc3\xa9\r\n"


def test_api_finds_by_recipient_and_subject(mailbox):
    send(mailbox, letter("Grüße 100%"), letter("Other", to="carol_x@example.org"), letter("Grüße 1000"))

    def subjects(query):
        return [message["subject"] for message in mailbox.api(f"/api/messages?{query}")["messages"]]

    assert subjects("") == ["Grüße 1000", "Other", "Grüße 100%"]
    assert subjects("to=CAROL_X@") == ["Other"]
    assert subjects("to=carolyx@") == []
    assert subjects("subject=100%25") == ["Grüße 100%"]
    assert subjects("limit=1&offset=1") == ["Other"]
    assert mailbox.api("/api/messages?limit=1")["total"] == 3


def test_api_takes_a_message_apart(mailbox):
    send(mailbox, letter())

    found = mailbox.api("/api/messages/1")

    assert (found["sender"], found["recipients"], found["subject"]) == (
        "bounce@example.com",
        ["bob@example.org"],
        "Hello",
    )
    assert ["From", "Alice <alice@example.com>"] in found["headers"]
    assert "<b>Hi</b>" in found["html"]
    assert found["text"].strip() == "Read http://localhost:8000/a?x=1&y=2."
    assert found["source"].startswith("From: Alice")
    assert mailbox.ask("GET", "/api/messages/2")[0] == 404


def test_api_deletes_all(mailbox):
    send(mailbox, letter(), letter())

    assert mailbox.api("/api/messages", "DELETE") == {"total": 0}
    assert mailbox.api("/api/messages")["total"] == 0


def test_kept_messages_outlive_the_process(mailbox, tmp_path):
    send(mailbox, letter())

    other = Store(tmp_path)
    assert other.search()[0] == 1
    other.close()


def test_pages_escape_what_a_message_says(mailbox):
    nasty = "<script>alert(1)</script>"
    send(mailbox, letter(nasty, html=None))

    for path in ("/", "/messages/1", "/messages/1?tab=headers", "/messages/1?tab=source", f"/?q={nasty}"):
        status, headers, body = mailbox.ask("GET", path)
        assert (status, nasty in body) == (200, False)
        assert "script-src" not in headers["Content-Security-Policy"]
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_html_is_sandboxed_and_its_links_open_new_tabs(mailbox):
    send(mailbox, letter())

    _, headers, body = mailbox.ask("GET", "/messages/1/html")

    assert headers["Content-Security-Policy"].startswith("sandbox allow-popups allow-popups-to-escape-sandbox;")
    assert "img-src *" in headers["Content-Security-Policy"]
    assert body.startswith('<html><head><base target="_blank"></head>')
    assert (
        'sandbox="allow-popups allow-popups-to-escape-sandbox" src="/messages/1/html"'
        in mailbox.ask("GET", "/messages/1")[2]
    )


def test_links_in_text_can_be_followed(mailbox):
    send(mailbox, letter())

    body = mailbox.ask("GET", "/messages/1?tab=text")[2]

    assert 'href="http://localhost:8000/a?x=1&amp;y=2" target="_blank"' in body


@pytest.mark.parametrize(
    ("post", "shown"), [("List-Unsubscribe=One-Click", True), (None, False)], ids=["with-post", "without-post"]
)
def test_one_click_button_stands_only_where_the_headers_allow_it(mailbox, post, shown):
    message = letter()
    message["List-Unsubscribe"] = "<mailto:u@example.com>, <http://localhost:8001/u/token>"
    if post:
        message["List-Unsubscribe-Post"] = post
    send(mailbox, message)

    assert ('action="http://localhost:8001/u/token"' in mailbox.ask("GET", "/messages/1")[2]) is shown


def test_list_pages_through_many(mailbox):
    for number in range(51):
        mailbox.store.add(sender="a@example.com", recipients=[f"r{number}@example.org"], source=b"Subject: n\r\n\r\n")

    assert mailbox.ask("GET", "/")[2].count("<li>") == 50
    second = mailbox.ask("GET", "/?page=2")[2]
    assert (second.count("<li>"), "r0@example.org" in second) == (1, True)


def test_another_site_can_neither_read_nor_delete(mailbox):
    send(mailbox, letter())

    assert mailbox.ask("GET", "/", Host="evil.example")[0] == 421
    assert mailbox.ask("POST", "/delete-all", Sec_Fetch_Site="cross-site")[0] == 403
    assert mailbox.api("/api/messages")["total"] == 1
    assert mailbox.ask("POST", "/delete-all", Sec_Fetch_Site="same-origin")[0] == 303
    assert mailbox.api("/api/messages")["total"] == 0

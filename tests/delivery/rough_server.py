"""An SMTP server that misbehaves by plan, and keeps a log of its own of what it took.

A plan is asked at each step of a session what to do there: `plan(step, session)` returns the name of a manner or None; the
session knows the `number` of its connection, and `message` and `token` of what is being sent. Steps: connect, ehlo, mail, rcpt, data, cut (in the middle of the text), body (the text is whole), quit.
"""

import asyncio
import json
import os
import random
import re
import threading
from contextlib import contextmanager, suppress

_TOKEN = re.compile(r"<b\+([^@>]+)@")
_ADDRESS = re.compile(r"<([^>]*)>")
GOOD = {
    "connect": "220 rough.test ESMTP",
    "ehlo": "250-rough.test\r\n250-PIPELINING\r\n250-SIZE 50000000\r\n250 ENHANCEDSTATUSCODES",
    "mail": "250 2.1.0 Ok",
    "rcpt": "250 2.1.5 Ok",
    "data": "354 Go on",
    "body": "250 2.0.0 Taken",
    "quit": "221 2.0.0 Bye",
}
# What may happen at any step; the text that came with "body" was not taken.
ANYWHERE = ("vanish", "421", "hang", "later", "no", "garbage")
# Replies that are good, in ways that are hard to read.
READABLE = ("late", "in bytes", "in lines")
# The text was taken, and its sender does not hear it.
TAKEN_UNHEARD = ("take and vanish", "take and hang", "take and babble")


class _Gone(Exception):
    """This session is over."""


class RoughServer:
    """`log` has one entry per text it took: its token and recipient, and whether the 250 was written out."""

    def __init__(self, plan=lambda step, session: None, *, log_path=None, pipelining=True, pause=0.0):
        self.plan, self.pause, self.log = plan, pause, []
        self.connections = self.messages = 0
        self.unheard = 0  # texts that were asked for, and whose sender got no word on them that it could read
        self._ehlo = GOOD["ehlo"] if pipelining else GOOD["ehlo"].replace("250-PIPELINING\r\n", "")
        self._file = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND) if log_path else None
        self._open, self._server, self.port = set(), None, 0
        self._loop = asyncio.new_event_loop()

    # ---- from the test's thread

    def start(self):
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.come_back()

    def vanish(self):
        """Listen no more, and break every connection."""
        self._call(self._vanish())

    def come_back(self):
        """Listen again at the same port."""
        self._call(self._listen())

    def stop(self):
        self.vanish()
        self._call(self._end_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        if self._file is not None:
            os.close(self._file)

    def _call(self, what):
        asyncio.run_coroutine_threadsafe(what, self._loop).result(10)

    @property
    def recipients(self):
        return [entry["to"] for entry in self.log]

    # ---- in the loop

    async def _listen(self):
        if self._server is None:
            self._server = await asyncio.start_server(
                self._talk, "127.0.0.1", self.port, limit=2**20, start_serving=True, reuse_address=True
            )
            self.port = self._server.sockets[0].getsockname()[1]

    async def _vanish(self):
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._open):
            writer.transport.abort()

    async def _end_all(self):
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _talk(self, reader, writer):
        self.connections += 1
        self._open.add(writer)
        session = _Session(self, reader, writer, self.connections)
        with suppress(_Gone, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            try:
                await session.run()
            finally:
                self._open.discard(writer)
                writer.transport.abort()

    def take(self, token, recipient, text):
        """Keep a text; return its entry. It is in the file before any reply is written."""
        entry = {"token": token, "to": recipient, "told": False, "text": text}
        self.log.append(entry)
        self.note({"took": token, "to": recipient})
        return entry

    def note(self, line):
        if self._file is not None:
            os.write(self._file, json.dumps(line).encode() + b"\n")


class _Session:
    def __init__(self, server, reader, writer, number):
        self._server, self._reader, self._writer, self.number = server, reader, writer, number
        self.token = self._recipient = None
        self.message = 0

    async def run(self):
        await self._answer("connect")
        while True:
            line = (await self._reader.readuntil(b"\n")).decode("ascii", "replace").strip()
            verb = line[:4].upper()
            if verb in ("EHLO", "HELO"):
                await self._answer("ehlo", self._server._ehlo)
            elif verb == "MAIL":
                self._server.messages += 1
                self.message, self._recipient = self._server.messages, None
                self.token = (_TOKEN.search(line) or ["", ""])[1]
                if not await self._answer("mail"):
                    self.token = None
            elif verb == "RCPT":
                self._recipient = _ADDRESS.search(line)[1] if await self._answer("rcpt") else None
            elif verb == "DATA":
                await self._data()
            elif verb == "QUIT":
                await self._answer("quit")
                return
            else:
                await self._say("250 2.0.0 Ok")

    async def _data(self):
        if self.token is None or self._recipient is None:
            await self._say("503 5.5.1 Nobody to send it to")
        elif await self._answer("data"):
            self._server.unheard += 1
            start = await self._reader.read(1)
            if start and self._ask("cut"):  # not where the client has thought better of it
                raise _Gone
            text = start + await self._reader.readuntil(b"\r\n.\r\n")
            await asyncio.sleep(self._server.pause)
            self._server.unheard -= await self._end(text)
        self.token = self._recipient = None

    async def _end(self, text):
        """Answer a text; tell whether its sender got a word on it."""
        manner = self._ask("body")
        if manner == "421":
            self._server.unheard -= 1
        if manner in ANYWHERE:
            await self._misbehave(manner, "body")
            return manner != "garbage"
        entry = self._server.take(self.token, self._recipient, text)
        if manner == "take and vanish":
            raise _Gone
        if manner == "take and hang":
            await self._hang()
        if manner == "take and babble":
            await self._say("354 What?")
            return False
        await self._say(GOOD["body"], manner)
        entry["told"] = True
        self._server.note({"told": entry["token"]})
        return True

    def _ask(self, step):
        return self._server.plan(step, self)

    async def _answer(self, step, good=None):
        """Answer a step; tell whether it went well."""
        manner = self._ask(step)
        if manner in ANYWHERE:
            await self._misbehave(manner, step)
            return False
        await self._say(good or GOOD[step], manner)
        if manner == "twice" and step == "data":
            self._server.unheard += 1  # the second go-ahead is taken for an answer
            return False
        return True

    async def _misbehave(self, manner, step):
        if manner == "vanish":
            raise _Gone
        if manner == "hang":
            await self._hang()
        if manner == "421":
            await self._say("421 4.3.2 Too much, come back")
            self._writer.close()
            raise _Gone
        if manner == "garbage":
            await self._say("\x00\x7f what?")
        if manner == "later":
            await self._say("451 4.7.1 Try again later")
        if manner == "no":
            await self._say("550 5.1.1 No such mailbox" if step == "rcpt" else "554 5.7.1 No")

    async def _hang(self):
        while await self._reader.read(65536):
            pass
        raise _Gone

    async def _say(self, words, manner=None):
        if manner == "late":
            await asyncio.sleep(0.3)
        if manner == "twice":
            words += "\r\n" + words
        if manner == "in lines":
            code, _, rest = words.rpartition("\n")[2].partition(" ")
            words = f"{code}-One moment\r\n{code}-\r\n{code} {rest}" if "\n" not in words else words
        data = words.encode("latin-1") + b"\r\n"
        pieces = [data[at : at + 1] for at in range(len(data))] if manner == "in bytes" else [data]
        for piece in pieces:
            self._writer.write(piece)
            await self._writer.drain()
            if len(pieces) > 1:
                await asyncio.sleep(0.001)


def at(step, manner, *, times=1, message=None):
    """Plan one misbehaviour: at a step, so many times, of one message by its number or of any."""
    left = [times]

    def plan(asked, session):
        if asked != step or left[0] <= 0 or (message is not None and session.message != message):
            return None
        left[0] -= 1
        return manner

    return plan


# What a seeded server does at a step, and how often in ten thousand times.
_DICE = {
    "connect": (("vanish", 300), ("421", 300), ("garbage", 100), ("hang", 60), ("late", 300), ("in bytes", 500)),
    "ehlo": (("vanish", 200), ("421", 200), ("in bytes", 500)),
    "mail": (("vanish", 20), ("421", 20), ("later", 20), ("garbage", 10), ("in lines", 200), ("twice", 10)),
    "rcpt": (("vanish", 20), ("421", 20), ("later", 60), ("no", 60), ("in bytes", 100), ("twice", 10)),
    "data": (("vanish", 20), ("421", 20), ("later", 20), ("no", 20), ("hang", 3), ("twice", 10)),
    "cut": (("cut", 30),),
    "body": (
        ("vanish", 20), ("421", 30), ("later", 30), ("no", 30), ("hang", 3), ("garbage", 10), ("late", 20),
        ("in bytes", 100), ("take and vanish", 30), ("take and hang", 3), ("take and babble", 10), ("twice", 10),
    ),
    "quit": (("hang", 300), ("vanish", 1000)),
}  # fmt: skip


def seeded(seed):
    """Plan misbehaviour at random, the same for the same seed where the same is asked in the same order."""
    dice = random.Random(seed)

    def plan(step, session):
        number = dice.randrange(10_000)
        for manner, share in _DICE[step]:
            number -= share
            if number < 0:
                return manner
        return None

    return plan


@contextmanager
def running(*arguments, **options):
    """Run one; yields it."""
    server = RoughServer(*arguments, **options)
    server.start()
    try:
        yield server
    finally:
        server.stop()

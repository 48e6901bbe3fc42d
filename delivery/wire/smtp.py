"""An SMTP client that pipelines: the end of one message and the start of the next go out in one write.

One round trip per message where the server offers PIPELINING (RFC 2920), one command at a time where it does not.
Exactly one message per connection is between its body and its reply at any time; that is all that a crash can leave
unconfirmed.
"""

import asyncio
import socket
import ssl
from collections import deque
from dataclasses import dataclass
from typing import cast

from delivery.wire import signing_in
from delivery.wire.feed import Feed, Hooks, Item
from delivery.wire.replies import BadReply, Reply, ReplyParser
from delivery.wire.server import CannotConnect, Server, judged_addresses

__all__ = ["CannotConnect", "Connection", "Server"]

_CLOSING = 421
_FINAL = 500
_TOO_LARGE = Reply(552, "5.3.4 The message is larger than the mail server takes")
_GOODBYE_SECONDS = 2.0  # nothing hangs on the answer to QUIT


@dataclass(slots=True)
class _Turn:
    """One message's turn on a connection."""

    item: Item
    refusal: Reply | None = None
    refused_at: str = ""
    begun: bool = False


class Connection(asyncio.Protocol):
    """One connection. `open` first, then `run` until the feed is finished, the server closes, or `stop`."""

    def __init__(self, server: Server, feed: Feed, hooks: Hooks) -> None:
        self._server, self._feed, self._hooks = server, feed, hooks
        self._transport: asyncio.Transport | None = None
        self._parser = ReplyParser()
        self._answer: asyncio.Future[Reply] | None = None
        self._expected: deque[tuple[str, _Turn | None]] = deque()
        self._next: _Turn | None = None
        self._features: dict[str, str] = {}
        self._pipelining = False
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._stopping = False
        self._aborted = False
        self._last_heard = 0.0
        self._chunk = self._body_at = 0
        self._largest = 0
        self._taken = 0
        self.answered = 0  # how many messages it gave its word on
        self.trouble = ""

    # ---- opening

    async def open(self) -> None:
        """Connect, greet, secure, sign in. Raises `CannotConnect`."""
        try:
            async with asyncio.timeout(self._server.timeout):
                await self._open()
        except (OSError, ssl.SSLError, TimeoutError, BadReply, UnicodeError) as error:
            self._abort()
            words = self.trouble or f"{self._server.host}: {str(error) or 'no answer in time'}"
            raise CannotConnect(words) from error
        except CannotConnect:
            self._abort()
            raise

    async def _open(self) -> None:
        loop, server = asyncio.get_running_loop(), self._server
        tls = self._context() if server.security == "tls" else None
        self._answer = loop.create_future()
        host = server.host
        if server.public_only:
            host = (await loop.run_in_executor(None, judged_addresses, server))[0]
        await loop.create_connection(
            lambda: self, host, server.port, ssl=tls, server_hostname=server.host if tls else None
        )
        self._need(await self._answer, 220)
        await self._hello()
        if server.security == "starttls":
            await self._start_tls()
            await self._hello()
        if server.username:
            await self._sign_in()
        self._pipelining = "PIPELINING" in self._features
        size = self._features.get("SIZE", "").strip()
        self._largest = int(size) if size.isdigit() else 0

    async def _hello(self) -> None:
        reply = await self._command(f"EHLO {self._server.local_name}")
        if not reply.is_good:
            self._need(await self._command(f"HELO {self._server.local_name}"), 250)
            return
        words = [line.replace("=", " ", 1).split(" ", 1) for line in reply.text.split("\n")[1:]]  # AUTH=LOGIN, of old
        self._features = {word[0].upper(): word[1] if len(word) > 1 else "" for word in words}

    async def _start_tls(self) -> None:
        if "STARTTLS" not in self._features:
            raise CannotConnect(f"{self._server.host} does not offer STARTTLS.")
        self._need(await self._command("STARTTLS"), 220)
        if not self._parser.is_empty:  # RFC 3207 §4: nothing from before the handshake may be believed
            raise CannotConnect(f"{self._server.host} spoke before the handshake.")
        loop = asyncio.get_running_loop()
        transport = cast("asyncio.Transport", self._transport)
        found = await loop.start_tls(transport, self, self._context(), server_hostname=self._server.host)
        if found is None:
            raise CannotConnect(f"{self._server.host}: the handshake failed.")
        self._transport = found

    async def _sign_in(self) -> None:
        transport = cast("asyncio.Transport", self._transport)
        peer = transport.get_extra_info("peername")
        is_encrypted = transport.get_extra_info("ssl_object") is not None
        await signing_in.sign_in(
            self._server,
            offered=self._features.get("AUTH", "").upper().split(),
            is_readable=not is_encrypted and not signing_in.is_loopback(peer[0] if peer else ""),
            ask=self._command,
        )

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if not self._server.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def _need(self, reply: Reply, code: int) -> None:
        if reply.code != code:
            words = f"{self._server.host} answered {reply.code} {reply.text[:200]}"
            raise CannotConnect(words, is_final=reply.code >= _FINAL)

    async def _command(self, line: str) -> Reply:
        self._answer = asyncio.get_running_loop().create_future()
        self._write(line.encode() + b"\r\n")
        return await self._answer

    # ---- protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; without TCP_NODELAY each message would wait for the delayed acknowledgement."""
        self._transport = transport  # type: ignore[assignment]  # uvloop's transport is not a subclass
        found = transport.get_extra_info("socket")
        if found is not None and found.family in (socket.AF_INET, socket.AF_INET6):
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        """Hear replies."""
        self._last_heard = asyncio.get_running_loop().time()
        self._chunk += 1
        try:
            for reply in self._parser.feed(data):
                self._hear(reply)
        except BadReply:
            self._leave("said something that is no SMTP")

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's name
        """Give back what was not begun, and say what is lost."""
        if self._answer and not self._answer.done():
            self._answer.set_exception(ConnectionResetError("the connection was closed"))
        turns: list[_Turn] = [turn for _, turn in self._expected if turn]
        if self._next:
            turns.append(self._next)
        self._expected.clear()
        self._next = None
        for turn in {id(turn): turn for turn in turns}.values():
            self._give_up(turn)
        if not self._over.done():
            self._over.set_result(None)

    def _give_up(self, turn: _Turn) -> None:
        key, refusal = turn.item[0], turn.refusal
        if turn.begun:
            self._hooks.on_lost(key)
        elif refusal and refusal.code != _CLOSING:
            self._tell(turn, refusal)
        elif refusal:
            self._hooks.on_returned(key, refusal.code, refusal.text)
        else:
            self._hooks.on_returned(key, 0, "")

    def _tell(self, turn: _Turn, refusal: Reply) -> None:
        """Pass on what a letter was refused with: at MAIL FROM and for good, it is about us and not about the person."""
        is_about_us = turn.refused_at == "mail" and refusal.code >= _FINAL
        told = self._hooks.on_barred if is_about_us else self._hooks.on_outcome
        told(turn.item[0], refusal.code, refusal.text)
        self.answered += 1

    # ---- sending

    async def run(self) -> None:
        """Send letters from the feed until it is finished or the connection is."""
        self._answer = None
        self._last_heard = asyncio.get_running_loop().time()
        watch = asyncio.create_task(self._watch())
        try:
            if not self._over.done():
                self._begin_next()
            await asyncio.shield(self._over)
        finally:
            watch.cancel()
            self._abort()

    def stop(self) -> None:
        """Begin no more bodies; what is in flight is awaited."""
        self._stopping = True
        if not any(turn and turn.begun for _, turn in self._expected):
            self._abort()

    async def _watch(self) -> None:
        while not self._over.done():
            await asyncio.sleep(min(1.0, self._server.timeout / 2))
            quiet = asyncio.get_running_loop().time() - self._last_heard
            is_leaving = bool(self._expected) and self._expected[0][0] == "quit"
            if self._expected and quiet > (_GOODBYE_SECONDS if is_leaving else self._server.timeout):
                self._leave("gave no answer in time")

    def _begin_next(self) -> None:
        """Write the commands of the next letter, where nothing is under way."""
        if self._over.done() or self._expected:
            return
        if self._stopping or self._is_full or not self._hooks.may_write():
            self._quit()
            return
        item = self._take()
        if item is None:
            if self._feed.is_finished:
                self._quit()
            else:
                self._feed.when_more(self._begin_next)
            return
        turn = _Turn(item)
        self._write(self._open_commands(turn))

    @property
    def _is_full(self) -> bool:
        return 0 < self._server.most_messages <= self._taken

    def _take(self) -> Item | None:
        """Return the next letter that the server may be asked to take; those too large for it are refused here."""
        while not self._is_full and (item := self._feed.take()):
            if not self._largest or sum(map(len, item[1].pieces)) <= self._largest:
                self._taken += 1
                return item
            self._tell(_Turn(item), _TOO_LARGE)
        return None

    def _open_commands(self, turn: _Turn) -> bytes:
        """Return the commands of one letter (only the first where there is no pipelining) and expect their replies."""
        letter = turn.item[1]
        mail = b"MAIL FROM:<" + letter.sender + b">\r\n"
        self._expected.append(("mail", turn))
        if not self._pipelining:
            return mail
        self._expected.append(("rcpt", turn))
        self._expected.append(("data", turn))
        return mail + b"RCPT TO:<" + letter.recipient + b">\r\nDATA\r\n"

    def _hear(self, reply: Reply) -> None:
        if self._aborted:
            return
        if self._answer is not None:
            if not self._answer.done():
                self._answer.set_result(reply)
            return
        if not self._expected:
            self._abort()  # the server speaks unasked, which is a goodbye
            return
        stage, turn = self._expected.popleft()
        if turn is None:
            self._after_nothing(stage)
        elif self._is_odd(stage, reply.code):
            self._next = turn
            self._leave(f"answered {reply.code} where that means nothing")
        elif stage == "body":
            self._hear_body(turn, reply)
        elif stage == "data":
            self._hear_data(turn, reply)
        else:
            self._hear_command(stage, turn, reply)

    def _is_odd(self, stage: str, code: int) -> bool:
        """Tell whether it can't be the answer to what was said: from here on nobody knows which answer is to what."""
        if 400 <= code < 600:
            return False
        if stage == "body" and self._chunk == self._body_at:
            return True  # it came in one piece with the go-ahead, before there was a body
        return code != 354 if stage == "data" else not 200 <= code < 300

    def _hear_command(self, stage: str, turn: _Turn, reply: Reply) -> None:
        if not reply.is_good and turn.refusal is None:
            turn.refusal, turn.refused_at = reply, stage
        if reply.code == _CLOSING:
            self._next = turn
            self._leave(f"closes connections: {reply.code} {reply.text[:100]}")
        elif not self._pipelining:
            if turn.refusal:
                self._refused(turn, turn.refusal)
            elif stage == "mail":
                self._expected.append(("rcpt", turn))
                self._write(b"RCPT TO:<" + turn.item[1].recipient + b">\r\n")
            else:
                self._expected.append(("data", turn))
                self._write(b"DATA\r\n")

    def _hear_data(self, turn: _Turn, reply: Reply) -> None:
        go_ahead = reply.code == 354
        if turn.refusal is None and not go_ahead:
            turn.refusal = reply
        if reply.code == _CLOSING:
            self._next = turn
            self._leave(f"closes connections: {reply.code} {reply.text[:100]}")
        elif turn.refusal:
            if go_ahead:  # RFC 2920 §3.1: a lone dot ends a message that has no recipient
                self._expected.append(("nothing", None))
                self._tell(turn, turn.refusal)
                self._write(b".\r\n")
            else:
                self._refused(turn, turn.refusal)
        elif self._stopping or not self._hooks.may_write():
            self._next = turn
            self._stopping = True
            self._abort()
        else:
            self._send_body(turn)

    def _send_body(self, turn: _Turn) -> None:
        self._hooks.on_intent(turn.item[0])
        turn.begun = True
        self._body_at = self._chunk
        self._expected.append(("body", turn))
        letter = turn.item[1]
        following = self._take() if self._pipelining and not self._stopping else None
        commands = b"" if following is None else self._open_commands(_Turn(following))
        self._write(*letter.pieces, b".\r\n" + commands)

    def _hear_body(self, turn: _Turn, reply: Reply) -> None:
        self._hooks.on_outcome(turn.item[0], reply.code, reply.text)
        self.answered += reply.code != _CLOSING
        if reply.code == _CLOSING or self._stopping:
            self._abort()
        else:
            self._begin_next()

    def _refused(self, turn: _Turn, refusal: Reply) -> None:
        self._tell(turn, refusal)
        self._expected.append(("nothing", None))
        self._write(b"RSET\r\n")

    def _after_nothing(self, stage: str) -> None:
        if stage == "quit":
            self._abort()
        else:
            self._begin_next()

    def _quit(self) -> None:
        self._expected.append(("quit", None))
        self._write(b"QUIT\r\n")

    def _write(self, *pieces: bytes) -> None:
        if self._transport and not self._transport.is_closing():
            self._last_heard = asyncio.get_running_loop().time()
            self._transport.writelines(pieces)

    def _leave(self, words: str) -> None:
        self.trouble = f"{self._server.host} {words}."
        self._abort()

    def _abort(self) -> None:
        self._aborted = True
        if self._transport:
            self._transport.abort()
        elif not self._over.done():
            self._over.set_result(None)

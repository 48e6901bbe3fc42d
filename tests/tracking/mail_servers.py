"""Small IMAP and POP3 servers that hold mails, for tests: each speaks just what our client says."""

import re
import socketserver
import threading
from contextlib import contextmanager


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, handler, mails):
        super().__init__(("127.0.0.1", 0), handler)
        self.mails = dict(enumerate(mails, start=1))
        self.deleted = set()

    @property
    def left(self):
        return list(self.mails.values())

    def purge(self):
        for number in self.deleted:
            self.mails.pop(number, None)


class _Pop(socketserver.StreamRequestHandler):
    def say(self, *lines):
        self.wfile.write(b"".join(line + b"\r\n" for line in lines))

    def handle(self):
        self.say(b"+OK ready")
        for line in self.rfile:
            verb, *rest = line.decode().split()
            if verb == "PASS" and rest != ["secret"]:
                self.say(b"-ERR wrong")
            elif verb == "LIST":
                sizes = [b"%d %d" % (number, len(mail)) for number, mail in self.server.mails.items()]
                self.say(b"+OK", *sizes, b".")
            elif verb == "RETR":
                lines = self.server.mails[int(rest[0])].split(b"\r\n")
                self.say(b"+OK", *(b"." + each if each.startswith(b".") else each for each in lines), b".")
            elif verb == "DELE":
                self.server.deleted.add(int(rest[0]))
                self.say(b"+OK")
            else:
                self.say(b"+OK")
            if verb == "QUIT":
                self.server.purge()
                return


class _Imap(_Pop):
    def handle(self):
        self.say(b"* OK ready")
        for line in self.rfile:
            tag, verb, rest = f"{line.decode().rstrip()} ".split(" ", 2)
            done = f"{tag} OK done".encode()
            if verb == "LOGIN" and "secret" not in rest:
                self.say(f"{tag} NO wrong".encode())
                continue
            if verb == "CAPABILITY":
                self.say(b"* CAPABILITY IMAP4rev1")
            elif verb == "UID":
                self.uid(rest)
            elif verb == "CLOSE":
                self.server.purge()
            self.say(done)
            if verb == "LOGOUT":
                return

    def uid(self, rest):
        verb, numbers, *_ = rest.split(" ", 2)
        if verb == "SEARCH":
            self.say(b"* SEARCH " + b" ".join(b"%d" % number for number in self.server.mails))
            return
        number = int(re.match(r"\d+", numbers)[0])
        if verb == "FETCH":
            mail = self.server.mails[number]
            self.say(b"* %d FETCH (UID %d BODY[]<0> {%d}" % (number, number, len(mail)), mail + b")")
        elif verb == "STORE" and "Deleted" in rest:
            self.server.deleted.add(number)


@contextmanager
def serving(kind, mails):
    """Serve mails by `imap` or `pop3`; the server's `left` are those still there, `url` leads to it."""
    with _Server({"imap": _Imap, "pop3": _Pop}[kind], mails) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        server.url = f"{kind}://bounces:secret@127.0.0.1:{server.server_address[1]}/"
        yield server
        server.shutdown()

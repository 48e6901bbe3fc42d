"""An SMTP server that takes everything and keeps nothing; its CPU is no part of the figures. Prints its port.

`python sink.py [SECONDS] [CERTIFICATE]`: each answer leaves SECONDS later, as if the way there and back took so long;
with a certificate it speaks TLS from the first byte.
"""

import asyncio
import ssl
import sys


class Sink(asyncio.Protocol):
    delay = 0.0

    def connection_made(self, transport):
        self.transport, self.in_body, self.left = transport, False, b""
        self.answer([b"220 sink\r\n"])

    def data_received(self, data):
        self.left = self.left + data if self.left else data
        answers = []
        while True:
            end = b"\r\n.\r\n" if self.in_body else b"\r\n"
            head, found, rest = self.left.partition(end)
            if not found:
                break
            self.left = rest
            answers.append(self.reply(head))
        if answers:
            self.answer(answers)

    def answer(self, answers):
        if self.delay:
            asyncio.get_running_loop().call_later(self.delay, self.write, b"".join(answers))
        else:
            self.write(b"".join(answers))

    def write(self, data):
        if not self.transport.is_closing():
            self.transport.write(data)

    def reply(self, line):
        if self.in_body:
            self.in_body = False
            return b"250 2.0.0 Ok\r\n"
        verb = line[:4].upper()
        if verb == b"DATA":
            self.in_body = True
            return b"354 Go\r\n"
        if verb == b"QUIT":
            return b"221 Bye\r\n"
        return b"250-sink\r\n250 PIPELINING\r\n" if verb == b"EHLO" else b"250 Ok\r\n"


async def main(delay="0", certificate=""):
    Sink.delay = float(delay)
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", 0, ssl=context, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    try:
        import uvloop
    except ImportError:
        asyncio.run(main(*sys.argv[1:]))
    else:
        uvloop.run(main(*sys.argv[1:]))

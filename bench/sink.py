"""An SMTP server that takes everything and keeps nothing; its CPU is no part of the figures. Prints its port."""

import asyncio


class Sink(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.data, self.left = transport, False, b""
        transport.write(b"220 sink\r\n")

    def data_received(self, data):
        self.left += data
        while True:
            end = b"\r\n.\r\n" if self.data else b"\r\n"
            head, found, rest = self.left.partition(end)
            if not found:
                return
            self.left = rest
            self.transport.write(self.answer(head))

    def answer(self, line):
        if self.data:
            self.data = False
            return b"250 2.0.0 Ok\r\n"
        verb = line[:4].upper()
        if verb == b"DATA":
            self.data = True
            return b"354 Go\r\n"
        if verb == b"QUIT":
            return b"221 Bye\r\n"
        return b"250-sink\r\n250 PIPELINING\r\n" if verb == b"EHLO" else b"250 Ok\r\n"


async def main():
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())

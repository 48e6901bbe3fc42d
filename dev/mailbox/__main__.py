"""`python -m dev.mailbox FOLDER WEB_PORT SMTP_PORT`: run the mailbox until SIGTERM."""

import asyncio
import signal
import sys
import threading
from pathlib import Path

from dev.mailbox import smtp, web
from dev.mailbox.store import Store
from dev.plan import LOOPBACK


async def serve(*, store: Store, web_port: int, smtp_port: int) -> None:
    """Serve mail and pages until asked to stop; pages have threads of their own."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    pages = web.make_server(store=store, host=LOOPBACK, port=web_port)
    threading.Thread(target=pages.serve_forever, daemon=True).start()
    mail = await loop.create_server(lambda: smtp.make_protocol(store), LOOPBACK, smtp_port)
    try:
        await stop.wait()
    finally:
        mail.close()
        pages.shutdown()
        pages.server_close()


def main(arguments: list[str]) -> None:
    """Read the command line and serve."""
    folder, web_port, smtp_port = arguments
    store = Store(Path(folder))
    try:
        asyncio.run(serve(store=store, web_port=int(web_port), smtp_port=int(smtp_port)))
    finally:
        store.close()


if __name__ == "__main__":
    main(sys.argv[1:])

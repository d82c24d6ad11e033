"""
A yardstick: aiosmtpd as it comes, on uvloop, with a handler that discards every mail.

`python -m bench.stock_sink [--port P]` prints one JSON line with port and pid, and serves until it
is interrupted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket

import uvloop
from aiosmtpd.smtp import SMTP, Envelope, Session


class Discard:
    """Keeps nothing and says yes."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        return "250 OK"


async def serve(port: int) -> None:
    loop = asyncio.get_running_loop()
    listening = socket.create_server(("127.0.0.1", port), backlog=1024)
    handler = Discard()
    server = await loop.create_server(
        lambda: SMTP(handler, hostname="sink.example", loop=loop), sock=listening
    )
    announce(listening.getsockname()[1])
    await server.serve_forever()


def announce(port: int) -> None:
    print(json.dumps({"port": port, "pid": os.getpid()}), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    uvloop.run(serve(parser.parse_args().port))

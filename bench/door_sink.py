"""
Our SMTP door on uvloop with an intake that discards every mail: what the door alone costs.

`python -m bench.door_sink [--port P]` prints one JSON line with port and pid, and serves until it
is interrupted.
"""

from __future__ import annotations

import argparse
import asyncio

import uvloop

from app.smtp import door
from app.smtp.arrivals import ArrivedMail, Refusal, RefusedDelivery, SessionFacts
from app.smtp.settings import DoorSettings
from bench.stock_sink import announce


class Discard:
    """Keeps nothing and says yes."""

    async def accepts(self, recipient: str, session: SessionFacts) -> Refusal | None:
        return None

    async def keep(self, mail: ArrivedMail) -> list[str]:
        return ["rcv_discarded"] * len(mail.recipients)

    def refused(self, refusal: RefusedDelivery) -> None:
        pass


async def serve(port: int) -> None:
    settings = DoorSettings(hostname="door.example", hosts=("127.0.0.1",), port=port)
    announce((await door.open(settings, Discard())).port)
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    uvloop.run(serve(parser.parse_args().port))

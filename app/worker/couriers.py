"""Which courier RELAY_URL means."""

from __future__ import annotations

from app.resolver import Resolver
from app.worker.letters import Courier
from app.worker.mx import Mx
from app.worker.relay import Relay, read_url


def courier_for(relay_url: str, greeting: str, resolver: Resolver) -> Courier | None:
    """The courier of these settings; None: nothing leaves."""
    if not relay_url:
        return None
    url = read_url(relay_url)
    if url.scheme == "mx":
        return Mx(resolver, greeting, port=url.port, private=url.private)
    return Relay(url, greeting)

"""
HEAD, and reading only what has changed, for everything that can be read (RFC 9110).

Deliberately not here: If-Match, which belongs to the transaction of a change (`etags.py`).
"""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# A HEAD of what never ends would never end.
ENDLESS = frozenset({"/v1/events/stream"})
_OF_THE_BODY = frozenset({b"content-length", b"content-type", b"content-encoding"})


class ConditionalReads:
    """
    ASGI middleware: HEAD is answered as GET is, without the body (9.3.2); a client that names the
    ETag of what it would get in If-None-Match is told that it has it already (13.1.2, 15.4.5).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"] in ENDLESS:
            await self._app(scope, receive, send)
            return
        method, known = scope["method"], _tags(scope)
        if method != "HEAD" and not (method == "GET" and known):
            await self._app(scope, receive, send)
            return
        is_bare = method == "HEAD"

        async def sending(message: Message) -> None:
            nonlocal is_bare
            if message["type"] == "http.response.start" and _is_known(message, known):
                is_bare = True
                kept = [one for one in message["headers"] if one[0].lower() not in _OF_THE_BODY]
                message = {**message, "status": 304, "headers": kept}
            elif message["type"] == "http.response.body" and is_bare:
                message = {**message, "body": b""}
            await send(message)

        scope.setdefault("state", {})  # shared: others look there for what was found out
        asked = {**scope, "method": "GET"}
        await self._app(asked, receive, sending)
        if "route" in asked:
            scope["route"] = asked["route"]


def _tags(scope: Scope) -> frozenset[str]:
    """The entity tags of If-None-Match, compared weakly; `*` is every one."""
    given = [value.decode("latin-1") for name, value in scope["headers"] if name == _HEADER]
    return frozenset(tag.strip().removeprefix("W/") for one in given for tag in one.split(","))


_HEADER = b"if-none-match"


def _is_known(start: Message, known: frozenset[str]) -> bool:
    if start["status"] != 200 or not known:
        return False
    tag = dict(start["headers"]).get(b"etag", b"").decode("latin-1")
    return bool(tag) and ("*" in known or tag.removeprefix("W/") in known)

"""Every request gets an id, a line in the log, and a place in the numbers."""

from __future__ import annotations

import re
import time
import uuid

import structlog
from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.house import Standing

log = structlog.get_logger()

REQUESTS = Counter(
    "hosted_inbox_http_requests_total", "HTTP requests.", ("method", "route", "status")
)
SECONDS = Histogram("hosted_inbox_http_seconds", "Time to answer a request.", ("method", "route"))
_GIVEN = re.compile(r"[A-Za-z0-9._-]{1,64}")


def _rate_limit(scope: Scope) -> list[tuple[bytes, bytes]]:
    """What the key may still ask, in every answer to it (J1)."""
    standing: Standing | None = scope.get("state", {}).get("standing")
    if standing is None:
        return []
    return [
        (b"ratelimit-limit", b"%d" % standing.limit),
        (b"ratelimit-remaining", b"%d" % standing.left),
        (b"ratelimit-reset", b"%d" % standing.reset),
    ]


class RequestLog:
    """ASGI middleware; a caller's own X-Request-Id is kept when it is a plain word."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        request_id = given if _GIVEN.fullmatch(given) else uuid.uuid4().hex
        started, status = time.perf_counter(), 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", []),
                    (b"x-request-id", request_id.encode()),
                    *_rate_limit(scope),
                ]
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, sending)
            finally:
                self._note(scope, status, time.perf_counter() - started)

    @staticmethod
    def _note(scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "none")
        REQUESTS.labels(scope["method"], route, status).inc()
        SECONDS.labels(scope["method"], route).observe(seconds)
        log.info(
            "request",
            method=scope["method"],
            path=scope["path"],
            status=status,
            ms=round(seconds * 1000, 1),
        )

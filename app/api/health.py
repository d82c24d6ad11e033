"""Health and metrics: no key is needed, and nothing of an account is shown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Literal

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from pydantic import BaseModel, Field

from app.api.house import House

router = APIRouter(tags=["health"])

PATIENCE = 4.0  # seconds that a part has to answer
METRICS = {
    "description": "The numbers, a line each.",
    "content": {
        "text/plain": {
            "schema": {"type": "string"},
            "example": "# HELP process_cpu_seconds_total Total user and system CPU time spent in "
            "seconds.\n# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total 3.2\n",
        }
    },
}


class Health(BaseModel):
    """`ready` when every part that this process opened works; a word for each part."""

    status: Literal["ready", "not ready"]
    parts: dict[str, str] = Field(description="For each part `ok`, or what is wrong.")
    notes: list[str]


@router.get("/health/live", operation_id="get_liveness")
async def live() -> dict[str, str]:
    """
    Say that the process answers.

    For restarting what hangs: it looks at nothing else.
    """
    return {"status": "live"}


@router.get("/health/ready", operation_id="get_readiness", responses={503: {"model": Health}})
async def ready(request: Request, response: Response) -> Health:
    """
    Say whether database, SMTP door and worker do their work.

    For load balancers: 503 when a part that this process opened does not work. `notes` are
    things that an operator should know.
    """
    house: House = request.app.state.house
    parts = {}
    for name, check in house.health.items():
        try:
            parts[name] = await asyncio.wait_for(check(), PATIENCE)
        except Exception as fault:  # noqa: BLE001 - whatever it is, the part does not work
            parts[name] = f"failed: {type(fault).__name__}"
    well = all(word == "ok" for word in parts.values())
    response.status_code = 200 if well else 503
    notes = [words for words in (note() for note in house.notes) if words]
    if not house.settings.relay_url:
        notes.append("HOSTED_INBOX_RELAY_URL is not set: mail stays queued, nothing leaves.")
    return Health(status="ready" if well else "not ready", parts=parts, notes=notes)


@router.get(
    "/metrics", operation_id="get_metrics", response_class=Response, responses={200: METRICS}
)
async def metrics(request: Request) -> Response:
    """
    Read the process' numbers.

    In Prometheus' text format: requests by route and status and how long they took, mails,
    connections and refusals of the SMTP door. Each process counts for itself.
    """
    house: House = request.app.state.house
    registry = CollectorRegistry()
    for numbers in house.numbers:
        registry.register(_Numbers(numbers))
    text = generate_latest() + generate_latest(registry)
    return Response(text, media_type=CONTENT_TYPE_LATEST)


class _Numbers(Collector):
    """Numbers that somebody else keeps."""

    def __init__(self, read: Callable[[], Iterable[Metric]]) -> None:
        self._read = read

    def collect(self) -> Iterable[Metric]:
        return self._read()

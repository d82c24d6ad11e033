"""The FastAPI application: every router, the problems, the document, the pages that show it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from importlib import resources
from typing import Any

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

from app.api import (
    account,
    api_keys,
    audit_log,
    channels,
    contact_export,
    contacts,
    conversations,
    deliveries,
    document,
    document_words,
    erasures,
    events,
    health,
    idempotency,
    messages,
    problems,
    received_mail,
    replies,
    routing,
    sender_addresses,
    sender_lists,
    sending_domains,
    teams,
    ticket_pipelines,
    ticket_properties,
    tickets,
    uploads,
    users,
    verification,
    webhook_deliveries,
    webhooks,
)
from app.api.conditional import ConditionalReads
from app.api.requests import RequestLog
from app.db import Database
from app.settings import Settings

VERSION = "2.0.0"
ROUTERS = (
    account,
    users,
    teams,
    api_keys,
    audit_log,
    channels,
    sender_addresses,
    sending_domains,
    verification,
    contacts,
    contact_export,
    erasures,
    conversations,
    replies,
    uploads,
    routing,
    deliveries,
    messages,
    received_mail,
    sender_lists,
    tickets,
    ticket_pipelines,
    ticket_properties,
    events,
    webhooks,
    webhook_deliveries,
    health,
)


def build(
    settings: Settings, lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]]
) -> FastAPI:
    """The application with all of its routes; `lifespan` puts the opened house on its state."""
    app = FastAPI(
        title="Hosted Inbox",
        version=VERSION,
        description=document_words.DESCRIPTION.strip(),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=True,
    )
    for module in ROUTERS:
        app.include_router(module.router)
    _serve_docs(app)
    problems.install(app)
    app.add_middleware(GZipMiddleware, minimum_size=1024, compresslevel=4)
    app.add_middleware(ConditionalReads)
    app.add_middleware(RequestLog)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_origins),
            allow_methods=["*"],
            allow_headers=[
                "Authorization",
                "Content-Type",
                "Idempotency-Key",
                "If-Match",
                "If-None-Match",
            ],
            expose_headers=[
                "ETag",
                "Idempotent-Replayed",
                "RateLimit-Limit",
                "RateLimit-Remaining",
                "RateLimit-Reset",
                "Retry-After",
                "X-Request-Id",
            ],
        )
    _complete_document(app)
    return app


def _serve_docs(app: FastAPI) -> None:
    """The document's page out of a package: no browser has to ask a stranger's server for it."""
    files = resources.files("fastapi_offline") / "static"
    app.mount("/docs/static", StaticFiles(directory=str(files)))

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title="Hosted Inbox API",
            swagger_js_url="/docs/static/swagger-ui-bundle.js",
            swagger_css_url="/docs/static/swagger-ui.css",
            swagger_favicon_url="/docs/static/favicon.png",
        )


def _complete_document(app: FastAPI) -> None:
    make = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = document.complete(make())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


async def forget_old_answers(database: Database, now: datetime) -> None:
    """The clock's part of idempotency: stored answers live for a day."""
    async with database.writing() as db:
        await idempotency.forget_old(db, now)

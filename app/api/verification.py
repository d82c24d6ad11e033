"""
The page behind the link in a verification mail: for people, without a key.

Opening it proves nothing, because mail scanners open links; pressing its button does (C3).
"""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from app.api.house import House
from app.domain import accounts, sender_identity

router = APIRouter(prefix="/verify", include_in_schema=False)

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{{font:1rem/1.5 sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem}}
button{{font:inherit;padding:.6rem 1.2rem}}</style></head>
<body><h1>{title}</h1>{body}</body></html>
"""


@router.get("/{token}")
async def show_verification(token: str, request: Request) -> HTMLResponse:
    """Who wants to write from which address, and a button."""
    house: House = request.app.state.house
    async with house.database.reading() as db:
        row = await sender_identity.addresses.find_link(db, token, datetime.now(UTC))
        if row is None:
            return _gone()
        account = await accounts.get_account(db, row.account_id)
    return _page(
        "Confirm this address",
        f"<p><strong>{escape(account.name)}</strong> wants to answer its customers from "
        f"<strong>{escape(row.address)}</strong>.</p>"
        "<p>Confirm only if you belong to them.</p>"
        '<form method="post"><button type="submit">Confirm</button></form>',
    )


@router.post("/{token}")
async def confirm_verification(token: str, request: Request) -> HTMLResponse:
    """The button was pressed: the address is verified."""
    house: House = request.app.state.house
    now = datetime.now(UTC)
    async with house.database.reading() as db:
        row = await sender_identity.addresses.find_link(db, token, now)
    if row is None:
        return _gone()
    async with house.database.writing() as db:
        await accounts.lock(db, [row.account_id])
        verified = await sender_identity.addresses.verify_by_link(db, row.account_id, token, now)
    if verified is None:
        return _gone()
    return _page("Confirmed", f"<p>{escape(verified.address)} can be written from now.</p>")


def _gone() -> HTMLResponse:
    words = "<p>It was used already, has expired, or was replaced by a newer one.</p>"
    return _page("This link is not good any more", words, status=404)


def _page(title: str, body: str, *, status: int = 200) -> HTMLResponse:
    return HTMLResponse(_PAGE.format(title=title, body=body), status, headers=_HEADERS)

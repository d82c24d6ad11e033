"""
The job with real parts: a service on a temporary folder, an account, a channel, forwarded mail.

    make demo
"""

from __future__ import annotations

import json
import smtplib
import tempfile
from pathlib import Path
from typing import Any

from tests.running import Running, running

PLAIN = """\
From: Carla Customer <carla@customer.example>
To: Acme Support <support@acme.example>
Subject: Where is my order?
Message-ID: <order-17@customer.example>
Date: Tue, 24 Nov 2026 09:30:00 +0100

Hello, my order 17 has not come. Can you look?

Carla
"""
ANSWER = """\
From: Carla Customer <carla@customer.example>
To: Acme Support <support@acme.example>
Subject: Re: Where is my order?
Message-ID: <order-17-b@customer.example>
In-Reply-To: <order-17@customer.example>
Date: Tue, 24 Nov 2026 10:02:00 +0100

It came a minute ago, thank you!

> Hello, my order 17 has not come. Can you look?
"""
GROUP = """\
From: "Dora Doe via Support" <support@acme.example>
To: support@acme.example
Reply-To: Dora Doe <dora@strict.example>
X-Original-From: Dora Doe <dora@strict.example>
List-ID: <support.acme.example>
Precedence: list
Subject: An invoice, please
Message-ID: <invoice@strict.example>

Could you send me the invoice of October?
"""
FORWARD = """\
From: Ann Agent <ann@acme.example>
To: support@acme.example
Subject: Fwd: Broken lamp
Message-ID: <fwd-1@acme.example>

Can somebody take this one?

---------- Forwarded message ---------
From: Emil Example <emil@elsewhere.example>
Date: Tue, Nov 24, 2026 at 8:15 AM
Subject: Broken lamp
To: Ann Agent <ann@acme.example>


The lamp that came yesterday is broken.
"""


def main() -> None:
    """Show the way of a mail, from the SMTP port to the conversation."""
    with (
        tempfile.TemporaryDirectory(prefix="hosted-inbox-demo-") as folder,
        running(Path(folder) / "data") as service,
    ):
        show(service)


def show(service: Running) -> None:
    """Connect a channel, forward four mails to it, print what the API says."""
    account = service.create_account("Acme")
    key = account["api_key"]
    say("An account", {"hosted_domain": account["hosted_domain"]})
    service.call(key, "POST", "/v1/users", {"name": "Ann Agent", "email": "ann@acme.example"})
    channel = service.call(
        key,
        "POST",
        "/v1/channels",
        {
            "shared": True,
            "provider": "other",
            "source": "group",
            "team_address": "support@acme.example",
            "connect": True,
        },
    )
    address = channel["forwarding_address"]
    say("A connected channel", {"forward to": address, "state": channel["state"]})
    with smtplib.SMTP("127.0.0.1", service.smtp_port) as smtp:
        smtp.ehlo()
        for text in (PLAIN, ANSWER, GROUP, FORWARD):
            smtp.mail("forwarder@acme.example")
            smtp.rcpt(address)
            code, reply = smtp.data(text.replace("\n", "\r\n").encode())
            say("SMTP", f"{code} {reply.decode()}")
    found = service.call(key, "GET", "/v1/conversations")
    for conversation in reversed(found["items"]):
        messages = service.call(key, "GET", f"/v1/conversations/{conversation['id']}/messages")
        say(f"Conversation: {conversation['subject']}", [short(m) for m in messages["items"]])


def short(message: dict[str, Any]) -> dict[str, Any]:
    """What of a message a demonstration needs."""
    return {
        "kind": message["kind"],
        "from (as received)": message["from"]["address"],
        "author (who wrote it)": message["author"]["address"],
        "reply_text": message["reply_text"],
    }


def say(title: str, what: Any) -> None:
    """Print a step."""
    text = what if isinstance(what, str) else json.dumps(what, indent=2, ensure_ascii=False)
    print(f"\n== {title}\n{text}")


if __name__ == "__main__":
    main()

"""Forwarding confirmations are believed only from the provider, with its own link (F7)."""

from __future__ import annotations

import pytest

from app.mail.authentication import Authentication
from app.mail.confirmations import read_confirmation
from app.mail.parse import parse

CONFIRM = "https://mail-settings.google.com/mail/vf-%5BABC-def_123%5D-xYz"
CANCEL = "https://mail-settings.google.com/mail/uf-%5BABC-def_123%5D-xYz"


def confirmation(
    author: str = "Gmail Team <forwarding-noreply@google.com>",
    subject: str = "(#123456789) Forwarding Confirmation - Receive Mail from ann@acme.example",
    body: str = f"ann@acme.example wants to forward mail.\n\nTo allow it:\n\n{CONFIRM}\n",
    kind: str = "text/plain",
) -> bytes:
    return (
        f"From: {author}\nTo: support@acme.hosted.example\nSubject: {subject}\n"
        f"MIME-Version: 1.0\nContent-Type: {kind}; charset=utf-8\n\n{body}"
    ).encode()


def test_a_confirmation_by_gmail_shows_code_link_and_mailbox() -> None:
    mail = parse(confirmation())

    found = read_confirmation(mail)

    assert found is not None
    assert (found.provider, found.code) == ("gmail", "123456789")
    assert found.url == CONFIRM
    assert found.requested_by == "ann@acme.example"


def test_the_link_that_cancels_is_not_the_one_that_is_shown() -> None:
    body = f"To cancel: {CANCEL}\n\nTo allow: {CONFIRM}."

    found = read_confirmation(parse(confirmation(body=body)))

    assert found is not None
    assert found.url == CONFIRM


def test_a_confirmation_without_a_code_has_its_link() -> None:
    subject = "(Gmail Forwarding Confirmation - Receive Mail from ann@acme.example"

    found = read_confirmation(parse(confirmation(subject=subject)))

    assert found is not None
    assert (found.code, found.url) == ("", CONFIRM)


def test_a_confirmation_in_another_language_is_understood() -> None:
    subject = "=?utf-8?B?R21haWwg6Lui6YCB44Gu56K66KqN?="
    body = f"ann@acme.example から転送\n\n確認コード: 987654321\n\n{CONFIRM}\n"

    found = read_confirmation(parse(confirmation(subject=subject, body=body)))

    assert found is not None
    assert (found.code, found.requested_by) == ("987654321", "ann@acme.example")


def test_the_link_is_found_in_html_too() -> None:
    body = f'<p>ann@acme.example</p><a href="{CONFIRM}">Confirm</a>'

    found = read_confirmation(parse(confirmation(body=body, kind="text/html")))

    assert found is not None
    assert found.url == CONFIRM


@pytest.mark.parametrize(
    "author",
    [
        "Gmail Team <forwarding-noreply@google.com.example>",
        "forwarding-noreply@google.com <ann@evil.example>",
        "forwarding-noreply@mail.google.com",
        "forwarding-noreply@google.com, ann@evil.example",
        "",
    ],
)
def test_nobody_else_can_ask_for_a_confirmation(author: str) -> None:
    mail = parse(confirmation(author=author))

    assert read_confirmation(mail) is None


@pytest.mark.parametrize(
    "link",
    [
        "http://mail-settings.google.com/mail/vf-abc",
        "https://mail-settings.google.com.evil.example/mail/vf-abc",
        "https://evil.example/mail-settings.google.com/mail/vf-abc",
        "https://mail-settings.google.com@evil.example/mail/vf-abc",
        "https://ann@mail-settings.google.com/mail/vf-abc",
        "https://mail-settings.google.com:444/mail/vf-abc",
        "https://mail-settings.google.com\\@evil.example/mail/vf-abc",
        "https://mail-settings.google.com/mail/vf-abc/../../evil",
        "https://mail-settings.google.com/url?q=https://evil.example/mail/vf-abc",
        "https://sites.google.com/mail/vf-abc",
        "https://mail.google.com/mail/u/0/#inbox",
        "https://[::1/mail/vf-abc",
    ],
)
def test_a_link_that_leads_elsewhere_is_never_shown(link: str) -> None:
    found = read_confirmation(parse(confirmation(body=f"Click {link} now")))

    assert found is not None
    assert found.url == ""
    assert found.code == "123456789"


def test_other_mail_of_the_provider_is_no_confirmation() -> None:
    mail = parse(confirmation(subject="Forwarding is on", body="Mail is forwarded now."))

    assert read_confirmation(mail) is None


def test_a_routing_address_at_cloudflare_is_confirmed_by_its_link() -> None:
    link = "https://dash.cloudflare.com/email_fwdr/verify?token=abc-DEF_1.2"
    raw = confirmation(
        author="Cloudflare <noreply@notify.cloudflare.com>",
        subject="Verify your Email Routing address",
        body=f"Verify email address: {link}\n\nhttps://dash.cloudflare.com/?to=/:account",
    )

    found = read_confirmation(parse(raw))

    assert found is not None
    assert (found.provider, found.code, found.url) == ("cloudflare", "", link)


def test_an_invoice_of_cloudflare_is_no_confirmation() -> None:
    raw = confirmation(
        author="noreply@notify.cloudflare.com",
        subject="(#123456789) Invoice",
        body="https://dash.cloudflare.com/billing",
    )

    assert read_confirmation(parse(raw)) is None


@pytest.mark.parametrize(
    ("proof", "shown"),
    [
        (None, True),
        (Authentication("pass", "pass", "reject", "google.com"), True),
        (Authentication("none", "fail", "reject", contradicts=True), False),
        (Authentication("fail", "fail", "quarantine", contradicts=True), False),
        (Authentication("policy", None, "reject"), False),
        (Authentication("temperror", "temperror", "reject"), True),
        (Authentication("none", "temperror"), True),
        (Authentication("none", "fail", "none"), True),
    ],
)
def test_a_confirmation_that_the_providers_domain_denies_is_none(
    proof: Authentication | None, shown: bool
) -> None:
    found = read_confirmation(parse(confirmation()), proof)

    assert (found is not None) is shown

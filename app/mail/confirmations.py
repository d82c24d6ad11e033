"""
Forwarding confirmations: a provider asks whether a mailbox may forward to the channel (F7).

Anybody can write such a mail, so only little is believed: the author must be the provider's
exact address, and a link is given only if it leads, by https, to the page with which this
provider confirms. Providers whose sender and page could not be told from a primary source are
not in the table.

Deliberately not here: where it is shown, and opening the link (a person does).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from app.mail.authentication import ASKING, TEMPERROR, Authentication
from app.mail.message import Mail

_LONGEST_TEXT = 100_000
_MOST_LINKS = 200
_LINK = re.compile(r"https://[!#-;=?-Z\[\]_a-z~%]{1,2000}", re.IGNORECASE)
_SUBJECT_CODE = re.compile(r"\(#(\d{6,12})\)")
_BODY_CODE = re.compile(r"[:：][ \t]{0,5}(\d{6,12})[ \t]{0,5}$", re.MULTILINE)
_ADDRESS = re.compile(r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")


@dataclass(frozen=True, slots=True)
class _Provider:
    name: str
    author: str  # the exact address that confirmations come from, lower case
    hosts: frozenset[str]  # where its confirmation page is, exactly
    path: re.Pattern[str]  # the page itself; other pages of the host cancel, or are anybody's
    has_code: bool


_PROVIDERS = {
    provider.author: provider
    for provider in (
        _Provider(
            "gmail",  # Google Workspace too; the subject bears the domain's name and any language
            "forwarding-noreply@google.com",
            frozenset({"mail-settings.google.com", "mail.google.com", "isolated.mail.google.com"}),
            re.compile(r"/mail/(?:u/\d{1,2}/|a/[a-z0-9.-]{1,253}/)?vf-.", re.IGNORECASE),
            has_code=True,
        ),
        _Provider(
            "cloudflare",  # Email Routing; all notifications of Cloudflare have this author
            "noreply@notify.cloudflare.com",
            frozenset({"dash.cloudflare.com"}),
            re.compile(r"/email_fwdr/verify$"),
            has_code=False,
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a provider wants to have confirmed."""

    provider: str
    code: str  # to be typed in at the provider; "" when there is none
    url: str  # the provider's own page, https; "" when the mail has no such link
    requested_by: str  # the mailbox that wants to forward; "" when it is not named


def read_confirmation(mail: Mail, proof: Authentication | None = None) -> Confirmation | None:
    """
    The confirmation that a mail asks for; None when it is from nobody in the table, or forged.

    `proof` is what DKIM and DMARC said when it arrived; None where nobody could compute it.
    """
    provider = _PROVIDERS.get(mail.sender.address.lower())
    if provider is None or len(mail.headers.mailboxes("from")) != 1 or not _may_be_true(proof):
        return None
    text, html = mail.text[:_LONGEST_TEXT], mail.html[:_LONGEST_TEXT]
    url = next((link for link in _links(text, html) if _is_confirming(link, provider)), "")
    code = _code(mail.subject, text) if provider.has_code else ""
    if not url and not code:
        return None
    return Confirmation(provider.name, code, url, _asker(mail, text) if provider.has_code else "")


def _may_be_true(proof: Authentication | None) -> bool:
    """
    Not where the provider's domain asks to reject or quarantine, and no signature of it is right.

    Where the DNS could not tell, it is shown: setting up a channel does not wait for the DNS, and
    whoever forges one can show no more than a page of the provider itself.
    """
    if proof is None or proof.aligned_domain or proof.dmarc == TEMPERROR:
        return True
    return proof.policy not in ASKING


def _links(text: str, html: str) -> Iterator[str]:
    count = 0
    for source in (text, html.replace("&amp;", "&")):
        for match in _LINK.finditer(source):
            yield match[0].rstrip(".,;:!?)]'")
            count += 1
            if count >= _MOST_LINKS:
                return


def _is_confirming(link: str, provider: _Provider) -> bool:
    """Whether a link leads to the provider's confirmation page and nowhere else."""
    try:
        parts = urlsplit(link)
        port = parts.port
    except ValueError:
        return False
    return (
        parts.scheme == "https"
        and parts.netloc.lower() in provider.hosts  # as a whole: no user name, no port
        and port is None
        and "\\" not in unquote(link)
        and ".." not in unquote(parts.path)
        and provider.path.match(parts.path) is not None
    )


def _code(subject: str, text: str) -> str:
    found = _SUBJECT_CODE.search(subject) or _BODY_CODE.search(text)
    return found[1] if found else ""


def _asker(mail: Mail, text: str) -> str:
    """The mailbox that wants to forward, as the subject and the start of the text name it."""
    for source in (mail.subject, text[:500]):
        for match in _ADDRESS.finditer(source):
            if match[0].lower() != mail.sender.address.lower():
                return match[0]
    return ""

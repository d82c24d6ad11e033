"""
Which URLs and addresses a webhook may go to: the world, and nothing of our own network.

Pure: names are looked up by the worker, which asks here about what it found.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from app.errors import Invalid, invalid_field

URL_LIMIT = 2000
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_NAT64_LOCAL = ipaddress.ip_network("64:ff9b:1::/48")
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")
_COMPATIBLE = ipaddress.ip_network("::/96")


def is_public(address: str) -> bool:
    """
    Is this the address of a machine out in the world?

    Private, loopback, link-local (the metadata services among them), shared, reserved and
    multicast addresses are not; nor an IPv6 form of such an IPv4 address (mapped, compatible, 6to4,
    Teredo, NAT64).
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if found in _NAT64_LOCAL or found in _COMPATIBLE or found.is_site_local:
            return False
        inner = [found.ipv4_mapped, found.sixtofour, *(found.teredo or ())]
        if found in _NAT64:
            return _is_public(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF))
        if any(one is not None and not _is_public(one) for one in inner):
            return False
        if found.ipv4_mapped is not None:
            return True
    return _is_public(found)


def _is_public(found: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return found.is_global and not found.is_multicast and not found.is_reserved


def check_url(url: str, *, allow_private: bool) -> str:
    """
    The URL, if a webhook may have it. Raises Invalid `webhooks.bad_url`.

    https to a host in the world; with `allow_private` (for development) http and any host.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise _bad("This is no URL.") from None
    if len(url) > URL_LIMIT or not url.isascii() or not url.isprintable() or " " in url:
        raise _bad("A URL has printable ASCII characters, 2000 at most.")
    if parts.scheme not in ("https", "http") or not host or port == 0:
        raise _bad("It has to be like https://example.org/path.")
    if parts.scheme == "http" and not allow_private:
        raise _bad("Webhooks go to https only.")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise _bad("A webhook's URL holds no user, no password and no fragment.")
    if not allow_private and not _may_be_public(host):
        raise _bad("This host is none that the world can reach.")
    return url


def _may_be_public(host: str) -> bool:
    """
    Is it a public address, or a name that the world's DNS may know?

    Its names have a dot, and do not end in a number: what does is an IPv4 address in a form that
    programs read differently (`0177.0.0.1`, `127.1`, `0x7f.1`; URL Standard, "ends in a number").
    """
    if _is_literal(host):
        return is_public(host)
    labels = host.removesuffix(".").split(".")
    return len(labels) > 1 and all(labels) and _NUMBER.fullmatch(labels[-1]) is None


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _bad(words: str) -> Invalid:
    return invalid_field("/url", words, "webhooks.bad_url")

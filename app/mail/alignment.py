"""
Identifier alignment (RFC 7489 3.1): may a DKIM or SPF domain speak for the domain in From?

Organizational domains come from the public suffix list that is shipped with a package; nothing is
fetched. Deliberately not here: looking up what a domain publishes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import idna
from publicsuffixlist import PublicSuffixList

_LONGEST = 253  # characters of a domain name, RFC 1035 2.3.4


@lru_cache(maxsize=4096)
def organizational_domain(domain: str) -> str:
    """
    The public suffix of a domain and one label more (RFC 7489 3.2), lower case, as A-labels.

    A domain that is itself a public suffix is its own organizational domain; "" for no domain.
    """
    plain = ascii_domain(domain)
    return (_suffixes().privatesuffix(plain) or plain) if plain else ""


def is_public_suffix(domain: str) -> bool:
    """Is it a name below which others register theirs, such as `com` or `co.uk`?"""
    plain = ascii_domain(domain)
    return bool(plain) and _suffixes().privatesuffix(plain) is None


def would_align(
    from_domain: str, dkim_domain: str, mode: Literal["relaxed", "strict"] = "relaxed"
) -> bool:
    """Whether a signature of `dkim_domain` counts for mail From `from_domain` (RFC 7489 3.1.1)."""
    one, other = ascii_domain(from_domain), ascii_domain(dkim_domain)
    if not one or one == other:
        return bool(one)
    return mode == "relaxed" and organizational_domain(one) == organizational_domain(other)


@lru_cache(maxsize=4096)
def ascii_domain(domain: str) -> str:
    """The domain as it stands in DNS: lower case, A-labels (IDNA 2008, RFC 5891); "" for none."""
    plain = domain.strip().rstrip(".").lower()
    if not plain or len(plain) > _LONGEST:
        return ""
    if plain.isascii():
        return plain
    try:
        return idna.encode(plain, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return ""


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=True)

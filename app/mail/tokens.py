"""
Signed tokens that travel in mail: Message-IDs, return paths, reply addresses, loop marks.

All are written in lower-case base32 and read without regard to case, because mailers fold local
parts. Each is signed for its purpose (HMAC-SHA256, 80 bits) and names its key, so that the secret
can be changed while mail with old tokens is still about. Deliberately not here: what a token
allows; whoever holds a mail holds its tokens.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

LOCAL_PART_LIMIT = 64  # octets, RFC 5321 4.5.3.1.1

_RETURN_PATH = "bounce"
_MOST_RECIPIENTS = 99_999
_KEY_ID, _SIGNATURE = 2, 16  # characters of base32
_SEAL = f"[a-z2-7]{{{_KEY_ID + _SIGNATURE}}}"
_ID = re.compile(r"([a-z]{1,8})_([0-9a-f]{32})")
_OWN_ID = re.compile(rf"([a-z]{{1,8}})-([a-z2-7]{{26}})\.({_SEAL})")
_OWN_PATH = re.compile(rf"{_RETURN_PATH}-([a-z]{{1,8}})-([a-z2-7]{{26}})-(\d{{1,5}})-({_SEAL})")
_REPLY_TAG = re.compile(rf"([a-z2-7]{{26}})({_SEAL})")
_OWNER = re.compile(
    rf"([a-z]{{1,8}})-([a-z2-7]{{26}})\.([a-z]{{1,8}})-([a-z2-7]{{26}})\.(\d{{1,12}})\.({_SEAL})"
)


@dataclass(frozen=True, slots=True)
class Keys:
    """Signing keys by their id (two characters of base32); `current` signs, all verify."""

    current: str
    by_id: Mapping[str, bytes] = field(repr=False)


def keys_from(secret: bytes, *earlier: bytes) -> Keys:
    """The keys of the installation's secret; tokens signed with an `earlier` one are still read."""
    by_id: dict[str, bytes] = {}
    current = ""
    for one in (*reversed(earlier), secret):
        key = hmac.digest(one, b"hosted-inbox mail tokens", "sha256")
        current = _base32(hashlib.sha256(key).digest())[:_KEY_ID]
        by_id[current] = key
    return Keys(current, by_id)


def make_message_id(keys: Keys, *, reply_id: str, domain: str) -> str:
    """A Message-ID, without angle brackets, that says which reply it is (RFC 5322 3.6.4)."""
    kind, code = _shortened(reply_id)
    return f"{kind}-{code}.{_seal(keys, 'message-id', reply_id)}@{domain.lower()}"


def read_message_id(keys: Keys, message_id: str) -> str | None:
    """
    The id of the reply that a Message-ID of ours names, else None.

    The domain is not signed: some relays put their own in its place.
    """
    found = _OWN_ID.fullmatch(_plain(message_id).partition("@")[0])
    if found is None:
        return None
    reply_id = _lengthened(found[1], found[2])
    return reply_id if reply_id and _holds(keys, found[3], "message-id", reply_id) else None


def make_return_path(keys: Keys, *, reply_id: str, recipient_index: int, domain: str) -> str:
    """The envelope sender for one recipient of one reply (VERP): a bounce to it names both."""
    if not 0 <= recipient_index <= _MOST_RECIPIENTS:
        raise ValueError("no such recipient")
    kind, code = _shortened(reply_id)
    seal = _seal(keys, "return-path", reply_id, str(recipient_index))
    return f"{_RETURN_PATH}-{kind}-{code}-{recipient_index}-{seal}@{domain.lower()}"


def read_return_path(keys: Keys, address: str) -> tuple[str, int] | None:
    """The reply and the index of its recipient that a return path of ours names, else None."""
    found = _OWN_PATH.fullmatch(_plain(address).rpartition("@")[0])
    if found is None:
        return None
    reply_id = _lengthened(found[1], found[2])
    if reply_id and _holds(keys, found[4], "return-path", reply_id, found[3]):
        return reply_id, int(found[3])
    return None


def make_reply_address(keys: Keys, *, conversation_id: str, channel_address: str) -> str:
    """
    The channel's address with a tag that names the conversation: `support+…@…`.

    The tag holds for this channel address only. Where it does not fit into a local part
    (RFC 5321 4.5.3.1.1: 64 octets), the address comes back without one.
    """
    _, code = _shortened(conversation_id)
    local, _, domain = channel_address.rpartition("@")
    seal = _seal(keys, "reply-address", conversation_id, _plain(channel_address))
    tagged = f"{local}+{code}{seal}"
    return channel_address if len(tagged.encode()) > LOCAL_PART_LIMIT else f"{tagged}@{domain}"


def read_reply_address(keys: Keys, address: str) -> str | None:
    """The id of the conversation that the tag of an address names, else None."""
    local, _, domain = _plain(address).rpartition("@")
    untagged, plus, tag = local.rpartition("+")
    found = _REPLY_TAG.fullmatch(tag)
    if not plus or found is None:
        return None
    conversation_id = _lengthened("cnv", found[1])
    channel_address = f"{untagged}@{domain}"
    if conversation_id and _holds(
        keys, found[2], "reply-address", conversation_id, channel_address
    ):
        return conversation_id
    return None


def make_loop_mark(keys: Keys, *, account_id: str, message_id: str) -> str:
    """The value of X-Hosted-Inbox-Loop for a mail of the account with this Message-ID."""
    return _seal(keys, "loop", account_id, _plain(message_id))


def is_own_mark(keys: Keys, value: str, *, account_id: str, message_id: str) -> bool:
    """
    Whether a mail that carries this mark and this Message-ID was written by the account.

    For any other account of the installation it is a mail like everybody's.
    """
    return _holds(keys, value.strip().lower(), "loop", account_id, _plain(message_id))


def make_owner_token(
    keys: Keys, *, conversation_id: str, user_id: str, expires_at: datetime
) -> str:
    """A token for an owner who is away: this user may answer in this conversation, until then."""
    until = str(int(expires_at.timestamp()))
    seal = _seal(keys, "owner", conversation_id, user_id, until)
    ids = ".".join("-".join(_shortened(one)) for one in (conversation_id, user_id))
    return f"{ids}.{until}.{seal}"


def read_owner_token(keys: Keys, token: str, *, now: datetime) -> tuple[str, str] | None:
    """The conversation and the user that an owner's token names; None when it is not valid now."""
    found = _OWNER.fullmatch(token.strip().lower())
    if found is None:
        return None
    conversation_id, user_id = _lengthened(found[1], found[2]), _lengthened(found[3], found[4])
    if not conversation_id or not user_id:
        return None
    if not _holds(keys, found[6], "owner", conversation_id, user_id, found[5]):
        return None
    return (conversation_id, user_id) if now.astimezone(UTC).timestamp() < int(found[5]) else None


def _plain(text: str) -> str:
    """A Message-ID or an address as it is compared here."""
    return text.strip().strip("<>").strip().lower()


def _seal(keys: Keys, *said: str) -> str:
    """The id of the key and its signature of a purpose and what is said for it."""
    return keys.current + _signature(keys.by_id[keys.current], said)


def _holds(keys: Keys, seal: str, *said: str) -> bool:
    key = keys.by_id.get(seal[:_KEY_ID])
    if key is None or not seal.isascii():
        return False
    return hmac.compare_digest(seal[_KEY_ID:], _signature(key, said))


def _signature(key: bytes, said: tuple[str, ...]) -> str:
    text = "\0".join(said).encode("utf-8", "surrogatepass")
    return _base32(hmac.digest(key, text, "sha256"))[:_SIGNATURE]


def _base32(octets: bytes) -> str:
    return base64.b32encode(octets).decode().rstrip("=").lower()


def _shortened(identifier: str) -> tuple[str, str]:
    """`cnv_` and 32 hex digits as the prefix and 26 characters."""
    found = _ID.fullmatch(identifier)
    if found is None:
        raise ValueError(f"not an identifier of ours: {identifier!r}")
    return found[1], _base32(bytes.fromhex(found[2]))


def _lengthened(prefix: str, code: str) -> str | None:
    octets = base64.b32decode(f"{code.upper()}======")
    # 26 characters hold two bits more than an id: each id has one spelling only.
    return f"{prefix}_{octets.hex()}" if _base32(octets) == code else None

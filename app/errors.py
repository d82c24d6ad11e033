"""
The six kinds of refusal, each with a stable code (`room.what_is_wrong`) and words for a person.

Deliberately not here: numbers. 404 and 550 are dialects; each door has a table of its own.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field; `pointer` is a JSON Pointer (RFC 6901) into the request."""

    pointer: str
    detail: str


class Refusal(Exception):
    """The product says no, for a reason that the caller may read."""

    code = "refused"

    def __init__(
        self, detail: str, code: str | None = None, errors: tuple[FieldError, ...] = ()
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or type(self).code
        self.errors = errors


class NotFound(Refusal):
    """There is no such thing in this account; another account's thing is no thing either."""

    code = "not_found"


class Forbidden(Refusal):
    """The caller is known, but may not do this."""

    code = "forbidden"


class Conflict(Refusal):
    """The request is well formed, but the state of things stands against it."""

    code = "conflict"


class Invalid(Refusal):
    """What was given cannot be accepted; `errors` says which field."""

    code = "invalid"


class Unavailable(Refusal):
    """Not now: something that we need is away. The same request may succeed later."""

    code = "unavailable"


class TooMany(Refusal):
    """It was asked for too often. It may succeed after so many seconds."""

    code = "too_many"

    def __init__(self, detail: str, code: str, seconds: int) -> None:
        super().__init__(detail, code)
        self.seconds = seconds


class StorageFull(Unavailable):
    """Not now: there is no room left to keep things."""

    code = "storage_full"


def invalid_field(pointer: str, detail: str, code: str) -> Invalid:
    """A refusal that names exactly one field."""
    return Invalid(detail, code, (FieldError(pointer, detail),))

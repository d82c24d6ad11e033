"""
Forwards in bodies: who wrote a mail that somebody forwarded by hand.

`find_forward` looks at the HTML first, whose structure says more, then at the text. Only a header
block (or the sentence of a program that prints none) as mail programs write them is believed; a
block that names a person without an address gives a forward with an empty address, never a guess.
The outermost forward is reported; its text keeps the nested ones.

Deliberately not here: forwards as message/rfc822 parts, mail rewritten by lists, and who may
forward (`app.mail.attribution`).
"""

from __future__ import annotations

from app.mail.forwards.found import Forward, find_forward
from app.mail.forwards.subjects import has_forward_prefix, strip_forward_prefix

__all__ = ["Forward", "find_forward", "has_forward_prefix", "strip_forward_prefix"]

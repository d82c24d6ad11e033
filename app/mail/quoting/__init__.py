"""
Quotations: the visible reply of a mail, without the mail it answers and without the signature.

Never loses a word: reply, quotation and signature together hold everything, what a writer put
below or between quotations is in the reply, and a mail whose reply would be empty is shown whole.
A forwarded message is content, not quotation; who wrote it is found by `forwards`.
"""

from app.mail.quoting.choice import split
from app.mail.quoting.markup import split_html
from app.mail.quoting.text import Split, split_text

__all__ = ["Split", "split", "split_html", "split_text"]

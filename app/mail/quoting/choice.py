"""
Which of a mail's two bodies to believe about quotation: the text normally, the HTML where its
structure shows more.
"""

from __future__ import annotations

from app.mail.forwards import find_forward, has_forward_prefix
from app.mail.quoting.markup import has_marks, split_html
from app.mail.quoting.text import Split, split_text

_BEGINNING = 40  # characters of a reply, by which two versions of it are known to be one


def split(text: str, html: str, subject: str = "") -> Split:
    """
    Separate reply, quotation and signature of a mail that has a text, an HTML body or both.

    Where the subject says that it forwards another mail, that mail is content, also below a block
    that answers have as well (Outlook's "From: … Sent: …").
    """
    found = _split(text, html)
    if found.quoted and has_forward_prefix(subject) and find_forward(subject, text, ""):
        return Split(text.strip(), "", "")
    return found


def _split(text: str, html: str) -> Split:
    """
    The text's division or the HTML's.

    The HTML decides where the text has no marks of its own: a text that a program made of HTML
    often has lost where the quotation ends, and with it the words below.
    """
    if not text.strip() and html.strip():
        return split_html(html) or split_text(text)
    by_text = split_text(text)
    if not html or not has_marks(html) or _is_marked(by_text):
        return by_text
    if by_text.quoted and "<blockquote" not in html:  # both are quoted from one line to the end
        return by_text
    by_html = split_html(html)
    if by_html is None or not by_html.quoted or not _is_said_in(text, by_html):
        return by_text
    return by_text if _letters(by_text.reply) == _letters(by_html.reply) else by_html


def _is_marked(by_text: Split) -> bool:
    """Whether the text marks its quotation line by line."""
    return by_text.quoted.startswith(">") or "\n>" in by_text.quoted


def _is_said_in(text: str, by_html: Split) -> bool:
    """Whether the text has the reply's first line; an alternative may be quite another text."""
    first, _, _ = by_html.reply.partition("\n")
    return _letters(first[:_BEGINNING]) in _letters(text)


def _letters(words: str) -> str:
    return "".join(filter(str.isalnum, words)).casefold()

"""Small mails and their parts, put together for tests of the reader."""

from __future__ import annotations

HEAD = b"From: Ann Lee <ann@x.example>\r\nSubject: Hello\r\nMessage-ID: <1@x.example>\r\n"


def multipart(*parts: bytes, subtype: bytes = b"mixed", boundary: bytes = b"b1") -> bytes:
    body = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts)
    return (
        b"Content-Type: multipart/" + subtype + b'; boundary="' + boundary + b'"\r\n\r\n'
        + body + b"--" + boundary + b"--\r\n"
    )  # fmt: skip


def text(words: bytes, kind: bytes = b"text/plain") -> bytes:
    return b"Content-Type: " + kind + b"; charset=utf-8\r\n\r\n" + words

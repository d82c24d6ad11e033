"""HTML of mails as plain text."""

from __future__ import annotations

import pytest

from app.mail.html_to_text import to_text
from app.mail.html_tokens import tokens


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("one<br>two<br/><br>three", "one\ntwo\n\nthree"),
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("<div>one<div>two</div>three</div>", "one\ntwo\nthree"),
        ("  many \n\t spaces  ", "many spaces"),
        ("a<b>b</b><i> c</i>", "ab c"),
        ("<ul><li>one</li><li>two</li></ul>", "* one\n* two"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("<pre>a\n  b</pre>c", "a\n  b\nc"),
        ("a<hr>b", "a\n________________________________\nb"),
        ("&lt;a&gt; &amp;amp; &eacute;&#8364;", "<a> &amp; é€"),
        ("<style>p{}</style><script>x</script><title>t</title>words", "words"),
        ("<!-- <p>hidden</p> -->words<!---->!", "words!"),
        ("a < b and c > d", "a < b and c > d"),
        ('<a href="https://x.example">link</a>', "link"),
        ('<blockquote type="cite">one<br>two</blockquote>three', "> one\n> two\n\nthree"),
        (
            "<blockquote type=cite>a<blockquote type=cite>b</blockquote></blockquote>",
            "> a\n>\n>> b",
        ),
        ("<blockquote>indented</blockquote>", "indented"),
        ('<img alt="😀"><img alt="Logo">', "😀"),
        ('<p title="a > b">x</p>', "x"),
        ("<p", ""),
        ("", ""),
        ("<textarea><b>x</b></textarea>", "<b>x</b>"),
    ],
)
def test_html_is_read_as_text(given: str, words: str) -> None:
    assert to_text(given) == words


def test_deep_html_gives_its_words() -> None:
    assert to_text("<div>" * 50_000 + "deep" + "</div>" * 50_000) == "deep"


def test_control_characters_do_not_survive() -> None:
    assert to_text("a\x00b&#0;&#27;&#xD800;c").replace("\ufffd", "") == "abc"


def test_tags_are_cut_as_browsers_cut_them() -> None:
    page = '<A b="1>2" c=\'</a>\'>x</a ><!--<b>--><?x?><script>"<b>"</script>'

    assert list(tokens(page)) == [
        ("open", "a", " b=\"1>2\" c='</a>'"),
        ("text", "x", ""),
        ("close", "a", ""),
        ("open", "script", ""),
        ("raw", '"<b>"', "script"),
        ("close", "script", ""),
    ]

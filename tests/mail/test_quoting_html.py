"""Reply, quotation and signature of HTML bodies, and the choice between HTML and text."""

from __future__ import annotations

from app.mail.quoting import Split, split, split_html

GMAIL_INTRODUCTION = (
    '<div dir="ltr" class="gmail_attr">On Mon, May 3, 2021 at 10:00 AM Bob '
    '&lt;<a href="mailto:bob@x.example">bob@x.example</a>&gt; wrote:<br></div>'
)


def _reply(html: str) -> str:
    found = split_html(html)
    assert found is not None
    return found.reply


def test_the_quotation_of_gmail_is_cut_away() -> None:
    html = (
        f'<div dir="ltr">Hi, thanks.<div><br></div><div>Ann</div></div><br>'
        f'<div class="gmail_quote">{GMAIL_INTRODUCTION}'
        '<blockquote class="gmail_quote"><div>Old words</div></blockquote></div>'
    )

    found = split_html(html)

    assert found == Split(
        "Hi, thanks.\n\nAnn",
        "On Mon, May 3, 2021 at 10:00 AM Bob <bob@x.example> wrote:\n> Old words",
        "",
    )


def test_answers_between_the_quotations_of_gmail_are_the_reply() -> None:
    html = (
        '<div class="gmail_quote"><div class="gmail_attr">Bob fixit qualibet:</div>'
        '<blockquote class="gmail_quote">First?</blockquote><div>Yes</div>'
        '<blockquote class="gmail_quote">Second?</blockquote><div>No</div></div>'
    )

    assert _reply(html) == "Yes\n\nNo"


def test_a_forward_of_gmail_is_content() -> None:
    html = (
        '<div>FYI</div><div class="gmail_quote"><div class="gmail_attr">'
        "---------- Forwarded message ---------<br>From: Bob<br>Subject: Test</div>"
        'The letter<blockquote class="gmail_quote">with a quotation</blockquote></div>'
    )

    assert _reply(html).endswith("The letter\nwith a quotation")


def test_the_signature_of_gmail_is_separate() -> None:
    html = (
        '<div>Hi<br>-- <br><div class="gmail_signature">Ann<br>Acme</div></div>'
        '<div class="gmail_quote"><blockquote class="gmail_quote">Old</blockquote></div>'
    )

    found = split_html(html)

    assert found is not None
    assert found.reply == "Hi"
    assert found.signature.endswith("Ann\nAcme")


def test_answers_within_a_quotation_of_apple_mail_are_the_reply() -> None:
    html = (
        '<blockquote type="cite"><div>On May 3, 2021, at 10:00, Bob wrote:</div>'
        "<div>Question?</div></blockquote><div>Answer!</div>"
        '<blockquote type="cite"><div>More?</div></blockquote>No.'
    )

    assert _reply(html) == "Answer!\n\nNo."


def test_the_quotation_of_thunderbird_is_cut_away() -> None:
    html = (
        '<p>Yes.<br></p><div class="moz-cite-prefix">Am 03.05.21 um 10:00 schrieb Bob:<br></div>'
        '<blockquote type="cite" cite="mid:x"><p>Old</p></blockquote>'
        '<div class="moz-signature">-- <br>Ann</div>'
    )

    found = split_html(html)

    assert found is not None
    assert (found.reply, found.signature) == ("Yes.", "--\nAnn")


def test_everything_below_the_mark_of_outlook_is_quoted() -> None:
    html = (
        '<div>Yes please.</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg">'
        "<b>From:</b> Bob<br><b>Sent:</b> Monday</div><div>Old</div><p>Older</p>"
    )

    assert _reply(html) == "Yes please."


def test_the_quotations_of_other_programs_are_cut_away() -> None:
    quotations = [
        '<div class="yahoo_quoted" id="yahoo_quoted_1"><div>On Monday</div><p>Old</p></div>',
        '<div class="protonmail_quote">Bob:<br><blockquote type="cite">Old</blockquote></div>',
        '<div name="quote"><b>Von:</b> Bob<div name="quoted-content">Old</div></div>',
        '<div data-marker="__QUOTED_TEXT__">Old</div>',
        '<div style="border:none;border-top:solid #E1E1E1 1.0pt"><p>From: Bob</p></div><p>Old</p>',
        '<hr id="stopSpelling">Date: Monday<br>Old',
        "<p>3.5.2021, 10:00, Bob &lt;b@x.example&gt;:</p><blockquote>Old</blockquote>",
    ]

    replies = [_reply(f"<div>Fine</div>{quotation}") for quotation in quotations]

    assert replies == ["Fine"] * len(quotations)


def test_a_blockquote_without_any_mark_is_no_quotation() -> None:
    html = "<p>My favourite line:</p><blockquote>To be or not to be</blockquote><p>Bye</p>"

    assert split_html(html) is None


def test_html_without_structure_says_nothing() -> None:
    assert split_html("<p>Hello</p>") is None


def test_a_quotation_alone_is_shown_whole() -> None:
    assert _reply('<blockquote type="cite">Old</blockquote>') == "> Old"


def test_comments_styles_and_scripts_are_not_words() -> None:
    html = (
        "<style>p{color:red}</style><!-- hidden --><p>Hi &amp; bye</p>"
        '<script>x</script><blockquote type="cite">Old</blockquote>'
    )

    assert _reply(html) == "Hi & bye"


def test_the_text_decides_when_it_marks_its_quotation() -> None:
    text = "Hello *Bob*\n\nBob wrote:\n> Old\n"
    html = '<p>Hello <b>Bob</b></p><blockquote type="cite">Old</blockquote>'

    assert split(text, html).reply == "Hello *Bob*"


def test_the_html_decides_when_it_shows_words_below_that_the_text_cannot_tell() -> None:
    introduction = "On Mon, May 3, 2021 at 10:00 AM Bob <bob@x.example> wrote:"
    text = f"Hi there\n\n{introduction}\nOld words\nMy words below\n"
    html = (
        f'<div>Hi there</div><div class="gmail_quote">{GMAIL_INTRODUCTION}<blockquote '
        'class="gmail_quote">Old words</blockquote><div>My words below</div></div>'
    )

    assert split(text, html).reply == "Hi there\n\nMy words below"


def test_the_html_decides_when_the_text_seems_to_be_nothing_but_a_quotation() -> None:
    text = "On 3/5/2021 10:00, Bob wrote:\nIs it done?\nYes, it is.\n"
    html = (
        '<div class="moz-cite-prefix">On 3/5/2021 10:00, Bob wrote:</div>'
        '<blockquote type="cite">Is it done?</blockquote><p>Yes, it is.</p>'
    )

    assert split(text, html).reply == "Yes, it is."


def test_the_html_decides_when_the_text_has_no_mark_of_a_quotation() -> None:
    html = '<p>Hi</p><div class="yahoo_quoted"><p>Bob fixit</p><p>Old</p></div>'

    assert split("Hi\nBob fixit\nOld", html).reply == "Hi"


def test_html_that_says_something_else_than_the_text_is_not_believed() -> None:
    html = '<p>View in browser</p><blockquote type="cite">Old</blockquote>'

    assert split("Dear Ann,\nyour order", html).reply == "Dear Ann,\nyour order"


def test_the_html_stands_in_for_an_empty_text() -> None:
    assert split("", '<p>Hi</p><blockquote type="cite">Old</blockquote>').reply == "Hi"


def test_what_a_subject_says_to_be_forwarded_is_content() -> None:
    block = (
        "From: Bob <bob@x.example>\nSent: Monday, May 3, 2021 10:00 AM\nTo: Ann\n"
        "Subject: Offer\n\nThe letter"
    )
    text = f"What do you think?\n\n{block}\n"

    assert split(text, "", "FW: Offer") == Split(text.strip(), "", "")
    assert split(text, "", "RE: Offer").reply == "What do you think?"
    assert split(text, "", "RE: FW: Offer").reply == "What do you think?"

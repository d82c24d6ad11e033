"""What counts as a forward, who its author is, and what comes along."""

from datetime import UTC, datetime

import pytest

from app.mail.forwards import find_forward
from app.mail.message import Mailbox

ANN = Mailbox("Ann Lee", "ann@customer.example")
BLOCK = (
    "From: Ann Lee <ann@customer.example>\n"
    "Sent: Wednesday, October 27, 2021 9:31 AM\n"
    "To: Support <support@acme.example>\n"
    "Subject: Help\n"
)
GMAIL = "---------- Forwarded message ---------\n" + BLOCK.replace("Sent", "Date")


# ------------------------------------------------------------------------------- no forward


def test_a_mail_without_a_block_is_no_forward():
    assert find_forward("Fwd: Help", "See the attachment, bob@customer.example.", "") is None


def test_an_address_in_the_text_is_not_the_author():
    text = "Please write to ann@customer.example.\nFrom: the very beginning\nTo: the end"

    assert find_forward("Fwd: Help", text, "") is None


@pytest.mark.parametrize("between", ["", "-----Original Message-----\n", "_" * 32 + "\n"])
@pytest.mark.parametrize("subject", ["RE: Help", "Re: FW: Help", "Antw: Help", "Help", ""])
def test_a_reply_with_an_outlook_block_is_no_forward(subject: str, between: str):
    assert find_forward(subject, f"Sure, I will.\n\n{between}{BLOCK}\nHi!", "") is None


def test_a_reply_in_html_with_an_outlook_block_is_no_forward():
    html = (
        '<p>Sure.</p><hr><div id="divRplyFwdMsg"><b>From:</b> Ann Lee &lt;ann@customer.example&gt;'
        "<br><b>Sent:</b> Wednesday, October 27, 2021 9:31 AM<br><b>To:</b> Support<br>"
        "<b>Subject:</b> Help</div><p>Hi!</p>"
    )

    assert find_forward("RE: Help", "", html) is None


@pytest.mark.parametrize("subject", ["Re: Help", "Help", ""])
def test_a_forward_inside_a_quoted_history_is_not_this_mail_s_forward(subject: str):
    quoted = "\n".join("> " + line for line in GMAIL.split("\n"))
    text = f"Thanks\n\nOn 1 Nov 2021, at 10:00, Bob <\nbob@acme.example> wrote:\n\n{quoted}\n> Hi"

    assert find_forward(subject, text, "") is None


def test_a_forward_below_an_original_message_without_block_is_history():
    assert find_forward("", f"Well\n\n-----Original Message-----\n\nFYI\n\n{GMAIL}", "") is None


def test_a_form_s_mail_is_no_forward():
    text = "From: Ann Lee <ann@customer.example>\nSubject: A question\n\nMessage:\nDo you …"

    assert find_forward("New message from the website", text, "") is None


@pytest.mark.parametrize("subject", ["Our journey", "Fwd: Our journey"])
def test_a_journey_is_no_forward(subject: str):
    assert (
        find_forward(subject, "From: Berlin\nTo: Paris\nDate: 27 October 2021\n\nBye", "") is None
    )


def test_labels_of_different_languages_are_no_block():
    text = "Von: Ann <ann@customer.example>\nÄmne: x\nTarih: 27.10.2021\nPara: b@acme.example\n\nx"

    assert find_forward("FW: x", text, "") is None


def test_vs_is_a_reply_in_finnish():
    block = (
        "Lähettäjä: Ann <ann@customer.example>\nLähetetty: 27. lokakuuta 2021 9.31\n"
        "Vastaanottaja: tuki@acme.example\nAihe: Apua\n\nHei"
    )

    assert find_forward("VS: Apua", f"Kyllä.\n\n{block}", "") is None
    assert find_forward("VL: Apua", f"Kyllä.\n\n{block}", "") is not None


# --------------------------------------------------------------------------------- forwards


def test_a_prefix_makes_an_outlook_block_a_forward():
    forward = find_forward("FW: Help", f"Can you?\n\n{BLOCK}\nHi!\n", "")

    assert forward is not None
    assert forward.author == ANN
    assert forward.to == (Mailbox("Support", "support@acme.example"),)
    assert forward.sent_at == datetime(2021, 10, 27, 9, 31, tzinfo=UTC)
    assert (forward.comment, forward.text) == ("Can you?", "Hi!")


def test_a_block_with_nothing_above_it_is_a_forward():
    assert find_forward("Help", f"\n\n-----Original Message-----\n{BLOCK}\nHi!", "") is not None
    assert find_forward("", f"{BLOCK}\nHi!", "") is not None


def test_a_block_that_is_quoted_as_a_whole_is_a_forward():
    quoted = "\n".join("> " + line for line in f"{BLOCK}\nHi!".split("\n"))

    forward = find_forward("", f"Hello\n\n{quoted}\n", "")

    assert forward is not None
    assert (forward.author, forward.comment, forward.text) == (ANN, "Hello", "Hi!")


def test_a_name_without_an_address_is_seen_and_not_guessed():
    block = BLOCK.replace(" <ann@customer.example>", "")

    forward = find_forward("FW: Help", f"{block}\nRegards\nann@customer.example", "")

    assert forward is not None
    assert forward.author == Mailbox("Ann Lee", "")
    assert "without an address" in forward.evidence


def test_two_fields_are_enough_when_the_subject_says_so_and_one_has_an_address():
    text = "FYI\n\nFrom: Ann Lee <ann@customer.example>\nSubject: Help\n\nHi"

    forward = find_forward("Fwd: Help", text, "")

    assert forward is not None
    assert forward.author == ANN
    assert find_forward("Help", text, "") is None


def test_an_exchange_path_is_no_address():
    block = BLOCK.replace("Ann Lee <ann@customer.example>", "Lee, Ann </O=ACME/CN=ANN>")

    forward = find_forward("FW: Help", f"{block}\nHi", "")

    assert forward is not None
    assert forward.author == Mailbox("Lee, Ann", "")


def test_the_text_is_asked_when_the_html_names_no_address():
    html = "<p><b>From:</b> Ann Lee<br><b>Sent:</b> today<br><b>To:</b> us<br><b>Subject:</b> x</p>"

    forward = find_forward("FW: Help", f"{BLOCK}\nHi", html)

    assert forward is not None
    assert (forward.author, forward.source, forward.html) == (ANN, "text", "")


def test_the_html_s_block_counts_when_the_text_is_a_stub():
    html = f"<p>FYI</p><div>{GMAIL.replace('<', '&lt;').replace(chr(10), '<br>')}<br>Hi</div>"

    forward = find_forward("Help", "Your program shows no HTML.", html)

    assert forward is not None
    assert (forward.author, forward.source) == (ANN, "html")
    assert forward.html.endswith("Hi</div>")


def test_words_below_a_closing_line_are_the_forwarder_s():
    text = f"One\n\n{GMAIL}\nHi!\n\n----- End forwarded message -----\n\nTwo"

    forward = find_forward("", text, "")

    assert forward is not None
    assert (forward.text, forward.comment) == ("Hi!", "One\n\nTwo")


def test_words_below_a_quoted_original_are_the_forwarder_s():
    quoted = "\n".join(
        "> " + line for line in f"Begin forwarded message:\n{BLOCK}\nHi!".split("\n")
    )

    forward = find_forward("", f"One\n\n{quoted}\n\nTwo", "")

    assert forward is not None
    assert (forward.text, forward.comment) == ("Hi!", "One\n\nTwo")


def test_an_original_that_answers_below_a_quote_is_kept_as_it_is():
    original = "> When?\n> Where?\n> Who?\n\nTomorrow, here, all of us."

    forward = find_forward("", f"One\n\n{GMAIL}\n{original}", "")

    assert forward is not None
    assert (forward.text, forward.comment) == (original, "One")


def test_a_remark_that_bob_wrote_something_is_the_forwarder_s_own():
    text = f"As Bob wrote on 12 May:\nit is urgent.\n\n{GMAIL}\nHi!"

    forward = find_forward("Fwd: Help", text, "")

    assert forward is not None
    assert forward.author == ANN
    assert forward.comment.startswith("As Bob wrote")


def test_the_block_s_message_id_and_reply_to_come_along():
    extra = "Message-ID: <m1@customer.example>\nReply-To: Ann at home <ann@home.example>\n"

    forward = find_forward("", f"{GMAIL}{extra}\nHi", "")

    assert forward is not None
    assert forward.message_id == "m1@customer.example"
    assert forward.reply_to == (Mailbox("Ann at home", "ann@home.example"),)


def test_without_a_subject_line_the_subject_is_the_mail_s_own():
    text = 'On 28/10/2021 12:46, "Ann Lee" <ann@customer.example> wrote:\n\n    Hi!\n    Bye!\n'

    forward = find_forward("FW: Help: me", text, "")

    assert forward is not None
    assert (forward.author, forward.subject, forward.text) == (ANN, "Help: me", "Hi!\nBye!")


# --------------------------------------------------------------------------- broken blocks


def test_folded_fields_are_joined():
    text = (
        "---------- Forwarded message ---------\nFrom: Ann Lee <\nann@customer.example>\n"
        "Date: Wed, Oct 27, 2021 at 9:31 AM\nSubject: A subject that somebody\nhas folded\n"
        "To: Bob <\nbob@acme.example>, Carl\n <carl@acme.example>\n\nHi!"
    )

    forward = find_forward("", text, "")

    assert forward is not None
    assert forward.author == ANN
    assert forward.subject == "A subject that somebody has folded"
    assert [person.address for person in forward.to] == ["bob@acme.example", "carl@acme.example"]
    assert forward.text == "Hi!"


def test_a_long_list_of_recipients_is_read_to_its_end():
    people = [f"Person {n} <p{n}@acme.example>" for n in range(90)]
    lines = ";\n".join("; ".join(people[n : n + 3]) for n in range(0, 90, 3))

    forward = find_forward("FW: Help", BLOCK.replace("Support <support@acme.example>", lines), "")

    assert forward is not None
    assert len(forward.to) == 90
    assert forward.subject == "Help"


def test_a_body_right_below_the_subject_is_not_part_of_it():
    forward = find_forward("FW: Help", f"{BLOCK}Hello,\nI am Ann: nice to meet you.", "")

    assert forward is not None
    assert (forward.subject, forward.text) == ("Help", "Hello,\nI am Ann: nice to meet you.")


def test_values_below_their_labels_are_read():
    stacked = BLOCK.replace(": ", ":\n")

    forward = find_forward("FW: Help", f"{stacked}\nHi!", "")

    assert forward is not None
    assert (forward.author, forward.subject, forward.text) == (ANN, "Help", "Hi!")


def test_blank_lines_between_the_fields_are_passed_over():
    spaced = BLOCK.replace("\n", "\n\n")

    forward = find_forward("FW: Help", f"{spaced}\nTo: be or not to be", "")

    assert forward is not None
    assert (forward.subject, forward.text) == ("Help", "To: be or not to be")


def test_direction_marks_and_stars_are_passed_over():
    text = (
        "> *From: *\u200eAnn Lee <\u2068ann@customer.example\u2069>\n> *Subject: **Help*\n"
        "> *Date: *27 October 2021 at 09:31:00 GMT\n> *To: *support@acme.example\n>\n> Hi!"
    )

    forward = find_forward("Fwd: Help", text, "")

    assert forward is not None
    assert forward.author == ANN
    assert (forward.subject, forward.text) == ("Help", "Hi!")
    assert forward.to == (Mailbox("", "support@acme.example"),)


def test_labels_glued_to_addresses_and_zones_are_cut_off():
    text = (
        "----- Forwarded Message ----- From: ann@customer.exampleTo: support@acme.exampleCc: Bob "
        "<bob@acme.example>Sent: Wednesday, October 27, 2021, 09:31:00 AM GMTSubject: "
        "Help: now\n Hi!"
    )

    forward = find_forward("Fw: Help: now", text, "")

    assert forward is not None
    assert forward.author == Mailbox("", "ann@customer.example")
    assert [person.address for person in forward.to] == ["support@acme.example"]
    assert [person.address for person in forward.cc] == ["bob@acme.example"]
    assert forward.sent_at == datetime(2021, 10, 27, 9, 31, tzinfo=UTC)
    assert (forward.subject, forward.text) == ("Help: now", "Hi!")


def test_an_address_that_only_a_link_has_is_taken_from_the_link():
    html = (
        '<p><b>From:</b> <a href="mailto:ann@customer.example?subject=x">Ann Lee</a><br>'
        "<b>Sent:</b> Wednesday, October 27, 2021 9:31 AM<br><b>To:</b> Support<br>"
        "<b>Subject:</b> Help</p>Hi"
    )

    forward = find_forward("FW: Help", "", html)

    assert forward is not None
    assert forward.author == ANN


def test_a_block_in_a_table_is_read():
    rows = "".join(
        f"<tr><td><b>{label}:</b></td><td>{value}</td></tr>"
        for label, value in (
            ("Von", "Ann Lee &lt;ann@customer.example&gt;"),
            ("Gesendet", "Mittwoch, 27. Oktober 2021 09:31"),
            ("An", "support@acme.example"),
            ("Betreff", "Hilfe"),
        )
    )

    forward = find_forward("WG: Hilfe", "", f"<p>Bitte</p><table>{rows}</table><p>Hallo</p>")

    assert forward is not None
    assert (forward.author, forward.language, forward.subject) == (ANN, "de", "Hilfe")
    assert (forward.comment, forward.text) == ("Bitte", "Hallo")


def test_encoded_words_in_a_block_are_read():
    text = GMAIL.replace("Ann Lee", "=?utf-8?Q?Ann_L=C3=A9?=").replace(
        "Help", "=?utf-8?B?SMOpbHA=?="
    )

    forward = find_forward("Fwd: Help", f"{text}\nHi!", "")

    assert forward is not None
    assert (forward.author.name, forward.subject) == ("Ann Lé", "Hélp")

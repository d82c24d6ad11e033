"""Programs that write forwards in a form of their own: whole texts, and markup without a text."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

Row = tuple[str, str, str, str]  # client, language, subject, text or markup


def texts(author: str, cc: str, subject: str, body: str, comment: str) -> Iterator[Row]:
    """Forwards as plain text."""
    name, _, address = author.rstrip(">").partition(" <")
    quoted = "\n".join(f"> {line}".rstrip() for line in body.split("\n"))
    said = f"{comment}\n\n"
    to = "support@acme.example"
    yield (
        "mailmate",
        "en",
        f"Fwd: {subject}",
        f"{said}Forwarded message:\n\n> From: {author}\n> To: {to}\n> Cc: {cc}\n> Subject: {subject}"
        f"\n> Date: Wed, 27 Oct 2021 09:31:00 +0000\n>\n{quoted}\n",
    )
    yield (
        "missive",
        "en",
        f"Fwd: {subject}",
        f"{said}---------- Forwarded message ----------\nFrom: {author}\nDate: October 27, 2021 at "
        f"9:31 AM\nTo: {to}\nCc: {cc}\nSubject: {subject}\n\n{quoted}\n",
    )
    yield (
        "front",
        "en",
        f"Fwd: {subject}",
        f"{said}---------- Forwarded message ---------\nFrom: {author}\nDate: October 27, 2021 at "
        f"9:31 AM GMT\nSubject: {subject}\nTo: {to}\nCc: {cc}\n\n{body}\n",
    )
    yield (
        "proton",
        "en",
        f"Fw: {subject}",
        f"{said}------- Forwarded Message -------\nFrom: "
        f"{author}\nDate: On Wednesday, October 27th, 2021 at 9:31 AM\nSubject: {subject}\nTo: {to} "
        f"<{to}>\nCC: {cc}\n\n\n{quoted}\n",
    )
    yield (
        "zoho",
        "en",
        f"Fwd: {subject}",
        f"{said}============ Forwarded message ============\nFrom: {author}\nTo: <{to}>\nCc: {cc}\n"
        f"Date: Wed, 27 Oct 2021 09:31:00 +0000\nSubject: {subject}\n============ Forwarded message "
        f"============\n\n{body}\n",
    )
    yield (
        "mutt",
        "en",
        f"(fwd) {subject} (fwd)",
        f"{said}----- Forwarded message from {author} -----\n\nDate: Wed, 27 Oct 2021 09:31:00 +0000\n"
        f"From: {author}\nTo: {to}\nCc: {cc}\nSubject: {subject}\nMessage-ID: <m1@customer.example>\n"
        f"User-Agent: Mutt/2.1\n\n{body}\n\n----- End forwarded message -----\n",
    )
    yield (
        "kmail",
        "en",
        f"Fwd: {subject}",
        f"{said}----------  Forwarded Message  ----------\n\nSubject: {subject}\nDate: Wednesday, 27 "
        f"October 2021, 09:31:00 UTC\nFrom: {author}\nTo: {to}\nCC: {cc}\n\n{body}\n"
        "-----------------------------------------\n",
    )
    yield (
        "gnus",
        "en",
        f"[{address}] {subject} (fwd)",
        f"{said}-------------------- Start of forwarded message --------------------\nFrom: {author}\n"
        f"To: {to}\nCc: {cc}\nSubject: {subject}\nDate: Wed, 27 Oct 2021 09:31:00 +0000\n\n{body}\n"
        "-------------------- End of forwarded message --------------------\n",
    )
    yield (
        "em_client",
        "en",
        f"Fw: {subject}",
        f'{said}------ Forwarded Message ------\nFrom: "{name}" <{address}>\nTo: "{to}" <{to}>\nCc: '
        f'"Bob Ray" <bob.ray@customer.example>\nDate: 27/10/2021 09:31:00\nSubject: {subject}\n\n'
        f"{body}\n",
    )
    yield (
        "gmx",
        "de",
        f"Fwd: {subject}",
        f'{said}Gesendet: Mittwoch, 27. Oktober 2021 um 09:31 Uhr\nVon: "{name}" <{address}>\nAn: '
        f"{to}\nCc: {cc}\nBetreff: {subject}\n\n{body}\n",
    )
    yield (
        "mailru",
        "ru",
        f"Fwd: {subject}",
        f"{said}-------- Пересылаемое сообщение --------\nОт кого: {author}\nКому: {to}\nКопия: {cc}\n"
        f"Дата: среда, 27 октября 2021, 9:31 +00:00\nТема: {subject}\n\n{body}\n",
    )
    yield (
        "yandex",
        "ru",
        f"Fwd: {subject}",
        f'{said}-------- Пересылаемое сообщение --------\n27.10.2021, 09:31, "{name}" '
        f"<{address}>:\n\n{body}\n-------- Конец пересылаемого сообщения --------\n",
    )
    yield (
        "qq",
        "zh",
        f"转发：{subject}",
        f'{said}------------------ 原始邮件 ------------------\n发件人: "{name}" <{address}>;\n发送时间: '
        f'2021年10月27日(星期三) 上午9:31\n收件人: "{to}" <{to}>;\n抄送: "Bob Ray" '
        f"<bob.ray@customer.example>;\n主题: {subject}\n\n{body}\n",
    )
    yield (
        "netease",
        "zh",
        f"转发：{subject}",
        f'{said}-------- 转发邮件信息 --------\n发件人： "{name}" <{address}>\n发送日期： 2021-10-27 '
        f"09:31:00\n收件人： {to}\n抄送人： {cc}\n主题： {subject}\n\n{body}\n",
    )
    yield (
        "naver",
        "ko",
        f"FW: {subject}",
        f'{said}-----Original Message-----\nFrom: "{name}" <{address}>\nTo: <{to}>; \nCc: {cc}; \n'
        f"Sent: 2021-10-27 (수) 09:31:00 (GMT+00:00)\nSubject: {subject}\n\n{body}\n",
    )
    yield (
        "samsung",
        "en",
        f"Fwd: {subject}",
        f"{said}\n-------- Original message --------\nFrom: {author} \nDate: 27/10/2021  09:31  "
        f"(GMT+00:00) \nTo: {to} \nCc: {cc} \nSubject: {subject} \n\n{body}\n",
    )
    yield (
        "roundcube",
        "de",
        f"Fwd: {subject}",
        f"{said}-------- Originalnachricht --------\nBetreff: {subject}\nDatum: 27.10.2021 09:31\nVon: "
        f"{author}\nAn: {to}\nKopie: {cc}\n\n{body}\n",
    )
    yield (
        "ionos",
        "en",
        f"{subject}",
        f"> {comment}\n> \n> ---------- Original Message ----------\n> From: {author}\n> To: {to}\n"
        f"> Cc: {cc}\n> Date: 10/27/2021 9:31 AM\n> Subject: {subject}\n> \n{quoted}\n",
    )
    yield (
        "fastmail",
        "en",
        f"Fwd: {subject}",
        f"{said}----- Original message -----\nFrom: {author}\nTo: {to}\nCc: {cc}\nSubject: {subject}\n"
        f"Date: Wednesday, 27 October 2021 9:31 AM\n\n{body}\n",
    )
    yield (
        "superhuman",
        "en",
        f"Fwd: {subject}",
        f"{said}---------- Forwarded message ----------\nFrom: *{name}* <{address}>\nDate: Wed, Oct 27 "
        f"2021 at 9:31 AM\nSubject: {subject}\nTo: {to}\nCc: {cc}\n\n{body}\n",
    )
    yield (
        "exchange_text",
        "en",
        f"FW: {subject}",
        f"{said}-----Original Message-----\r\nFrom: {name} [mailto:{address}] \r\nSent: Wednesday, "
        f"October 27, 2021 9:31 AM\r\nTo: {to}\r\nCc: {cc}\r\nSubject: {subject}\r\nImportance: High"
        f"\r\n\r\n{body}\r\n",
    )
    yield (
        "converted",
        "en",
        f"Fwd: {subject}",
        f"{said}*From:* {name} <{address} <mailto:{address}>>\n*Sent:* Wednesday, October 27, 2021 9:31 "
        f"AM\n*To:* {to} <mailto:{to}>\n*Cc:* {cc}\n*Subject:* {subject}\n\n{body}\n",
    )


def markups(name: str, address: str, subject: str, body: str, comment: str) -> Iterator[Row]:
    """Forwards of programs that are told by their HTML alone."""
    shown = escape(body, quote=False).replace("\n", "<br>")
    link = f'<a href="mailto:{address}">{address}</a>'
    to = "support@acme.example"
    yield (
        "proton",
        "html",
        f"Fw: {subject}",
        f'<div style="font-family: Arial;">{comment}<br></div><div class="protonmail_quote">-------'
        f" Forwarded Message -------<br>From: {name} &lt;{address}&gt;<br>Date: On Wednesday, October "
        f"27th, 2021 at 9:31 AM<br>Subject: {subject}<br>To: {to} &lt;{to}&gt;<br><br><blockquote "
        f'class="protonmail_quote" type="cite">{shown}</blockquote></div>',
    )
    yield (
        "missive",
        "html",
        f"Fwd: {subject}",
        f'<div>{comment}</div><div class="missive_quote">---------- Forwarded message ----------<br>'
        f"From: <strong>{name}</strong> &lt;{link}&gt;<br>Date: October 27, 2021 at 9:31 AM<br>To: "
        f"{to}<br>Subject: {subject}<br><br><blockquote>{shown}</blockquote></div>",
    )
    yield (
        "front",
        "html",
        f"Fwd: {subject}",
        f'<div>{comment}</div><br><blockquote type="cite" class="front-blockquote"><div>---------- '
        f"Forwarded message ---------<br>From: <strong>{name}</strong> &lt;{link}&gt;<br>Date: On "
        f"Wednesday, October 27th, 2021 at 9:31 AM<br>Subject: {subject}<br>To: {to}<br></div><br>"
        f"{shown}</blockquote>",
    )
    yield (
        "hubspot",
        "html",
        f"Fwd: {subject}",
        f'<div class="hs_reply"><p>{comment}</p><div><div>---------- Forwarded message ---------</div>'
        f"<div>From: {name} &lt;{address}&gt;</div><div>Date: Wednesday, October 27, 2021, 9:31:00 AM "
        f"+0000</div><div>Subject: {subject}</div><div>To: {to}</div></div><div>{shown}</div></div>",
    )
    yield (
        "zoho",
        "html",
        f"Fwd: {subject}",
        f'<div>{comment}</div><div class="zmail_extra">============ Forwarded message ============<br>'
        f"From: {name} &lt;{address}&gt;<br>To: &lt;{to}&gt;<br>Date: Wed, 27 Oct 2021 09:31:00 +0000"
        f"<br>Subject: {subject}<br>============ Forwarded message ============<br><blockquote>{shown}"
        "</blockquote></div>",
    )
    yield (
        "gmx",
        "html",
        f"Fwd: {subject}",
        f'<div>{comment}</div><div name="quote" style="margin:10px 5px"><div><b>Gesendet:</b>&nbsp;'
        f"Mittwoch, 27. Oktober 2021 um 09:31 Uhr<br><b>Von:</b>&nbsp;&quot;{name}&quot; &lt;{address}"
        f"&gt;<br><b>An:</b>&nbsp;{to}<br><b>Betreff:</b>&nbsp;{subject}</div><div "
        f'name="quoted-content">{shown}</div></div>',
    )
    yield (
        "foxmail",
        "html",
        f"转发: {subject}",
        f'<div>{comment}</div><hr><div style="border:none;border-top:solid #B5C4DF 1.0pt;padding:3.0pt '
        f'0cm 0cm 0cm"><div style="background:#efefef"><div><b>发件人：</b>&nbsp;{link.replace(">" + address, ">" + name)}'
        f"</div><div><b>发送时间：</b>&nbsp;2021-10-27&nbsp;09:31</div><div><b>收件人：</b>&nbsp;{to}</div><div>"
        f"<b>主题：</b>&nbsp;{subject}</div></div></div><div>{shown}</div>",
    )
    yield (
        "outlook_phone",
        "html",
        f"Fw: {subject}",
        f'<div id="mail-editor-reference-message-container"><div>{comment}</div><hr><div '
        f'id="divRplyFwdMsg"><strong>From:</strong> {name} &lt;{address}&gt;<br><strong>Sent:</strong> '
        f"Wednesday, October 27, 2021 9:31:00 AM<br><strong>To:</strong> {to} &lt;{to}&gt;<br><strong>"
        f"Subject:</strong> {subject}</div><br><div>{shown}</div></div>",
    )
    yield (
        "unescaped",
        "html",
        f"Fwd: {subject}",
        f"<p>{comment}</p><p>---------- Forwarded message ---------</p><p>From: {name} <{address}></p>"
        f"<p>Date: Wed, 27 Oct 2021 09:31:00 +0000</p><p>Subject: {subject}</p><p>To: {to}</p>"
        f"<p>{shown}</p>",
    )
    yield (
        "hidden_address",
        "html",
        f"FW: {subject}",
        f'<p>{comment}</p><p><b>From:</b> <a href="mailto:{address}">{name}</a><br><b>Sent:</b> '
        f"Wednesday, October 27, 2021 9:31 AM<br><b>To:</b> Support<br><b>Subject:</b> {subject}</p>"
        f"<p>{shown}</p>",
    )

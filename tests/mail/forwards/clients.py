"""
What mail programs print above a forwarded mail, by language: one row for each.

The mail of the rows was always written on 27 October 2021 at 09:31 by Ann Lee to Support, with Bob Ray
in copy. A row's last column is that moment as the program prints it in the language.
"""

# Gmail translates the From label alone (in some versions nothing at all).
GMAIL = """
en|From|Wed, Oct 27, 2021 at 9:31 AM
de|Von|Mi., 27. Okt. 2021 um 09:31 Uhr
fr|De|mer. 27 oct. 2021 à 09:31
es|De|mié, 27 oct 2021 a las 9:31
it|Da|mer 27 ott 2021 alle ore 09:31
pt|De|qua., 27 de out. de 2021 às 09:31
nl|Van|wo 27 okt 2021 om 09:31
da|Fra|ons. 27. okt. 2021 kl. 09.31
no|Fra|ons. 27. okt. 2021 kl. 09:31
sv|Från|ons 27 okt. 2021 kl 09:31
fi|Lähettäjä|ke 27. lokak. 2021 klo 9.31
is|Frá|mið., 27. okt. 2021 kl. 09:31
cs|Od|st 27. 10. 2021 v 9:31
sk|Od|st 27. 10. 2021 o 9:31
pl|Od|śr., 27 paź 2021 o 09:31
hu|Feladó|2021. okt. 27., Sze, 9:31
ro|De la|mie., 27 oct. 2021 la 09:31
hr|Šalje|sri, 27. lis 2021. u 09:31
sr|Од|сре, 27. окт 2021. у 09:31
sl|Od|sre., 27. okt. 2021 ob 09:31
bg|От|ср, 27.10.2021 г. в 9:31
ru|От|ср, 27 окт. 2021 г. в 09:31
uk|Від|ср, 27 жовт. 2021 р. о 09:31
el|Από|Τετ, 27 Οκτ 2021 στις 9:31 π.μ.
tr|Gönderen|27 Eki 2021 Çar, 09:31
et|Saatja|K, 27. oktoober 2021 kell 09:31
lv|No|trešd., 2021. g. 27. okt., plkst. 09:31
lt|Nuo|2021-10-27, tr, 09:31
ca|De|dc., 27 d’oct. 2021 a les 9:31
ar|من|الأربعاء، 27 أكتوبر 2021 في 9:31 ص
he|מאת|יום ד׳, 27 באוק׳ 2021 ב-9:31
fa|از|چهارشنبه ۲۷ اکتبر ۲۰۲۱ در ۹:۳۱
hi|प्रेषक|बुध, 27 अक्टू॰ 2021 को 9:31 am बजे
th|จาก|พ. 27 ต.ค. 2021 เวลา 09:31
vi|Từ|Th 4, 27 thg 10, 2021 vào lúc 09:31
id|Dari|Rab, 27 Okt 2021 pukul 09.31
ms|Daripada|Rab, 27 Okt 2021 pada 9:31 PG
ja|From|2021年10月27日(水) 9:31
zh|发件人|2021年10月27日周三 上午9:31
ko|보낸사람|2021년 10월 27일 (수) 오전 9:31
"""

# separator|From|Date|Subject|To|Cc
HUBSPOT = """
en|Forwarded message|From|Date|Subject|To|Cc|Wednesday, October 27, 2021, 9:31:00 AM +0000
de|Weitergeleitete Nachricht|Von|Datum|Betreff|An|Cc|Mittwoch, 27. Oktober 2021, 09:31:00 +0000
fr|Message transféré|De|Date|Objet|À|Cc|mercredi 27 octobre 2021, 09:31:00 +0000
es|Mensaje reenviado|De|Fecha|Asunto|A|Cc|miércoles, 27 de octubre de 2021, 9:31:00 +0000
it|Messaggio inoltrato|Da|Data|Oggetto|A|Cc|mercoledì 27 ottobre 2021, 09:31:00 +0000
pt|Mensagem encaminhada|De|Data|Assunto|Para|Cc|quarta-feira, 27 de outubro de 2021 09:31:00 +0000
nl|Doorgestuurd bericht|Van|Datum|Onderwerp|Aan|Cc|woensdag 27 oktober 2021 09:31:00 +0000
sv|Vidarebefordrat meddelande|Från|Datum|Ämne|Till|Kopia|onsdag 27 oktober 2021 09:31:00 +0000
fi|Edelleenlähetetty viesti|Lähettäjä|Päivämäärä|Aihe|Vastaanottaja|Kopio|keskiviikko 27. lokakuuta 2021 9.31.00 +0000
pl|Wiadomość przesłana dalej|Od|Data|Temat|Do|DW|środa, 27 października 2021 09:31:00 +0000
ja|メッセージを転送|送信元|日付|件名|送信先|CC|2021年10月27日水曜日 9:31:00 +0000
"""

# separator|From|Subject|Date|To|Cc|Reply-To
APPLE = """
en|Begin forwarded message:|From|Subject|Date|To|Cc|Reply-To|27 October 2021 at 09:31:00 GMT
de|Anfang der weitergeleiteten Nachricht:|Von|Betreff|Datum|An|Kopie|Antwort an|27. Oktober 2021 um 09:31:00 UTC
fr|Début du message réexpédié :|De|Objet|Date|À|Cc|Répondre à|27 octobre 2021 à 09:31:00 UTC
es|Inicio del mensaje reenviado:|De|Asunto|Fecha|Para|Cc|Responder a|27 de octubre de 2021, 9:31:00 UTC
it|Inizio messaggio inoltrato:|Da|Oggetto|Data|A|Cc|Rispondi a|27 ottobre 2021 09:31:00 UTC
pt|Início da mensagem encaminhada:|De|Assunto|Data|Para|Cc|Responder a|27 de outubro de 2021 09:31:00 UTC
nl|Begin doorgestuurd bericht:|Van|Onderwerp|Datum|Aan|Kopie|Antwoord aan|27 oktober 2021 om 09:31:00 UTC
da|Start på videresendt besked:|Fra|Emne|Dato|Til|Cc|Svar til|27. oktober 2021 kl. 09.31.00 UTC
no|Videresendt melding:|Fra|Emne|Dato|Til|Kopi|Svar til|27. oktober 2021 kl. 09:31:00 UTC
sv|Vidarebefordrat mejl:|Från|Ämne|Datum|Till|Kopia|Svara till|27 oktober 2021 09:31:00 UTC
fi|Välitetty viesti alkaa:|Lähettäjä|Aihe|Päivämäärä|Vastaanottaja|Kopio|Vastaus|27. lokakuuta 2021 klo 9.31.00 UTC
cs|Začátek přeposílané zprávy:|Od|Předmět|Datum|Komu|Kopie|Odpověď na|27. října 2021 9:31:00 UTC
sk|Začiatok preposlanej správy:|Od|Predmet|Dátum|Pre|Cc|Odpovedať-Pre|27. októbra 2021 9:31:00 UTC
pl|Początek przekazywanej wiadomości:|Od|Temat|Data|Do|Dw|Odpowiedź-do|27 października 2021 o 09:31:00 UTC
hu|Továbbított levél kezdete:|Feladó|Tárgy|Dátum|Címzett|Másolat|Válaszcím|2021. október 27. 9:31:00 UTC
ro|Începe mesajul redirecționat:|Expeditorul|Subiectul|Dată|Destinatarul|Cc|Răspuns către|27 octombrie 2021, 09:31:00 UTC
hr|Započni proslijeđenu poruku:|Šalje|Predmet|Datum|Prima|Cc|Odgovori na|27. listopada 2021. 09:31:00 UTC
ru|Начало переадресованного сообщения:|Отправитель|Тема|Дата|Кому|Копия|Ответ-Кому|27 октября 2021 г. в 09:31:00 UTC
uk|Початок листа, що пересилається:|Від кого|Тема|Дата|Кому|Копія|Кому відповісти|27 жовтня 2021 р. о 09:31:00 UTC
el|Αρχή προωθημένου μηνύματος:|Από|Θέμα|Ημερομηνία|Προς|Κοιν.|Απάντηση σε|27 Οκτωβρίου 2021 στις 9:31:00 π.μ. UTC
tr|İleti başlangıcı:|Kimden|Konu|Tarih|Kime|Bilgi|Yanıt Adresi|27 Ekim 2021 09:31:00 UTC
ca|Inici del missatge reenviat:|De|Assumpte|Data|Per a|Cc|Respon a|27 d'octubre de 2021, a les 9:31:00 UTC
ar|بداية الرسالة المعاد توجيهها:|من|الموضوع|التاريخ|إلى|نسخة|الرد على|٢٧ أكتوبر ٢٠٢١ في ٩:٣١:٠٠ ص UTC
he|תחילת ההודעה שהועברה:|מאת|נושא|תאריך|אל|עותק|השב אל|27 באוקטובר 2021 בשעה 9:31:00 UTC
vi|Bắt đầu thư được chuyển tiếp:|Từ|Chủ đề|Ngày|Đến|Cc|Trả lời|lúc 09:31:00 UTC 27 tháng 10, 2021
th|เริ่มข้อความที่ถูกส่งต่อ:|จาก|เรื่อง|วันที่|ถึง|สำเนา|ตอบกลับ|27 ตุลาคม 2564 เวลา 09:31:00 UTC
ja|転送されたメッセージ:|差出人|件名|日付|宛先|CC|返信先|2021年10月27日 9:31:00 UTC
zh|开始转发的邮件:|发件人|主题|日期|收件人|抄送|回复|2021年10月27日 UTC 09:31:00
ko|전달된 메시지 시작:|보낸 사람|제목|날짜|받는 사람|참조|답장|2021년 10월 27일 오전 9시 31분 0초 UTC
"""

# subject prefix|From|Sent|To|Cc|Subject; printed by Outlook for Windows and the web, without separator.
OUTLOOK = """
en|FW|From|Sent|To|Cc|Subject|Wednesday, October 27, 2021 9:31 AM
de|WG|Von|Gesendet|An|Cc|Betreff|Mittwoch, 27. Oktober 2021 09:31
fr|TR|De|Envoyé|À|Cc|Objet|mercredi 27 octobre 2021 09:31
es|RV|De|Enviado|Para|CC|Asunto|miércoles, 27 de octubre de 2021 9:31
it|I|Da|Inviato|A|Cc|Oggetto|mercoledì 27 ottobre 2021 09:31
pt|ENC|De|Enviado|Para|Cc|Assunto|quarta-feira, 27 de outubro de 2021 09:31
nl|FW|Van|Verzonden|Aan|CC|Onderwerp|woensdag 27 oktober 2021 09:31
da|VS|Fra|Sendt|Til|Cc|Emne|27. oktober 2021 09:31
no|VS|Fra|Sendt|Til|Kopi|Emne|onsdag 27. oktober 2021 09:31
sv|VB|Från|Skickat|Till|Kopia|Ämne|den 27 oktober 2021 09:31
fi|VL|Lähettäjä|Lähetetty|Vastaanottaja|Kopio|Aihe|keskiviikko 27. lokakuuta 2021 9.31
is|FW|Frá|Sent|Til|Afrit|Efni|miðvikudagur, 27. október 2021 09:31
cs|FW|Od|Odesláno|Komu|Kopie|Předmět|středa 27. října 2021 9:31
sk|FW|Od|Odoslané|Komu|Kópia|Predmet|streda 27. októbra 2021 9:31
pl|PD|Od|Wysłano|Do|DW|Temat|środa, 27 października 2021 09:31
hu|FW|Feladó|Elküldve|Címzett|Másolatot kap|Tárgy|2021. október 27., szerda 9:31
ro|FW|De la|Trimis|Către|Cc|Subiect|miercuri, 27 octombrie 2021 09:31
hr|FW|Od|Poslano|Prima|Kopija|Predmet|27. listopada 2021. 9:31
sr|FW|Od|Poslato|Za|Cc|Tema|sreda, 27. oktobar 2021. 09:31
sl|FW|Od|Poslano|Za|Kp|Zadeva|sreda, 27. oktober 2021 09:31
bg|FW|От|Изпратено|До|Копие|Относно|сряда, 27 октомври 2021 г. 9:31
ru|FW|От|Отправлено|Кому|Копия|Тема|среда, 27 октября 2021 г. 9:31
uk|FW|Від|Надіслано|Кому|Копія|Тема|середа, 27 жовтня 2021 р. 9:31
el|ΠΡΘ|Από|Στάλθηκε|Προς|Κοιν.|Θέμα|Τετάρτη, 27 Οκτωβρίου 2021 9:31 πμ
tr|İLT|Kimden|Gönderilen|Kime|Bilgi|Konu|27 Ekim 2021 Çarşamba 09:31
et|FW|Saatja|Saadetud|Adressaat|Koopia|Teema|kolmapäev, 27. oktoober 2021 09:31
lv|FW|No|Nosūtīts|Kam|Kopija|Tēma|trešdiena, 2021. gada 27. oktobris 09:31
lt|FW|Nuo|Išsiųsta|Kam|Kopija|Tema|2021 m. spalio 27 d., trečiadienis 09:31
ca|RV|De|Enviat|Per a|Cc|Assumpte|dimecres, 27 d'octubre de 2021 9:31
gl|RV|De|Enviado|Para|Cc|Asunto|mércores, 27 de outubro de 2021 9:31
eu|FW|Nork|Bidalia|Nori|Cc|Gaia|2021(e)ko urriaren 27(a), asteazkena 9:31
ar|إعادة توجيه|من|تم الإرسال|إلى|نسخة|الموضوع|الأربعاء، 27 أكتوبر، 2021 9:31 ص
he|הועבר|מאת|נשלח|אל|עותק|נושא|יום רביעי 27 אוקטובר 2021 9:31
fa|FW|از|ارسال شده|به|رونوشت|موضوع|2021/10/27 09:31
th|FW|จาก|ส่ง|ถึง|สำเนาถึง|เรื่อง|วันพุธที่ 27 ตุลาคม 2564 9:31
vi|FW|Từ|Đã gửi|Đến|Cc|Chủ đề|27 Tháng Mười 2021 9:31 SA
id|FW|Dari|Dikirim|Kepada|Cc|Subjek|27 Oktober 2021 9:31
ja|転送|差出人|送信日時|宛先|CC|件名|2021年10月27日水曜日 9:31
zh|转发|发件人|发送时间|收件人|抄送|主题|2021年10月27日 9:31
zh-TW|轉寄|寄件者|寄件日期|收件者|副本|主旨|2021年10月27日 上午 09:31
ko|전달|보낸 사람|보낸 날짜|받는 사람|참조|제목|2021년 10월 27일 수요일 오전 9:31
"""

# subject prefix|From|Date|To|Cc|Subject; Outlook for Mac and the new Outlook, no blank line below.
NEW_OUTLOOK = """
en|FW|From|Date|To|Cc|Subject|Wednesday, 27 October 2021 at 09:31
de|WG|Von|Datum|An|Cc|Betreff|Mittwoch, 27. Oktober 2021 um 09:31
fr|TR|De|Date|À|Cc|Objet|mercredi, 27 octobre 2021 à 09:31
es|RV|De|Fecha|Para|CC|Asunto|miércoles, 27 de octubre de 2021, 9:31
it|I|Da|Data|A|Cc|Oggetto|mercoledì, 27 ottobre 2021 09:31
pt|ENC|De|Data|Para|Cc|Assunto|quarta-feira, 27 de outubro de 2021 09:31
nl|FW|Van|Datum|Aan|CC|Onderwerp|woensdag, 27 oktober 2021 om 09:31
da|VS|Fra|Dato|Til|Cc|Emne|onsdag, 27. oktober 2021 kl. 09.31
no|Videresend|Fra|Dato|Til|Kopi|Emne|onsdag, 27. oktober 2021 kl. 09:31
sv|VB|Från|Datum|Till|Kopia|Ämne|onsdag, 27 oktober 2021 09:31
fi|VL|Lähettäjä|Päivämäärä|Vastaanottaja|Kopio|Aihe|keskiviikko, 27. lokakuuta 2021 klo 9.31
cs|FW|Od|Datum|Komu|Kopie|Předmět|středa 27. října 2021 9:31
sk|FW|Od|Dátum|Komu|Kópia|Predmet|streda 27. októbra 2021 9:31
pl|PD|Od|Data|Do|DW|Temat|środa, 27 października 2021 09:31
hu|FW|Feladó|Dátum|Címzett|Másolatot kap|Tárgy|2021. október 27., szerda 9:31
ru|FW|От|Дата|Кому|Копия|Тема|среда, 27 октября 2021 г. в 09:31
tr|İLT|Kimden|Tarih|Kime|Bilgi|Konu|27 Ekim 2021 Çarşamba 09:31
"""

# The sentence that Outlook 2019 for Mac prints instead of a block; {} is the person.
SENTENCE = """
en|On 27/10/2021 09:31, "{name}" <{address}> wrote:
de|Am 27.10.21, 09:31 schrieb "{name}" <{address}>:
fr|Le 27/10/2021 09:31, « {name} » <{address}> a écrit :
es|El 27/10/2021 9:31, "{name}" <{address}> escribió:
it|Il giorno 27/10/2021, 09:31 "{name}" <{address}> ha scritto:
pt|Em 27/10/2021 09:31, "{name}" <{address}> escreveu:
nl|Op 27-10-2021 09:31 heeft {name} <{address}> geschreven:
da|D. 27/10/2021 09.31 skrev "{name}" <{address}>:
no|{name} <{address}> skrev følgende den 27/10/2021, 09:31:
sv|Den 2021-10-27 09:31 skrev "{name}" <{address}> följande:
fi|{name} <{address}> kirjoitti 27.10.2021 9.31:
cs|Dne 27.10.2021 9:31, {name} <{address}> napsal(a):
sk|27.10.2021 9:31 používateľ {name} (<{address}>) napísal:
pl|Dnia 27/10/2021, 09:31 użytkownik „{name}” <{address}> napisał:
hu|27/10/2021 09:31 időpontban {name} ({address}) ezt írta:
ru|27.10.2021, 9:31 пользователь "{name}" <{address}> написал:
uk|27.10.2021, 9:31 користувач "{name}" <{address}> написав:
tr|"{name}" <{address}>, 27/10/2021 09:31 tarihinde şunu yazdı:
zh|在 2021/10/27 上午9:31，“{name}”<{address}> 写道:
ja|2021/10/27 9:31 に、"{name}" <{address}> は書きました:
"""

# separator|Subject|Date|From|To|CC
THUNDERBIRD = """
en|Forwarded Message|Subject|Date|From|To|CC
de|Weitergeleitete Nachricht|Betreff|Datum|Von|An|Kopie (CC)
fr|Message transféré|Sujet|Date|De|Pour|Copie à
es|Mensaje reenviado|Asunto|Fecha|De|Para|CC
it|Messaggio Inoltrato|Oggetto|Data|Mittente|A|CC
pt|Mensagem reencaminhada|Assunto|Data|De|Para|CC
nl|Doorgestuurd bericht|Onderwerp|Datum|Van|Aan|CC
da|Videresendt meddelelse|Emne|Dato|Fra|Til|CC
no|Videresendt melding|Emne|Dato|Fra|Til|CC
sv|Vidarebefordrat meddelande|Ämne|Datum|Från|Till|Kopia
fi|Välitetty viesti / Fwd.Msg|Aihe|Päiväys|Lähettäjä|Vastaanottaja|CC
cs|Přeposlaná zpráva|Předmět|Datum|Od|Komu|Kopie
sk|Preposlaná správa --- Forwarded Message|Predmet|Dátum|Od|Pre|Kópia
pl|Treść przekazanej wiadomości|Temat|Data|Nadawca|Adresat|Kopia
hu|Továbbított üzenet|Tárgy|Dátum|Feladó|Címzett|CC
ro|Mesaj redirecționat|Subiectul|Data|De la|Către|CC
hr|Proslijeđena poruka|Naslov|Datum|Šalje|Prima|CC
sl|Posredovano sporočilo|Zadeva|Datum|Od|Za|Kp
bg|Препратено съобщение|Тема|Дата|От|До|Копие
ru|Перенаправленное сообщение|Тема|Дата|От|Кому|Копия
uk|Переслане повідомлення|Тема|Дата|Від|Кому|CC
el|Προωθημένο μήνυμα|Θέμα|Ημερομηνία|Από|Προς|Κοιν.
tr|İletilen İleti|Konu|Tarih|Kimden|Kime|CC
et|Edastatud kiri|Teema|Kuupäev|Saatja|Saaja|Koopia
lt|Persiųstas laiškas|Tema|Data|Nuo|Kam|Kopija
ca|Missatge reenviat|Assumpte|Data|De|A|A/c
ar|رسالة مُعاد توجيهها|الموضوع|التاريخ|من|إلى|نسخة
he|הודעה שהועברה|נושא|תאריך|מאת|אל|עותק
vi|Thư được chuyển tiếp|Chủ đề|Ngày|Từ|Đến|Cc
id|Pesan terusan|Perihal|Tanggal|Dari|Kepada|Cc
ja|転送メッセージ|件名|日付|差出人|宛先|CC
zh|转发的消息|主题|日期|发件人|收件人|抄送
zh-TW|轉寄訊息|主旨|日期|寄件者|收件者|副本
ko|전달된 메시지|제목|날짜|보낸 사람|받는 사람|참조
"""

# separator|From|To|Cc|Sent|Subject; the text part has it all on one line.
YAHOO = """
en|Forwarded Message|From: |To: |Cc: |Sent: |Subject: |Wednesday, October 27, 2021, 09:31:00 AM GMT
de|Weitergeleitete Nachricht|Von: |An: |CC: |Gesendet: |Betreff: |Mittwoch, 27. Oktober 2021, 09:31:00 UTC
fr|Message transmis|De : |À : |Cc : |Envoyé : |Objet : |mercredi 27 octobre 2021, 09:31:00 UTC
es|Mensaje reenviado|De: |Para: |CC: |Enviado: |Asunto: |miércoles, 27 de octubre de 2021 09:31:00 UTC
it|Messaggio inoltrato|Da: |A: |Cc: |Inviato: |Oggetto: |mercoledì 27 ottobre 2021, 09:31:00 UTC
pt|Mensagem encaminhada|De: |Para: |Cc: |Enviado: |Assunto |quarta-feira, 27 de outubro de 2021, 09:31:00 UTC
nl|Doorgestuurd bericht|Van: |Aan: |Cc: |Verzonden: |Onderwerp: |woensdag 27 oktober 2021 09:31:00 UTC
da|Videresendt meddelelse|Fra: |Til: |Cc: |Sendt: |Emne: |onsdag den 27. oktober 2021 09.31.00 UTC
no|Videresendt melding|Fra: |Til: |Kopi: |Sendt: |Emne: |onsdag 27. oktober 2021 09.31.00 UTC
sv|Vidarebefordrat meddelande|Från: |Till: |Kopia: |Skickat: |Ämne: |onsdag 27 oktober 2021 09:31:00 UTC
fi|Edelleenlähetetty viesti|Lähettäjä: |Vastaanottaja: |Kopio: |Lähetetty: |Aihe: |keskiviikko 27. lokakuuta 2021 klo 9.31.00 UTC
cs|Přeposlaná zpráva|Od: |Komu: |Kopie: |Datum: |Předmět: |středa 27. října 2021 9:31:00 UTC
sk|Preposlaná správa|Od: |Komu: |Kópia: |Odoslané: |Predmet: |streda 27. októbra 2021 9:31:00 UTC
pl|Przekazana wiadomość|Od: |Do: |Dw |Wysłano: |Temat: |środa, 27 października 2021, 09:31:00 UTC
hu|Továbbított üzenet|Feladó: |Címzett: |Másolat: |Elküldve: |Tárgy: |2021. október 27., szerda 9:31:00 UTC
ro|Mesaj redirecționat|De la: |Către: |Cc: |Trimis: |Subiect: |miercuri, 27 octombrie 2021, 09:31:00 UTC
ru|Пересылаемое сообщение|От: |Кому: |Копия: |Отправлено: |Тема: |среда, 27 октября 2021 г., 09:31:00 UTC
uk|Перенаправлене повідомлення|Від: |Кому: |Копія: |Відправлено: |Тема: |середа, 27 жовтня 2021 р., 09:31:00 UTC
el|Προωθημένο μήνυμα|Από: |Προς: |Κοιν.: |Στάλθηκε: |Θέμα: |Τετάρτη 27 Οκτωβρίου 2021 - 9:31 π.μ. UTC
tr|İletilmiş Mesaj|Kimden: |Kime: |Cc: |Gönderilen: |Konu: |27 Ekim 2021 Çarşamba 09:31:00 UTC
vi|Thư đã chuyển tiếp|Từ: |Đến: |Cc: |Đã gửi: |Chủ đề: |lúc 09:31:00 UTC Thứ Tư, 27 tháng 10, 2021
id|Pesan yang Diteruskan|Dari: |Kepada: |Cc: |Terkirim: |Judul: |Rabu, 27 Oktober 2021 09.31.00 UTC
zh-TW|轉寄郵件|寄件人： |收件人： |副本： |傳送時間： |主題： |2021年10月27日 星期三 上午09:31:00 UTC
"""

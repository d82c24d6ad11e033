"""
The SMTP door: lets mail servers hand over mail, and asks an intake what to say.

`door.open(settings, intake)` opens it, `await door.close(grace=…)` closes it. The values that pass
through it are in `arrivals`. Deliberately not here: the database, accounts, understanding of mail.
The door knows RFC 5321; the intake knows whose an address is and how a mail is kept.
"""

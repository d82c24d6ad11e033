"""SPF checks (RFC 7208): mechanisms, modifiers, macros, and the limits of what is asked."""

from __future__ import annotations

import pytest

from app.mail import spf
from app.mail.spf import Answer, Answers, Check, Question
from app.mail.spf_records import Names, expand

HOST = "192.0.2.3"
SENDER = "strong-bad@email.example.com"
HELO = "mx.example.org"

# The zone of RFC 7208, appendix A, and a few names more.
ZONE: dict[Question, Answer] = {
    ("example.com", "A"): ["192.0.2.10", "192.0.2.11"],
    ("example.com", "AAAA"): ["2001:db8::cb01"],
    ("example.com", "MX"): ["mail-a.example.com", "mail-b.example.com"],
    ("mail-a.example.com", "A"): ["192.0.2.129"],
    ("mail-b.example.com", "A"): ["192.0.2.130"],
    ("mail-b.example.com", "AAAA"): ["2001:db8::cb02"],
    ("example.org", "MX"): ["mail-c.example.org"],
    ("mail-c.example.org", "A"): ["192.0.2.140"],
    ("listed.example.com", "A"): ["127.0.0.2"],
    ("broken.example.com", "A"): "error",
    ("broken.example.com", "MX"): "error",
    ("broken.example.com", "TXT"): "error",
    ("empty.example.com", "TXT"): [],
    ("passes.example.com", "TXT"): ["v=spf1 ip4:192.0.2.0/24 -all"],
    ("fails.example.com", "TXT"): ["v=spf1 -all"],
    ("unsure.example.com", "TXT"): ["v=spf1 ?all"],
    ("faulty.example.com", "TXT"): ["v=spf1 nonsense"],
    ("loop.example.com", "TXT"): ["v=spf1 include:loop.example.com"],
    ("3.2.0.192.listed.example.com", "A"): ["127.0.0.2"],
}


def driven(check: Check, zone: Answers) -> list[Question]:
    """Answer from the zone until the check is done; gives all that was asked."""
    asked: list[Question] = []
    while check.questions:
        asked += check.questions
        assert len(asked) < 200
        check.answer({one: zone.get(one) for one in check.questions})
    return asked


def result(
    record: str | list[str] | None, address: str = HOST, sender: str = SENDER, helo: str = HELO
) -> str:
    check = Check(address, sender, helo)
    records = [record] if isinstance(record, str) else record
    driven(check, {**ZONE, (check.domain, "TXT"): records})
    return check.result


@pytest.mark.parametrize(
    ("record", "address", "expected"),
    [
        ("v=spf1 +all", HOST, "pass"),
        ("v=spf1 -all", HOST, "fail"),
        ("v=spf1 ~all", HOST, "softfail"),
        ("v=spf1 ?all", HOST, "neutral"),
        ("v=spf1", HOST, "neutral"),
        ("V=SPF1 ALL", HOST, "pass"),
        ("v=spf1  -all ", HOST, "fail"),
        ("v=spf1 a:example.com -all", "192.0.2.10", "pass"),
        ("v=spf1 a:example.com -all", "192.0.2.9", "fail"),
        ("v=spf1 a:example.com/28 -all", "192.0.2.9", "pass"),
        ("v=spf1 a:example.com/0 -all", "203.0.113.1", "pass"),
        ("v=spf1 a:example.com -all", "2001:db8::cb01", "pass"),
        ("v=spf1 a:example.com//64 -all", "2001:db8::ffff", "pass"),
        ("v=spf1 a:example.com/24//128 -all", "2001:db8::ffff", "fail"),
        ("v=spf1 a -all", HOST, "fail"),
        ("v=spf1 mx:example.com -all", "192.0.2.129", "pass"),
        ("v=spf1 mx:example.com -all", "2001:db8::cb02", "pass"),
        ("v=spf1 mx:example.com -all", "192.0.2.140", "fail"),
        ("v=spf1 mx:example.com mx:example.org -all", "192.0.2.140", "pass"),
        ("v=spf1 mx:example.com/30 mx:example.org/30 -all", "192.0.2.131", "pass"),
        ("v=spf1 mx:example.com/30 mx:example.org/30 -all", "192.0.2.143", "pass"),
        ("v=spf1 ptr -all", HOST, "fail"),
        ("v=spf1 ptr:example.com -all", HOST, "fail"),
        ("v=spf1 ip4:192.0.2.128/28 -all", "192.0.2.65", "fail"),
        ("v=spf1 ip4:192.0.2.128/28 -all", "192.0.2.129", "pass"),
        ("v=spf1 ip4:192.0.2.3 -all", HOST, "pass"),
        ("v=spf1 ip4:192.0.2.3 -all", "::ffff:192.0.2.3", "pass"),
        ("v=spf1 ip6:2001:db8::/32 -all", "2001:db8::1", "pass"),
        ("v=spf1 ip6:::ffff:192.0.2.3 -all", HOST, "fail"),
        ("v=spf1 ip6:2001:db8::/32 -all", HOST, "fail"),
        ("v=spf1 exists:listed.example.com -all", HOST, "pass"),
        ("v=spf1 exists:%{ir}.listed.example.com -all", HOST, "pass"),
        ("v=spf1 exists:nothing.example.com -all", HOST, "fail"),
        ("v=spf1 exists:listed.example.com -all", "2001:db8::1", "pass"),
        ("v=spf1 include:passes.example.com -all", HOST, "pass"),
        ("v=spf1 ~include:passes.example.com -all", HOST, "softfail"),
        ("v=spf1 include:fails.example.com ~all", HOST, "softfail"),
        ("v=spf1 include:unsure.example.com -all", HOST, "fail"),
        ("v=spf1 include:faulty.example.com all", HOST, "permerror"),
        ("v=spf1 include:nothing.example.com all", HOST, "permerror"),
        ("v=spf1 include:empty.example.com all", HOST, "permerror"),
        ("v=spf1 include:broken.example.com all", HOST, "temperror"),
        ("v=spf1 include:loop.example.com all", HOST, "permerror"),
        ("v=spf1 a:broken.example.com all", HOST, "temperror"),
        ("v=spf1 mx:broken.example.com all", HOST, "temperror"),
        ("v=spf1 ip4:192.0.2.3 a:broken.example.com", HOST, "pass"),
        ("v=spf1 redirect=passes.example.com", HOST, "pass"),
        ("v=spf1 redirect=fails.example.com", HOST, "fail"),
        ("v=spf1 redirect=nothing.example.com", HOST, "permerror"),
        ("v=spf1 redirect=fails.example.com ?all", HOST, "neutral"),
        ("v=spf1 exp=why.example.com unknown=%{c}anything -all", HOST, "fail"),
        ("v=spf1 a:host.test exists:x.invalid -all", HOST, "fail"),
    ],
)
def test_records(record: str, address: str, expected: str) -> None:
    assert result(record, address) == expected


@pytest.mark.parametrize(
    "term",
    [
        *("nonsense", "all:example.com", "all/8", "include", "include:", "exists", "a:", "a/33"),
        *(
            "a//129",
            "a/032",
            "a/",
            "a:example.com/",
            "mx/24/24",
            "ip4",
            "ip4:1.2.3",
            "ip4:1.2.3.4/",
        ),
        *(
            "ip4:1.2.3.4/33",
            "ip4:1.2.3.4/024",
            "ip4:2001:db8::",
            "ip6:1.2.3.4",
            "ip6:2001:db8::/129",
        ),
        *("ptr:", "ptr/24", "a:example", "a:example.123", "a:example..com.-", "include:%{x}.com"),
        *(
            "exists:%{d",
            "exists:%(ir).com",
            "exists:%{d0}.com",
            "exists:%{c}.com",
            "exists:%{t}.com",
        ),
        *("redirect=", "redirect=a.com redirect=b.com", "exp=a.com exp=b.com", "-redirect=a.com"),
        *(
            "?=x",
            "a=%{q}",
            "1a",
            "in+clude:a.com",
            "include:a.com/24",
            "exists:%{d}x",
            "a:ex\tm.com",
        ),
    ],
)
def test_a_fault_anywhere_spoils_the_whole_record(term: str) -> None:
    assert result(f"v=spf1 all {term}") == "permerror"


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        (None, "none"),
        ([], "none"),
        (["v=spf10 all", "spf1", " v=spf1 all", "v=spf1;all", "v=spf1\tall"], "none"),
        (["verification=1", "v=spf1 all"], "pass"),
        (["v=spf1 all", "v=spf1 -all"], "permerror"),
        (["v=spf1 ü all"], "permerror"),
        (["v=spf1 " + "x" * 10_000], "permerror"),
    ],
)
def test_which_record_counts(records: list[str] | None, expected: str) -> None:
    assert result(records) == expected


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("%{s}.x.com", "strong-bad@email.example.com.x.com"),
        ("%{o}", "email.example.com"),
        ("%{d}", "email.example.com"),
        ("%{d4}", "email.example.com"),
        ("%{d2}", "example.com"),
        ("%{d1}", "com"),
        ("%{dr}", "com.example.email"),
        ("%{d2r}", "example.email"),
        ("%{l}", "strong-bad"),
        ("%{l-}", "strong.bad"),
        ("%{lr-}", "bad.strong"),
        ("%{l1r-}", "strong"),
        ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
        ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"),
        ("%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"),
        ("%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"),
        ("%{h}.x.com", "mx.example.org.x.com"),
        ("%{p}.x.com", "unknown.x.com"),
        ("%{S}.x.com", "strong-bad%40email.example.com.x.com"),
        ("a%%b%_c%-.com", "a%b c%20.com"),
        ("x" * 64 + ".com", ""),
        ("a..com", ""),
        ("%{d9999999999}", "email.example.com"),
        (".".join(["x" * 60] * 5), ".".join(["x" * 60] * 4)),
    ],
)
def test_macros(spec: str, expected: str) -> None:
    address = spf._public(HOST)
    assert address is not None
    names = Names(address, "strong-bad", "email.example.com", "mx.example.org")

    assert expand(spec, "email.example.com", names) == expected


def test_macros_of_an_ipv6_address() -> None:
    address = spf._public("2001:db8::cb01")
    assert address is not None

    name = expand("%{ir}.%{v}._spf.%{d}", "x.com", Names(address, "a", "x.com", "h"))

    zeros = ".".join("0" * 20)
    assert name == f"1.0.b.c.{zeros}.8.b.d.0.1.0.0.2.ip6._spf.x.com"


@pytest.mark.parametrize(
    ("address", "sender", "helo", "asked"),
    [
        (HOST, "ann@mail.example.com", HELO, "mail.example.com"),
        (HOST, "", "mail.example.net", "mail.example.net"),
        (HOST, "ann@BÜCHER.example.com", HELO, "xn--bcher-kva.example.com"),
        (HOST, "", "[192.0.2.3]", ""),
        (HOST, "", "localhost", ""),
        (HOST, "ann@customer.example", HELO, ""),
        (HOST, "ann@some.test", HELO, ""),
        (HOST, "ann", HELO, ""),
        (HOST, "ann@a..com", HELO, ""),
        ("127.0.0.1", "ann@mail.example.com", HELO, ""),
        ("::1", "ann@mail.example.com", HELO, ""),
        ("10.1.2.3", "ann@mail.example.com", HELO, ""),
        ("::ffff:192.168.1.1", "ann@mail.example.com", HELO, ""),
        ("fd00::1", "ann@mail.example.com", HELO, ""),
        ("", "ann@mail.example.com", HELO, ""),
    ],
)
def test_who_is_asked(address: str, sender: str, helo: str, asked: str) -> None:
    check = Check(address, sender, helo)

    assert check.questions == (((asked, "TXT"),) if asked else ())
    assert asked or check.result == "none"


@pytest.mark.parametrize(("count", "expected"), [(10, "pass"), (11, "permerror")])
def test_ten_lookups_are_made_and_no_more(count: int, expected: str) -> None:
    terms = " ".join(f"a:n{at}.example.com" for at in range(count))
    zone: dict[Question, Answer] = {
        (f"n{at}.example.com", "A"): ["127.0.0.2"] for at in range(count)
    }
    record = f"v=spf1 {terms} all"
    check = Check(HOST, SENDER, HELO)

    asked = driven(check, {**zone, (check.domain, "TXT"): [record]})

    assert check.result == expected
    assert len(asked) == 11


@pytest.mark.parametrize("term", ["a:%s", "exists:%s", "mx:%s"])
def test_two_lookups_may_find_nothing_and_no_more(term: str) -> None:
    def record(count: int) -> str:
        return "v=spf1 " + " ".join(term % f"n{at}.example.com" for at in range(count)) + " all"

    assert result(record(2)) == "pass"
    assert result(record(3)) == "permerror"


@pytest.mark.parametrize(("count", "expected"), [(10, "pass"), (11, "permerror")])
def test_a_name_with_too_many_mail_hosts(count: int, expected: str) -> None:
    hosts = [f"mx{at}.example.com" for at in range(count)]
    check = Check(HOST, SENDER, HELO)
    zone: dict[Question, Answer] = {
        (check.domain, "TXT"): ["v=spf1 mx -all"],
        (check.domain, "MX"): hosts,
        (hosts[-1], "A"): [HOST],
    }

    driven(check, zone)

    assert check.result == expected


def test_a_mail_host_nobody_knows_about_leaves_it_open_unless_another_is_it() -> None:
    check, other = Check(HOST, SENDER, HELO), Check("192.0.2.4", SENDER, HELO)
    zone: dict[Question, Answer] = {
        (check.domain, "TXT"): ["v=spf1 mx -all"],
        (check.domain, "MX"): ["broken.example.com", "mx2.example.com"],
        ("broken.example.com", "A"): "error",
        ("mx2.example.com", "A"): [HOST],
    }

    driven(check, zone)
    driven(other, zone)

    assert (check.result, other.result) == ("pass", "temperror")


def test_who_gives_up_or_is_not_answered_does_not_know() -> None:
    late, unanswered = Check(HOST, SENDER, HELO), Check(HOST, SENDER, HELO)

    late.give_up()
    unanswered.answer({})

    assert (late.result, late.questions) == ("temperror", ())
    assert (unanswered.result, unanswered.questions) == ("temperror", ())


def test_includes_that_branch_end_with_the_tenth_lookup() -> None:
    zone: dict[Question, Answer] = {}
    for at in range(50):
        terms = f"include:n{2 * at + 1}.example.com include:n{2 * at + 2}.example.com"
        zone[f"n{at}.example.com", "TXT"] = [f"v=spf1 {terms} ?all"]
    check = Check(HOST, "a@n0.example.com", HELO)

    asked = driven(check, zone)

    assert check.result == "permerror"
    assert len(asked) <= 11


def test_long_records_and_local_parts_are_bounded() -> None:
    record = "v=spf1 exists:" + "%{l}" * 2000 + ".example.com -all"
    terms = "v=spf1 " + "ip4:203.0.113.1 " * 500 + "all"

    assert result(record, sender="x." * 5000 + "@example.com") in ("fail", "permerror")
    assert result(terms) == "pass"

"""What is wrong with the DNS records of a sending domain, and the state that follows. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.sender_identity import domains, records, spf
from app.domain.sender_identity.records import Said, Verdict
from app.resolver import UNKNOWN, Found, Question

DOMAIN, TOKEN, ROOT = "acme.example", "0a1b2c3d4e", "inbox.example"
KEY = "v=DKIM1; k=rsa; p=" + "MIIBIjANBgkq" * 20
OTHER = "v=DKIM1; k=rsa; p=" + "ABCBIjANBgkq" * 20
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
WANTED = records.wanted(DOMAIN, TOKEN, {f"hi1-{TOKEN}": KEY, f"hi2-{TOKEN}": KEY}, ROOT)
DKIM_NAME = f"hi1-{TOKEN}._domainkey.{DOMAIN}"
RETURN_NAME = f"bounces-{TOKEN}.{DOMAIN}"

Zone = dict[Question, Found]


def txt(*values: str) -> Found:
    return Found("found", values)


def verdict_of(purpose: str, zone: Zone) -> Verdict:
    """The verdict when the zone holds only that; every other name does not exist."""
    names = {name for name, _ in zone}
    answers = dict(zone)
    for _ in range(20):
        said = Said(answers)
        verdicts = records.judged(WANTED, DOMAIN, said)
        if not said.missing:
            break
        for question in said.missing:
            answers[question] = Found("no_records" if question[0] in names else "no_name")
    place = next(at for at, one in enumerate(WANTED) if one.purpose == purpose)
    return verdicts[place]


def test_five_records_are_to_be_published() -> None:
    assert [(one.purpose, one.type, one.name) for one in WANTED] == [
        ("dkim", "TXT", DKIM_NAME),
        ("dkim", "TXT", f"hi2-{TOKEN}._domainkey.{DOMAIN}"),
        ("spf", "TXT", DOMAIN),
        ("dmarc", "TXT", f"_dmarc.{DOMAIN}"),
        ("return_path", "CNAME", RETURN_NAME),
    ]
    assert WANTED[2].value == f"v=spf1 include:_spf.{ROOT} ~all"
    assert WANTED[4].value == f"bounces.{ROOT}"


@pytest.mark.parametrize("purpose", ["dkim", "spf", "dmarc", "return_path"])
def test_what_is_nowhere_is_waited_for(purpose: str) -> None:
    assert verdict_of(purpose, {}) == Verdict("pending")


@pytest.mark.parametrize("purpose", ["dkim", "spf", "dmarc", "return_path"])
def test_a_dns_that_is_away_says_nothing(purpose: str) -> None:
    place = next(at for at, one in enumerate(WANTED) if one.purpose == purpose)
    kind = WANTED[place].type
    zone: Zone = {(WANTED[place].name, kind): UNKNOWN}  # type: ignore[dict-item]

    assert verdict_of(purpose, zone).state == "unsure"


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (txt(KEY), None),
        (txt(KEY.replace("; ", ";") + ";"), None),
        (txt(KEY.replace("v=DKIM1; k=rsa; ", "")), None),
        (txt(KEY.replace("MIIB", "MII B")), None),
        (txt(OTHER), "wrong_key"),
        (txt(KEY[:120]), "truncated_key"),
        (txt(f'"{KEY}"'), "quoted_key"),
        (txt(KEY.replace(";", "\\;")), "quoted_key"),
        (txt("v=DKIM1; k=rsa; p="), "no_key"),
        (txt("google-site-verification=1"), "no_key"),
        (txt(KEY, OTHER), "two_records"),
    ],
)
def test_mistakes_with_keys_are_named(found: Found, problem: str | None) -> None:
    verdict = verdict_of("dkim", {(DKIM_NAME, "TXT"): found})

    assert verdict.state == ("wrong" if problem else "valid")
    assert verdict.problem == (f"sender_identity.{problem}" if problem else None)
    assert verdict.found == found.values
    assert bool(verdict.hint) == bool(problem)


def test_a_cname_where_a_txt_is_due_is_named() -> None:
    verdict = verdict_of("dkim", {(DKIM_NAME, "CNAME"): Found("found", ("keys.other.example",))})

    assert verdict.problem == "sender_identity.cname_instead_of_txt"
    assert verdict.found == ("keys.other.example",)


@pytest.mark.parametrize(
    ("purpose", "name", "kind", "value", "short"),
    [
        ("dkim", DKIM_NAME, "TXT", KEY, f"hi1-{TOKEN}._domainkey"),
        ("spf", DOMAIN, "TXT", "v=spf1 -all", "@"),
        ("dmarc", f"_dmarc.{DOMAIN}", "TXT", "v=DMARC1; p=none", "_dmarc"),
        ("return_path", RETURN_NAME, "CNAME", f"bounces.{ROOT}", f"bounces-{TOKEN}"),
    ],
)
def test_the_domain_twice_is_named(
    purpose: str, name: str, kind: str, value: str, short: str
) -> None:
    zone: Zone = {(f"{name}.{DOMAIN}", kind): txt(value)}  # type: ignore[dict-item]

    verdict = verdict_of(purpose, zone)

    assert verdict.problem == "sender_identity.doubled_domain"
    assert (verdict.hint or "").endswith(short)


def test_a_wildcard_is_not_taken_for_the_domain_twice() -> None:
    zone: Zone = {(f"{DKIM_NAME}.{DOMAIN}", "TXT"): txt("v=spf1 -all")}

    assert verdict_of("dkim", zone).state == "pending"


@pytest.mark.parametrize(
    ("texts", "problem"),
    [
        (["v=spf1 include:_spf.inbox.example ~all"], None),
        (["v=spf1 include:_spf.other.example include:_SPF.inbox.example -all", "x=y"], None),
        (["V=SPF1 mx include:_spf.inbox.example -all"], None),
        (["v=spf1 -all"], "spf_not_included"),
        (["v=spf1"], "spf_not_included"),
        (["v=spf1 -all include:_spf.inbox.example"], "spf_not_included"),
        (["v=spf1 include:_spf.inbox.example ~all", "v=spf1 mx ~all"], "two_spf_records"),
        (["v=spf1" + " a:x.example" * 9 + " include:_spf.inbox.example ~all"], "lookups"),
        (["v=spf1" + " a:x.example" * 8 + " include:_spf.inbox.example ~all"], None),
        (["v=spf10 include:_spf.inbox.example"], "nothing"),
    ],
)
def test_spf_records_are_read(texts: list[str], problem: str | None) -> None:
    verdict = verdict_of("spf", {(DOMAIN, "TXT"): txt(*texts)})

    names = {"lookups": "spf_too_many_lookups", "nothing": None, None: None}
    name = names.get(problem, problem)
    assert verdict.problem == (f"sender_identity.{name}" if name else None)
    assert verdict.state == ("pending" if problem == "nothing" else "wrong" if name else "valid")


def test_spf_is_followed_through_what_it_includes() -> None:
    deep: Zone = {
        (DOMAIN, "TXT"): txt("v=spf1 include:a.example ~all"),
        ("a.example", "TXT"): txt("v=spf1 redirect=b.example"),
        ("b.example", "TXT"): txt("v=spf1 include:_spf.inbox.example include:a.example -all"),
    }
    wide: Zone = {
        (DOMAIN, "TXT"): txt("v=spf1 include:a.example include:_spf.inbox.example ~all"),
        ("a.example", "TXT"): txt("v=spf1" + "".join(f" a:{n}.example" for n in range(8))),
    }

    assert verdict_of("spf", deep).state == "valid"
    assert verdict_of("spf", wide).problem == "sender_identity.spf_too_many_lookups"


def test_spf_records_that_include_each_other_come_to_an_end() -> None:
    texts = {f"{n}.example": (f"v=spf1 include:{(n + 1) % 99}.example",) for n in range(99)}

    read = spf.read("v=spf1 include:0.example", ours="x", our_lookups=1, texts=texts.get)

    assert not read.includes_us
    assert 10 < read.lookups < 40


@pytest.mark.parametrize(
    ("zone", "problem"),
    [
        ({(f"_dmarc.{DOMAIN}", "TXT"): txt("v=DMARC1; p=none")}, None),
        ({(f"_dmarc.{DOMAIN}", "TXT"): txt("v=DMARC1; p=reject; rua=mailto:a@b.example")}, None),
        ({(f"_dmarc.{DOMAIN}", "TXT"): txt("v=DMARC1; rua=mailto:a@b.example")}, "not_a_policy"),
        ({(f"_dmarc.{DOMAIN}", "TXT"): txt("v=DMARC1; p=maybe")}, "not_a_policy"),
        (
            {(f"_dmarc.{DOMAIN}", "TXT"): txt("v=DMARC1; p=none", "v=DMARC1; p=reject")},
            "two_dmarc_records",
        ),
        ({(DOMAIN, "TXT"): txt("v=DMARC1; p=none")}, "dmarc_at_domain"),
    ],
)
def test_dmarc_policies_are_read(zone: Zone, problem: str | None) -> None:
    verdict = verdict_of("dmarc", zone)

    assert verdict.state == ("wrong" if problem else "valid")
    assert verdict.problem == (f"sender_identity.{problem}" if problem else None)


def test_a_subdomain_inherits_the_policy_of_its_organization() -> None:
    [record] = [
        one
        for one in records.wanted("mail.acme.example", TOKEN, {}, ROOT)
        if one.purpose == "dmarc"
    ]
    said = Said(
        {
            ("_dmarc.mail.acme.example", "TXT"): Found("no_name"),
            ("_dmarc.acme.example", "TXT"): txt("v=DMARC1; p=quarantine"),
        }
    )

    assert records.judged([record], "mail.acme.example", said)[0].state == "valid"


@pytest.mark.parametrize(
    ("zone", "problem"),
    [
        ({(RETURN_NAME, "CNAME"): Found("found", (f"bounces.{ROOT}",))}, None),
        ({(RETURN_NAME, "CNAME"): Found("found", ("mx.other.example",))}, "wrong_target"),
        (
            {(RETURN_NAME, "CNAME"): Found("found", (f"bounces.{ROOT}.{DOMAIN}",))},
            "wrong_target",
        ),
        ({(RETURN_NAME, "TXT"): txt(f"bounces.{ROOT}")}, "txt_instead_of_cname"),
        ({(RETURN_NAME, "A"): Found("found", ("192.0.2.1",))}, "flattened_cname"),
        ({(RETURN_NAME, "AAAA"): Found("found", ("2001:db8::1",))}, "flattened_cname"),
    ],
)
def test_mistakes_with_the_return_path_are_named(zone: Zone, problem: str | None) -> None:
    verdict = verdict_of("return_path", zone)

    assert verdict.problem == (f"sender_identity.{problem}" if problem else None)
    assert verdict.state == ("wrong" if problem else "valid")


LATER, SOON = NOW + timedelta(minutes=5), NOW + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("state", "keys", "missed_at", "now", "expected"),
    [
        ("pending", ["valid", "valid"], None, NOW, ("connected", None)),
        ("pending", ["valid", "wrong"], None, NOW, ("pending", None)),
        ("pending", ["pending", "pending"], None, NOW, ("pending", None)),
        ("connected", ["valid", "pending"], NOW, LATER, ("connected", None)),
        ("connected", ["valid", "unsure"], NOW, LATER, ("connected", None)),
        ("connected", ["pending", "wrong"], None, NOW, ("connected", NOW)),
        ("connected", ["pending", "wrong"], NOW, SOON, ("connected", NOW)),
        ("connected", ["pending", "wrong"], NOW, LATER, ("broken", NOW)),
        ("connected", ["pending", "unsure"], NOW, LATER, ("connected", NOW)),
        ("connected", ["unsure", "unsure"], None, NOW, ("connected", None)),
        ("broken", ["valid", "pending"], NOW, LATER, ("broken", None)),
        ("broken", ["valid", "valid"], NOW, LATER, ("connected", None)),
    ],
)
def test_the_state_follows_the_keys(
    state: str,
    keys: list[str],
    missed_at: datetime | None,
    now: datetime,
    expected: tuple[str, datetime | None],
) -> None:
    assert domains.next_state(state, keys, missed_at, now) == expected

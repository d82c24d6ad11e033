"""HTTP to strangers' addresses: what is spoken to, and what is not."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.domain import webhooks
from app.errors import Invalid
from app.worker.guarded import ANSWER_LIMIT, Guard, Refused
from tests.receiver import Receiver, receiving

OURS = [
    "127.0.0.1",
    "127.8.9.1",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd00:ec2::254",
    "fec0::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
    "2001:db8::1",
    "localhost",
    "",
]
WORLD = ["93.184.215.14", "8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]


@pytest.mark.parametrize("address", OURS)
def test_addresses_of_our_own_network_are_not_the_world(address: str) -> None:
    assert not webhooks.is_public(address)


@pytest.mark.parametrize("address", WORLD)
def test_addresses_of_the_world_are(address: str) -> None:
    assert webhooks.is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f.0.0.0x1/",
        "https://127.0.0.1./",
        "https://localhost/",
        "https://intranet/",
        "https://hooks..example/",
    ],
)
def test_a_url_that_leads_nowhere_else_is_refused_when_it_is_given(url: str) -> None:
    with pytest.raises(Invalid):
        webhooks.check_url(url, allow_private=False)

    assert webhooks.check_url(url, allow_private=True) == url


@pytest.mark.parametrize("host", ["hooks.example", "hooks.example.", "1.hooks.example", "8.8.8.8"])
def test_a_url_to_a_host_of_the_world_is_taken(host: str) -> None:
    url = f"https://{host}/path"

    assert webhooks.check_url(url, allow_private=False) == url


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found


class Names:
    """A name server: what it says, and how often it was asked."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """The addresses; another answer each time, the last one for ever."""
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::ffff:127.0.0.1"], ["fe80::1%lo"], []]
)
async def test_a_name_that_leads_to_our_own_network_is_not_spoken_to(
    addresses: list[str], receiver: Receiver
) -> None:
    guard = Guard(resolve=Names(addresses))

    with pytest.raises(Refused):
        await guard.post(f"https://rebind.example:{receiver.port}/", {}, b"{}")
    await guard.close()

    assert receiver.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:{port}/",
        "https://[::1]:{port}/",
        "https://[::ffff:127.0.0.1]:{port}/",
        "http://hooks.example:{port}/",
        "https://hooks.example:25/",
    ],
)
async def test_what_a_url_says_itself_is_checked_too(url: str, receiver: Receiver) -> None:
    guard = Guard(resolve=Names(["8.8.8.8"]))

    with pytest.raises(Refused):
        await guard.post(url.format(port=receiver.port), {}, b"{}")
    await guard.close()

    assert receiver.requests == []


async def test_the_address_that_was_checked_is_the_one_that_is_spoken_to(
    receiver: Receiver,
) -> None:
    """The name says something else when it is asked again: nobody asks again."""
    names = Names(["127.0.0.1"], ["192.0.2.1"])
    guard = Guard(allow_private=True, resolve=names, patience=5)

    answer = await guard.post(f"http://hooks.example:{receiver.port}/a?b=c", {}, b"{}")
    await guard.close()

    assert answer.status == 200
    assert names.asked == 1
    assert receiver.requests[0].headers["host"] == f"hooks.example:{receiver.port}"
    assert receiver.requests[0].target == "/a?b=c"


async def test_redirects_are_not_followed(receiver: Receiver) -> None:
    receiver.answer = lambda _: (302, b"")
    guard = Guard(allow_private=True)

    answer = await guard.post(receiver.url, {}, b"{}")
    await guard.close()

    assert answer.status == 302
    assert len(receiver.requests) == 1


async def test_who_answers_without_end_is_hung_up_on(receiver: Receiver) -> None:
    endless = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (4 * ANSWER_LIMIT)
    receiver.answer = lambda _: endless
    guard = Guard(allow_private=True, patience=5)

    answer = await guard.post(receiver.url, {}, b"{}")
    await guard.close()

    assert len(answer.body) == ANSWER_LIMIT


async def test_who_does_not_answer_is_not_waited_for(receiver: Receiver) -> None:
    receiver.answer = lambda _: None
    guard = Guard(allow_private=True, patience=0.2)

    with pytest.raises(TimeoutError):
        await guard.post(receiver.url, {}, b"{}")
    await guard.close()


def certificate(name: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server that is `name`, and a client that knows its certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    client = ssl.create_default_context(
        cadata=made.public_bytes(serialization.Encoding.PEM).decode()
    )
    return server, client


async def test_tls_goes_by_the_name_and_not_by_the_address(tmp_path: Path) -> None:
    server, client = certificate("hooks.example", tmp_path)
    shown: list[str | None] = []
    server.sni_callback = lambda _socket, name, _context: shown.append(name)

    async with receiving(server) as receiver:
        guard = Guard(allow_private=True, resolve=Names(["127.0.0.1"]), tls=client, patience=5)
        answer = await guard.post(f"https://hooks.example:{receiver.port}/", {}, b"{}")
        with pytest.raises(Exception, match="certificate"):
            await guard.post(f"https://other.example:{receiver.port}/", {}, b"{}")
        await guard.close()

    assert answer.status == 200
    assert shown == ["hooks.example", "other.example"]

"""
CPU a mail for understanding it: parse, report, class, quotes, HTML made safe, attribution.

The mails are a corpus when one lies beside the project (`../shared/corpus`), else made ones. The
yardstick is Python's own parser (`email`, policy compat32) with its payloads decoded.
"""

from __future__ import annotations

import email
import email.policy
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from app.domain.inbound.reading import read
from app.mail.attribution import Surroundings, attribute
from app.mail.classify import classify
from bench.smtp_load import Load, mails

CORPUS = Path(__file__).resolve().parent.parent.parent / "shared" / "corpus" / "dev"
AROUND = Surroundings(frozenset({"support@acme.example"}), is_teammate=lambda _: True)


def specimens() -> list[tuple[str, bytes]]:
    """Names and octets of the mails to read."""
    found = sorted(CORPUS.rglob("*.eml")) if CORPUS.is_dir() else []
    if found:
        return [(str(path.relative_to(CORPUS)), path.read_bytes()) for path in found]
    made = mails(Load(port=0, recipients=("a@b.example",), mails=500))
    return [(f"made-{number}", raw) for number, raw in enumerate(made)]


def ours(raw: bytes) -> None:
    """Everything that the inbound path computes for a mail."""
    reading = read(raw, "someone@forwarder.example")
    verdict = classify(
        reading.mail,
        reverse_path="someone@forwarder.example",
        own_lists=AROUND.own_addresses,
        report=reading.report,
    )
    attribute(reading.mail, verdict.mail_class, AROUND)


def yardstick(raw: bytes) -> None:
    """Python's parser, payloads decoded."""
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    for part in message.walk():
        if not part.is_multipart():
            part.get_payload(decode=True)


def cpu_ms(work: Callable[[bytes], None], raw: bytes) -> float:
    """The better of two runs, in milliseconds of CPU."""
    times = []
    for _ in range(2):
        begun = time.process_time()
        work(raw)
        times.append(1000 * (time.process_time() - begun))
    return min(times)


def main() -> None:
    """Print median, tail and the slowest ten, ours beside the yardstick."""
    found = specimens()
    times = sorted(((cpu_ms(ours, raw), len(raw), name) for name, raw in found), reverse=True)
    plain = []
    for _, raw in found:
        try:
            plain.append(cpu_ms(yardstick, raw))
        except Exception:  # noqa: BLE001 - it raises on broken mail, which is counted below
            continue
    values = [one[0] for one in times]
    print(f"\nunderstanding, {len(values)} mails: CPU ms a mail")
    for name, some in (("ours, everything", values), ("email.compat32, parse only", plain)):
        ordered = sorted(some)
        print(
            f"{name:28} median {statistics.median(ordered):.2f}"
            f"  p99 {ordered[len(ordered) * 99 // 100]:.2f}  max {ordered[-1]:.1f}"
            f"  read {len(ordered)}"
        )
    for ms, size, name in times[:10]:
        print(f"  {ms:8.1f} ms  {size:9} octets  {name}")


if __name__ == "__main__":
    main()

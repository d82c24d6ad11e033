"""The counters of the SMTP door as Prometheus metrics."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from app.smtp.counters import Counters

_TOTALS = {
    "connections": "SMTP connections accepted.",
    "tls_handshakes": "STARTTLS handshakes that succeeded.",
    "tls_failures": "STARTTLS handshakes that failed.",
    "timeouts": "SMTP sessions ended for silence or slowness.",
    "mails": "Mails kept.",
    "recipients": "Recipients that mails were kept for.",
    "octets": "Octets of the mails kept.",
}
_GAUGES = {
    "connections_open": "SMTP connections open now.",
    "octets_in_flight": "Octets of mail being received or committed now.",
}


def metrics_of(counters: Counters) -> Iterable[Metric]:
    """What the door has counted so far; refusals by reply code and enhanced status code."""
    for name, words in _TOTALS.items():
        yield CounterMetricFamily(f"hosted_inbox_smtp_{name}", words, getattr(counters, name))
    for name, words in _GAUGES.items():
        yield GaugeMetricFamily(f"hosted_inbox_smtp_{name}", words, getattr(counters, name))
    refusals = CounterMetricFamily(
        "hosted_inbox_smtp_refusals", "Commands and mails refused.", labels=["reply"]
    )
    for reply, count in counters.refusals.items():
        refusals.add_metric([reply], count)
    yield refusals

"""Figures and alerts in words, for terminals, mails and pages alike."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo

from .alerts import Alert, Change
from .distributions import Value
from .statistics import interval


def moment_of(at: int, zone: tzinfo = UTC) -> str:
    """A time, to the second."""
    return datetime.fromtimestamp(at // 1000, zone).strftime("%Y-%m-%d %H:%M:%S %Z")


def length_of(milliseconds: int) -> str:
    """A length of time."""
    return f"{milliseconds / 3_600_000:g} h" if milliseconds >= 3_600_000 else f"{milliseconds / 60_000:g} min"


def share(part: int, of: int) -> str:
    """A share in per cent; nothing of nothing."""
    return f"{100 * part / of:.1f}%" if of else "-"


def named(value: Value) -> str:
    """What calls are told apart by; what comes from a wire is shown without what a terminal would act on."""
    if value is None or value == "":
        return "unknown"
    return "".join(letter if letter.isprintable() else "?" for letter in str(value))[:60]


def headline(alert: Alert) -> str:
    """An alert in one line."""
    what = "stalls" if alert.about == "stalls" else alert.about
    sample = f"{alert.hits} of {alert.attempts} calls in {length_of(alert.window)}"
    if alert.change is Change.ENDS:
        return f"over: {alert.rule}, {named(alert.subject)}: {what} {share(alert.hits, alert.attempts)} ({sample})"
    low, high = interval(alert.hits, alert.attempts)
    weight = "severe" if alert.severe else "alert"
    return (
        f"{weight}: {alert.rule}, {named(alert.subject)}: {what} {share(alert.hits, alert.attempts)}, above "
        f"{100 * alert.above:g}% ({sample}; true share {100 * low:.1f}..{100 * high:.1f}%)"
    )


def facts_of(alert: Alert) -> Iterator[tuple[str, str]]:
    """What else there is to know of an alert: a name, and what it is."""
    attempts, hits = alert.week_before
    yield "a week before", f"{share(hits, attempts)} of {attempts} calls" if attempts else "no calls"
    if alert.others is not None:
        yield "all others", f"{share(alert.others[1], alert.others[0])} of {alert.others[0]} calls"
    if alert.volume is not None and alert.volume.usual is not None:
        yield "last hour", f"{alert.volume.attempts} calls, usually {alert.volume.usual:.1f}"
    if alert.cause:
        yield "likely cause", named_long(alert.cause)


def alert_lines(alert: Alert, zone: tzinfo = UTC) -> Iterator[str]:
    """An alert with all that it brings along."""
    yield headline(alert)
    if alert.change is Change.ENDS:
        return
    for name, said in facts_of(alert):
        yield f"  {name}: {said}"
    yield f"  {alert.advice}"
    for call in alert.evidence:
        to = f"{named(call['caller'])} -> {named(call['called'])}"
        code = named(call["code"] or call["outcome"])
        yield f"  {moment_of(int(call['began']), zone)}  {to}  {code}  Call-ID {named(call['call_id'])}"


def named_long(text: str) -> str:
    """A sentence, without what a terminal would act on."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:400]

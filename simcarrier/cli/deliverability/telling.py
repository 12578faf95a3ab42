"""Figures as lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo

from simcarrier.deliverability.alerts import Alert, Change
from simcarrier.deliverability.distributions import Value
from simcarrier.deliverability.overview import Overview
from simcarrier.deliverability.queries import Counts
from simcarrier.deliverability.statistics import interval

MOST_ROWS = 30
"""Rows of a table; the rest is counted."""

HEADS = ("calls", "answered", "603", "480", "486", "404/410", "503", "stalls")

Table = tuple[str, Sequence[str], Sequence[Sequence[str]], str]
"""Title, heads, rows, and what is said below."""


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


def _counted(counts: Counts) -> list[str]:
    parts = (
        counts.answered, counts.code_603, counts.code_480, counts.code_486, counts.code_404_410, counts.code_503,
        counts.stalls,
    )  # fmt: skip
    return [str(counts.attempts), *(share(part, counts.attempts) for part in parts)]


def _by(title: str, what: str, groups: Mapping[Value, Counts]) -> Table:
    found = sorted(groups.items(), key=lambda item: (-item[1].attempts, named(item[0])))
    rest = len(found) - MOST_ROWS
    rows = [[named(value), *_counted(counts)] for value, counts in found[:MOST_ROWS]]
    return title, (what, *HEADS), rows, f"and {rest} more" if rest > 0 else ""


def tables(told: Overview, zone: tzinfo) -> Iterator[Table]:
    """All tables of a report."""
    total = told.total.attempts
    codes = [
        [str(code or "none"), str(each.attempts), share(each.attempts, total)] for code, each in told.codes.items()
    ]
    yield "Final responses", ("code", "calls", "share"), codes, ""
    for name, groups in told.groups.items():
        words = name.replace("_", " ")
        yield _by(f"By {words}", words, groups)
    hours = [[f"{hour:02}:00", *_counted(counts)] for hour, counts in told.hours.items()]
    yield f"By hour ({moment_of(told.until, zone).rsplit(' ', 1)[-1]})", ("hour", *HEADS), hours, ""
    now = []
    for caller, counts in list(told.now.items())[:MOST_ROWS]:
        low, high = interval(counts.code_603, counts.attempts)
        between = f"{100 * low:.1f}..{100 * high:.1f}%"
        now.append([named(caller), str(counts.attempts), share(counts.code_603, counts.attempts), between])
    yield "The last 4 hours, by caller", ("caller", "calls", "603", "true share, 95 %"), now, ""
    if told.spikes:
        spikes = [
            [named(caller), str(each.attempts), f"{each.usual or 0:.1f}", f"{each.times or 0:.1f}"]
            for caller, each in told.spikes.items()
        ]
        yield "Spikes", ("caller", "last hour", "usual hour", "times"), spikes, ""
    if told.delays:
        delays = [
            [named(market), str(each.measured), *(f"{delay / 1000:.2f}" for delay in each.percentiles.values())]
            for market, each in told.delays.items()
        ]
        percentiles = [f"{each} %" for each in next(iter(told.delays.values())).percentiles]
        yield "Post-dial delay in seconds, by market", ("market", "measured", *percentiles), delays, ""


def lines(told: Overview, zone: tzinfo) -> Iterator[str]:
    """A report as text."""
    yield f"{told.total.attempts} calls after {moment_of(told.after, zone)}, up to {moment_of(told.until, zone)}"
    outcomes = ", ".join(f"{named(outcome)} {calls}" for outcome, calls in told.outcomes.items())
    yield outcomes or "nothing to tell"
    if not told.total.attempts:
        return
    yield ""
    yield "Alerts" if told.alerts else "No alerts"
    for alert in told.alerts:
        yield from alert_lines(alert, zone)
    for title, heads, rows, below in tables(told, zone):
        yield ""
        yield title
        widths = [max(len(row[at]) for row in [heads, *rows]) for at in range(len(heads))]
        for row in [heads, *rows]:
            first, *others = (
                cell.ljust(width) if at == 0 else cell.rjust(width)
                for at, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
            yield "  ".join([first, *others]).rstrip()
        if below:
            yield below
    yield ""
    yield "The last 24 hours against the five days before"
    for each in told.baselines:
        yield str(each)


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


def alert_lines(alert: Alert, zone: tzinfo = UTC) -> Iterator[str]:
    """An alert with all that it brings along."""
    yield headline(alert)
    if alert.change is Change.ENDS:
        return
    attempts, hits = alert.week_before
    yield f"  a week before: {share(hits, attempts)} of {attempts} calls" if attempts else "  a week before: no calls"
    if alert.others is not None:
        yield f"  all others: {share(alert.others[1], alert.others[0])} of {alert.others[0]} calls"
    if alert.volume is not None and alert.volume.usual is not None:
        yield f"  last hour: {alert.volume.attempts} calls, usually {alert.volume.usual:.1f}"
    if alert.cause:
        yield f"  likely cause: {named_long(alert.cause)}"
    yield f"  {alert.advice}"
    for call in alert.evidence:
        to = f"{named(call['caller'])} -> {named(call['called'])}"
        code = named(call["code"] or call["outcome"])
        yield f"  {moment_of(int(call['began']), zone)}  {to}  {code}  Call-ID {named(call['call_id'])}"


def named_long(text: str) -> str:
    """A sentence, without what a terminal would act on."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:400]

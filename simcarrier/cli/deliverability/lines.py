"""A report as text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo

from simcarrier.deliverability.overview import Overview
from simcarrier.deliverability.tables import tables
from simcarrier.deliverability.telling import alert_lines, moment_of, named


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
    for table in tables(told, zone):
        yield ""
        yield table.title
        cells = [table.heads, *([cell.text for cell in row] for row in table.rows)]
        widths = [max(len(row[at]) for row in cells) for at in range(len(table.heads))]
        for row in cells:
            first, *others = (
                text.ljust(width) if at == 0 else text.rjust(width)
                for at, (text, width) in enumerate(zip(row, widths, strict=True))
            )
            yield "  ".join([first, *others]).rstrip()
        if table.below:
            yield table.below
    yield ""
    yield "The last 24 hours against the five days before"
    for each in told.baselines:
        yield str(each)

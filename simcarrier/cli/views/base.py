"""What every view of a run is told, and the summary that it shows last."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from simcarrier.attachment import Findings
from simcarrier.conduct.report import Report
from simcarrier.net.media import MediaDesk
from simcarrier.records.model import CallRecord
from simcarrier.service import CarrierService
from simcarrier.verdict.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run comes to.

    Attributes:
        calls: how many calls ended.
        codes: how often each final code was sent, as text; ``none`` for calls that got none.
        unmatched: how many calls no rule took.
        failures: expectations that were not met, and what went wrong with the dialler, in words.
        outcomes: all expectations, judged, in the scenario's order.
        conduct: what the callers did wrong on the wire.
        media: packets of audio by what became of them, and as ``late`` the seconds within which 99 % left; empty if
            there was no audio.
        dropped: messages that could not be used, by kind; empty if there were none.
        access: challenges, registrations and refused credentials, by kind; empty if there were none.
        untold: call events that could not be written in time, because whoever reads them is too slow.
    """

    calls: int
    codes: dict[str, int]
    unmatched: int
    failures: tuple[str, ...] = ()
    dropped: dict[str, int] = field(default_factory=dict)
    untold: int = 0
    access: dict[str, int] = field(default_factory=dict)
    outcomes: tuple[Outcome, ...] = ()
    conduct: Report = field(default_factory=Report)
    media: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, carrier: CarrierService, findings: Findings, untold: int = 0) -> Summary:
        """The summary of a carrier that has stopped."""
        journal = carrier.journal
        codes = {
            "none" if code is None else str(code): count
            for code, count in sorted(journal.codes.items(), key=lambda item: item[0] or 0)
        }
        seen = carrier.switch.engine.counters
        net = carrier.driver.counters
        dropped = {
            "malformed": seen.malformed,
            "refused": seen.refused,
            "overloaded": seen.overloaded,
            "broken_streams": net.broken,
            "send_failures": net.send_failures,
            "engine_errors": net.engine_errors,
        }
        kept = {name: count for name, count in dropped.items() if count}
        counted = carrier.switch.carrier.business.world.customers.counters.as_dict()
        access = {name: count for name, count in counted.items() if count}
        return cls(
            journal.calls,
            codes,
            journal.unmatched,
            findings.failures,
            kept,
            untold,
            access,
            findings.outcomes,
            findings.conduct,
            {} if carrier.media is None else media_figures(carrier.media),
        )


def media_figures(desk: MediaDesk) -> dict[str, float]:
    """The figures of audio, as the event ``summary`` tells them."""
    counted = desk.counters
    told: dict[str, float] = {
        "sent": counted.sent,
        "received": counted.received,
        "withheld": counted.withheld,
        "strangers": counted.strangers,
        "without": counted.without,
    }
    return told | {"late": round(desk.metronome.pace.percentile(0.99), 6)} if any(told.values()) else {}


class View(Protocol):
    """A way to show a run."""

    @property
    def untold(self) -> int:
        """Calls that could not be told in time."""

    def listening(self, carrier: CarrierService) -> None:
        """The carrier can be called."""

    def call(self, record: CallRecord) -> None:
        """A call has ended."""

    def finish(self, summary: Summary) -> None:
        """The run is over; everything is to be out when this returns."""

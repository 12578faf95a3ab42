"""A run as JSON, one event a line: ``listening``, a ``call`` for each call when it has ended, last ``summary``."""

from __future__ import annotations

import json
from typing import Any, TextIO

from simcarrier.attachment import Findings
from simcarrier.records.model import CallRecord
from simcarrier.service import CarrierService

from .base import Summary
from .writer import LineWriter

_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


class JsonView:
    """Events for programs."""

    def __init__(self, stream: TextIO) -> None:
        self._writer = LineWriter(stream)

    @property
    def untold(self) -> int:
        """Events that were given up because nobody read them."""
        return self._writer.untold

    def listening(self, carrier: CarrierService) -> None:
        """One event a listener."""
        web = {"control": carrier.control, "dashboard": carrier.dashboard}
        served = {name: url for name, url in web.items() if url is not None}
        for address in carrier.addresses:
            self._event("listening", {"address": str(address), **served})

    def call(self, record: CallRecord) -> None:
        """A call has ended."""
        self._event("call", record.as_dict())

    def finish(self, summary: Summary) -> None:
        """The figures of the run."""
        for fault in summary.conduct.faults:
            self._event("conduct", fault.as_dict())
        told: dict[str, Any] = {
            "calls": summary.calls,
            "codes": summary.codes,
            "unmatched": summary.unmatched,
            "failures": list(summary.failures),
            "dropped": summary.dropped,
            "untold": summary.untold,
            "access": summary.access,
            "outcomes": [outcome.as_dict() for outcome in summary.outcomes],
            "conduct": summary.conduct.counts,
            "media": summary.media,
        }
        self._event("summary", told)
        self._writer.close()

    def over(self, carrier: CarrierService, findings: Findings) -> None:
        """The same, of a run that has been judged."""
        self.finish(Summary.of(carrier, findings, self.untold))

    def _event(self, kind: str, told: dict[str, Any]) -> None:
        self._writer.write(_encode({"event": kind, **told}))

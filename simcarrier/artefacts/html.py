"""``--html FILE``: a page about the run, written when it is over."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from simcarrier import __version__
from simcarrier.attachment import CannotAttach, Findings
from simcarrier.records.model import CallRecord
from simcarrier.records.transcript import Passed
from simcarrier.service import CarrierService
from simcarrier.sip.transport import Channel

from .files import create, is_gone, remove_if_empty
from .in_words import time_text
from .kept import PINNED, KeptMessages
from .page import NoTemplates, Report, check_templates, render
from .tap import Tap, turned


class Html(Tap):
    """Keeps what a page needs, and writes it.

    Args:
        path: the file; what is in it is lost.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._file = -1
        self._kept = KeptMessages()
        self._conditions: Counter[str] = Counter()
        self._pinned: list[CallRecord] = []
        self._unmatched = 0
        self._began = 0.0
        self._report: Report | None = None

    async def open(self) -> None:
        """Make the file.

        Raises:
            CannotAttach: it cannot be written, or the package that makes pages is missing.
        """
        try:
            check_templates()
        except NoTemplates as error:
            raise CannotAttach(str(error)) from error
        self._file = create(self._path)

    async def started(self, carrier: CarrierService) -> None:
        """Follow its calls."""
        self._began = carrier.wall(asyncio.get_running_loop().time())
        carrier.journal.listeners.append(self._ended)

    def _ended(self, record: CallRecord) -> None:
        if record.condition is not None:
            self._conditions[record.condition] += 1
        if len(self._pinned) < PINNED:
            self._pinned.append(record)
        elif not record.matched and self._unmatched < PINNED:
            self._unmatched += 1
            self._pinned.append(record)

    def take(self, messages: Sequence[tuple[Passed, Channel]]) -> None:
        """Keep messages, as the caller saw them: that is the left side of a ladder."""
        for passed, _ in messages:
            self._kept.add(turned(passed))

    async def finished(self, carrier: CarrierService, findings: Findings) -> None:
        """Note when it was over; the page follows when all messages are kept."""
        if self._began:
            self._report = self._about(carrier, findings)
        await super().finished(carrier, findings)

    def _about(self, carrier: CarrierService, findings: Findings) -> Report:
        """What the page says, but for the messages."""
        over = carrier.wall(asyncio.get_running_loop().time())
        journal, scenario = carrier.journal, carrier.scenario
        records = {record.number: record for record in (*self._pinned, *journal.recent)}
        facts = [
            ("began", time_text(self._began)),
            ("took", f"{over - self._began:,.1f} s"),
            ("listened on", ", ".join(map(str, carrier.addresses))),
            ("dialect", scenario.carrier.dialect),
            ("simcarrier", __version__),
        ]
        return Report(
            name=scenario.name,
            description=scenario.description or "",
            facts=facts,
            failures=findings.failures,
            codes=journal.codes,
            conditions=self._conditions,
            outcomes=findings.outcomes,
            breaches=findings.breaches,
            conduct=findings.conduct,
            records=list(records.values()),
            calls=journal.calls,
        )

    def close(self, findings: Findings) -> None:
        """Write the page.

        Raises:
            CannotAttach: it cannot be written, or is gone.
        """
        if self._report is None:
            remove_if_empty(self._path, self._file)
            os.close(self._file)
            return
        notes = [f"{self.lost:,} messages were not looked at: there were too many at once."] if self.lost else []
        of_calls = {record.call_id for record in self._report.records}
        report = replace(
            self._report,
            transcripts={call_id: kept for call_id in of_calls if (kept := self._kept.of(call_id)) is not None},
            # If calls have no record any more, nobody knows which messages are of none.
            others=self._kept.others(of_calls) if self._report.calls == len(self._report.records) else {},
            notes=notes,
        )
        page = render(report)
        try:
            with open(self._file, "w", encoding="utf-8") as file:
                gone = is_gone(self._path, self._file)
                file.write(page)
        except OSError as error:
            raise CannotAttach(f"{self._path} cannot be written: {error.strerror or error}") from error
        if gone:
            raise CannotAttach(f"{self._path} has been deleted or replaced while the run went on")

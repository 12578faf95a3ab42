"""``--junit FILE``: the verdict on a run for a CI system, a test case for each expectation."""

from __future__ import annotations

import os
import time
from pathlib import Path

from simcarrier.attachment import Attachment, CannotAttach, Findings
from simcarrier.service import CarrierService
from simcarrier.verdict.junit import JunitRun, render

from .files import create, is_gone, remove_if_empty


class Junit(Attachment):
    """Writes the report when the run is over; the file is made before, so that one that can't be is told of in time.

    Args:
        path: the file; what is in it is lost.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = -1
        self._started: float | None = None

    async def attach(self, carrier: CarrierService) -> None:
        """Make the file.

        Raises:
            CannotAttach: it cannot be written.
        """
        self._file = create(self._path)

    async def started(self, carrier: CarrierService) -> None:
        """The time runs from here."""
        self._started = time.time()

    async def finished(self, carrier: CarrierService, findings: Findings) -> None:
        """Write the report.

        Raises:
            CannotAttach: not all of it is in the file.
        """
        if self._started is None:
            remove_if_empty(self._path, self._file)
            os.close(self._file)
            return
        unmet = {str(outcome) for outcome in findings.outcomes if not outcome.met}
        journal = carrier.journal
        codes = sorted(journal.codes.items(), key=lambda item: item[0] or 0)
        said = ", ".join(f"{count} x {'none' if code is None else code}" for code, count in codes)
        run = JunitRun(
            carrier.scenario.name,
            self._started,
            time.time() - self._started,
            findings.outcomes,
            tuple(failure for failure in findings.failures if failure not in unmet),
            (f"{journal.calls} call{'' if journal.calls == 1 else 's'}{': ' if said else ''}{said}",),
        )
        try:
            gone = is_gone(self._path, self._file)
            with open(self._file, "w", encoding="utf-8", newline="\n") as stream:
                stream.write(render(run))
        except OSError as error:
            raise CannotAttach(f"{self._path} is not complete: {error.strerror or error}") from error
        if gone:
            raise CannotAttach(f"{self._path} has been deleted or replaced while the carrier ran")

"""``--json FILE``: the JSON events of a run in a file, while the terminal has the view for people."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TextIO

from simcarrier.attachment import Attachment, CannotAttach, Findings
from simcarrier.records.model import CallRecord
from simcarrier.service import CarrierService

from .files import create, is_gone, remove_if_empty


class Events(Protocol):
    """Tells a run to a stream."""

    @property
    def untold(self) -> int:
        """Events that were given up."""

    def listening(self, carrier: CarrierService) -> None:
        """The carrier can be called."""

    def call(self, record: CallRecord) -> None:
        """A call has ended."""

    def over(self, carrier: CarrierService, findings: Findings) -> None:
        """The run is over; everything is to be out when this returns."""


class JsonFile(Attachment):
    """Writes events as they come.

    Args:
        path: the file; what is in it is lost.
        events: makes what writes them, from the stream. Shared with the command's standard output, so that both tell
            the same.
    """

    def __init__(self, path: Path, events: Callable[[TextIO], Events]) -> None:
        self._path = path
        self._make = events
        self._file = -1
        self._stream: _Noted
        self._events: Events | None = None

    async def attach(self, carrier: CarrierService) -> None:
        """Make the file.

        Raises:
            CannotAttach: it cannot be written.
        """
        self._file = create(self._path)

    async def started(self, carrier: CarrierService) -> None:
        """Tell where it listens, and follow its calls."""
        self._stream = _Noted(self._file)
        self._events = self._make(self._stream)
        self._events.listening(carrier)
        carrier.journal.listeners.append(self._events.call)

    async def finished(self, carrier: CarrierService, findings: Findings) -> None:
        """Tell the summary.

        Raises:
            CannotAttach: not all of it is in the file.
        """
        if self._events is None:
            remove_if_empty(self._path, self._file)
            os.close(self._file)
            return
        self._events.over(carrier, findings)
        gone = is_gone(self._path, self._file)
        with contextlib.suppress(OSError):  # noted
            self._stream.close()
        failed = self._stream.failed
        if failed is not None:
            raise CannotAttach(f"{self._path} is not complete: {failed.strerror or failed}")
        if self._events.untold:
            raise CannotAttach(f"{self._path} is not complete: {self._events.untold:,} events were not written in time")
        if gone:
            raise CannotAttach(f"{self._path} has been deleted or replaced while it was written")


class _Noted(io.TextIOWrapper):
    """A text file that keeps the error it failed with: who writes to it is a thread that nobody asks.

    Attributes:
        failed: the first error.
    """

    def __init__(self, file: int) -> None:
        super().__init__(open(file, "wb"), encoding="utf-8", newline="\n")  # noqa: SIM115 - it is closed with this
        self.failed: OSError | None = None

    def write(self, text: str, /) -> int:
        """Keep it for the file.

        Raises:
            OSError: the file cannot take it.
        """
        try:
            return super().write(text)
        except OSError as error:
            self.failed = self.failed or error
            raise

    def flush(self) -> None:
        """Have all in the file.

        Raises:
            OSError: as above.
        """
        try:
            super().flush()
        except OSError as error:
            self.failed = self.failed or error
            raise

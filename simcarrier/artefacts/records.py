"""``--records``: every call of a run as a row of a table, written by a thread of its own."""

from __future__ import annotations

import asyncio
import time

from simcarrier.attachment import Attachment, CannotAttach, Findings
from simcarrier.deliverability.destinations import Destinations
from simcarrier.records.model import CallRecord
from simcarrier.records.row import Row, row_of_call
from simcarrier.service import CarrierService
from simcarrier.stores.address import StoreAddress
from simcarrier.stores.completing import Completing
from simcarrier.stores.recording import CannotRecord, in_words, run_name, start_recording
from simcarrier.stores.writer import Writer

from .files import say


class Records(Attachment):
    """Records calls.

    Args:
        address: where to.
        destinations: tells where the numbers called lead.
    """

    def __init__(self, address: StoreAddress, destinations: Destinations) -> None:
        self._address = address
        self._destinations = destinations
        self._writer: Writer[CallRecord] | None = None

    async def attach(self, carrier: CarrierService) -> None:
        """Open the store.

        Raises:
            CannotAttach: the store cannot be used.
        """
        run = run_name(carrier.scenario.name, time.time())
        complete = Completing(self._destinations)

        def row(record: CallRecord) -> Row:
            return complete(row_of_call(record, run))

        try:
            self._writer = await asyncio.to_thread(start_recording, self._address, row, say)
        except CannotRecord as error:
            raise CannotAttach(str(error)) from error

    async def started(self, carrier: CarrierService) -> None:
        """Follow its calls."""
        if self._writer is not None:
            carrier.journal.listeners.append(self._writer.put)

    async def finished(self, carrier: CarrierService, findings: Findings) -> None:
        """Write what is left.

        Raises:
            CannotAttach: records were dropped.
        """
        if self._writer is None:
            return
        # The store may take its time, but nobody calls any more.
        state = await asyncio.to_thread(self._writer.close)
        _, *bad = in_words(self._address, state)
        if state.dropped:
            raise CannotAttach("; ".join(bad))
        for text in bad:
            say(text)

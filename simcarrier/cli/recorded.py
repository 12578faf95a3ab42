"""The calls of a probe as rows of a table: ``--records``."""

from __future__ import annotations

import time
from collections.abc import Callable

from simcarrier.deliverability.destinations import Destinations
from simcarrier.probe.result import Result
from simcarrier.records.observation import Observation
from simcarrier.records.row import Row, row_of_probe
from simcarrier.stores.address import StoreAddress
from simcarrier.stores.completing import Completing
from simcarrier.stores.recording import in_words, run_name, start_recording
from simcarrier.stores.writer import Writer

Seen = tuple[Observation, str | None]
"""What was seen of a call, and its probable cause."""


class Recorded:
    """Records what a probe tells, if it is to be recorded.

    Args:
        address: where to; None for nowhere.
        name: of the plan.
        tell: says something to the user.
        destinations: tells where the numbers called lead.
    """

    def __init__(
        self, address: StoreAddress | None, name: str, tell: Callable[[str], None], destinations: Destinations
    ) -> None:
        self._address = address
        self._name = name
        self._tell = tell
        self._destinations = destinations
        self._complete: Completing | None = None
        self._run: str | None = None
        self._writer: Writer[Seen] | None = None

    def __enter__(self) -> Recorded:
        """Open the store.

        Raises:
            CannotRecord: it cannot be used.
        """
        if self._address is not None:
            self._complete = Completing(self._destinations)
            self._run = run_name(self._name, time.time())
            self._writer = start_recording(self._address, self._row, self._tell)
        return self

    def __exit__(self, *said: object) -> None:
        if self._writer is not None and self._address is not None:
            _, *bad = in_words(self._address, self._writer.close())
            for text in bad:
                self._tell(text)

    def tell(self, result: Result) -> None:
        """A call has ended, and its follow-ups; those that were not made, or rang nowhere, are no calls."""
        if self._writer is None:
            return
        if result.observation is not None:
            cause = result.diagnosis.ranked[0].condition if result.diagnosis and result.diagnosis.ranked else None
            self._writer.put((result.observation, None if cause is None else str(cause)))
        for one in result.follow_ups:
            if one.observation is not None and one.observation.called:
                self._writer.put((one.observation, None))

    def _row(self, seen: Seen) -> Row | None:
        """In the writer's thread."""
        observation, cause = seen
        causes = [] if cause is None else [{"condition": cause}]
        row = row_of_probe({"observation": observation.as_dict(), "causes": causes}, self._run)
        return row if row is None or self._complete is None else self._complete(row)

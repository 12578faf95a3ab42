"""A carrier with its dashboard, on a thread and a loop of its own, and what tests want of it."""

from __future__ import annotations

from pathlib import Path

from simcarrier.dashboard.port import Dashboard
from simcarrier.dashboard.running import Running
from simcarrier.stores.address import StoreAddress
from simcarrier.web.access import WebAddress
from tests.web.kit import LOCAL, SCENARIO, Controlled

HTML = {"accept": "text/html,*/*;q=0.8"}
"""What a browser says when a page is wanted."""


class Dashed(Controlled):
    """A carrier with its pages.

    Args:
        text: the scenario.
        records: where stored calls are; none are written there by itself.
    """

    def __init__(
        self,
        text: str = SCENARIO,
        *,
        address: WebAddress = LOCAL,
        token: str | None = None,
        records: Path | str | None = None,
    ) -> None:
        super().__init__(text, address=address, token=token)
        kept = None if records is None else StoreAddress.parse(str(records))
        self.control = self.dashboard = Dashboard(address, token, kept)

    @property
    def running(self) -> Running:
        """What the pages see of the carrier; to be touched by `ask` only."""
        site = self.dashboard.site
        assert site is not None
        assert site.sources.running is not None
        return site.sources.running

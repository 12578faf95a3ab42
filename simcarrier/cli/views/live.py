"""A run on a terminal: codes, calls that are up, calls that ended last; drawn anew four times a second."""

from __future__ import annotations

from collections import deque

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from simcarrier.records.model import CallRecord
from simcarrier.service import CarrierService

from .base import Summary
from .text import call_line, headline, near_miss_lines, summary_lines, web_place

SHOWN = 12
"""Calls that ended last."""


class LiveView:
    """A picture that moves."""

    untold = 0

    def __init__(self, console: Console) -> None:
        self._console = console
        self._recent: deque[CallRecord] = deque(maxlen=SHOWN)
        self._carrier: CarrierService | None = None
        self._live = Live(console=console, refresh_per_second=4, get_renderable=self._draw, transient=True)

    def listening(self, carrier: CarrierService) -> None:
        """Begin to draw."""
        self._carrier = carrier
        self._live.start()

    def call(self, record: CallRecord) -> None:
        """A call has ended."""
        self._recent.append(record)

    def finish(self, summary: Summary) -> None:
        """Leave the last calls and the summary standing."""
        self._live.stop()
        for record in self._recent:
            self._console.print(Text(call_line(record), style=_style(record.code)))
            for line in near_miss_lines(record):
                self._console.print(Text(line, style="dim"))
        for line in summary_lines(summary):
            self._console.print(Text(line))

    def _draw(self) -> Group:
        carrier = self._carrier
        if carrier is None:
            return Group()
        codes = Table("code", "calls", "share", box=None, pad_edge=False)
        journal = carrier.journal
        for code, count in sorted(journal.codes.items(), key=lambda item: -item[1])[:SHOWN]:
            style = _style(code)
            codes.add_row(Text(str(code or "none"), style), str(count), f"{count / max(journal.calls, 1):.0%}")
        listening = ", ".join(map(str, carrier.addresses))
        if (place := web_place(carrier)) is not None:
            listening += f", {place}"
        trunk = "".join(f", {said}" for said in carrier.switch.carrier.business.state())
        head = Text(f"{headline(carrier)}\n{listening}\n", style="bold")
        up = Text(
            f"calls up {len(carrier.switch.calls)}{trunk}, ended {journal.calls}, unmatched {journal.unmatched}\n"
        )
        recent = [Text(call_line(record), style=_style(record.code), no_wrap=True) for record in self._recent]
        return Group(head, up, codes, Text(), *recent, Text("Ctrl-C ends the run", style="dim"))


def _style(code: int | None) -> str:
    if code is None:
        return "magenta"
    return {2: "green", 3: "cyan", 4: "yellow", 5: "red", 6: "red"}.get(code // 100, "")

"""Where the text of a scenario lies: without passwords, ready to be shown, and read when it comes back.

Reading takes up to a second for a thousand rules, so a thread does it, and one text after the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from markupsafe import Markup

from simcarrier.scenario.business.customers import HIDDEN
from simcarrier.scenario.models import Scenario
from simcarrier.scenario.rereading import Rereading
from simcarrier.service import CarrierService
from simcarrier.web.body import LARGEST

from .editing import Examined, examine, lines_of
from .verbatim import listed

BESIDES: Final = 1024
"""Bytes of a form beside its text."""

_MADE_IN_PYTHON: Final = "The scenario was made in Python: there is no text of it."
_NOT_SHOWN: Final = (
    "The text is not shown: a password is written in it in a way that it cannot be left out, such as a key or a merge."
)
_USED_ELSEWHERE: Final = (
    "The text can be read here but not edited: a password in it is used in another place, too, and passwords are not "
    "shown. Edit the file and start it again."
)
_TOO_LARGE: Final = (
    "The text can be read here but not edited: it is larger than the {} kB that a form may have. Edit the file and "
    "start it again, or change rules by the API."
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """The text of a scenario as it can be shown.

    Attributes:
        scenario: that it is of.
        name: what it is called in faults.
        file: a name for it as a file.
        text: without passwords; None if there is none to show.
        listing: its lines.
        parameters: name, value, and whether it was set from outside.
        fixed: why it cannot be edited; empty if it can.
        scrub: hides passwords in any text.
        rereading: reads it again; None if there is none to read.
    """

    scenario: Scenario
    name: str
    file: str
    text: str | None
    listing: Markup
    parameters: tuple[tuple[str, str, bool], ...]
    fixed: str
    scrub: Callable[[str], str]
    rereading: Rereading | None


def sheet_of(scenario: Scenario) -> Sheet:
    """Get a scenario ready to be shown; with passwords that takes as long as reading it twice."""
    name = scenario.original.name
    file = "scenario.yaml" if scenario.path is None else scenario.path.name
    if scenario.original.text is None:
        parameters = tuple((name, value, False) for name, value in scenario.parameters.items())
        return Sheet(scenario, name, file, None, Markup(""), parameters, _MADE_IN_PYTHON, str, None)
    rereading = Rereading(scenario)
    text = rereading.shown
    parameters = tuple((name, value, name in rereading.given) for name, value in rereading.parameters.items())
    fixed = _NOT_SHOWN if text is None else ""
    if text is not None and len(urlencode({"text": text.replace("\n", "\r\n")})) > LARGEST - BESIDES:
        fixed = _TOO_LARGE.format(LARGEST // 1024)
    elif text is not None and HIDDEN in text:
        same = examine(text, rereading, scenario)
        fixed = _USED_ELSEWHERE if same.faults or same.changes else ""
    listing = Markup("") if text is None else listed(lines_of(text))
    return Sheet(scenario, name, file, text, listing, parameters, fixed, rereading.scrub, rereading)


class Desk:
    """The text of a carrier's scenario.

    Args:
        carrier: whose scenario may be another one later.
    """

    def __init__(self, carrier: CarrierService) -> None:
        self._carrier = carrier
        self._sheet: Sheet | None = None
        self._one = asyncio.Lock()

    async def sheet(self) -> Sheet:
        """The text as it runs."""
        found = self._sheet
        if found is None or found.scenario is not self._carrier.scenario:
            async with self._one:
                found = self._sheet
                if found is None or found.scenario is not self._carrier.scenario:
                    self._sheet = found = await asyncio.to_thread(sheet_of, self._carrier.scenario)
        return found

    async def examine(self, typed: str) -> Examined:
        """Look at a text that came back; nothing changes."""
        sheet = await self.sheet()
        if sheet.rereading is None:
            return Examined()
        async with self._one:
            return await asyncio.to_thread(examine, typed, sheet.rereading, sheet.scenario)

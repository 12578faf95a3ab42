"""What goes along with a run without being the carrier: a capture, a report, a control port.

The command line makes attachments from its options and hands them to the run, which calls each one at three moments. An
attachment that cannot begin says so before the first call; one that fails later must not cost a call.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from simcarrier.conduct.breach import Breach
from simcarrier.conduct.report import Report
from simcarrier.service import CarrierService
from simcarrier.verdict.outcome import Outcome


class CannotAttach(RuntimeError):
    """An attachment cannot begin: a file, an address or a package is not to be had. The text says what and why."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What a run that is over comes to.

    Attributes:
        outcomes: the scenario's expectations, judged, in the scenario's order.
        breaches: what the dialler did wrong on the wire; empty if nobody looked.
        failures: everything that makes the run fail, in words: unmet expectations, a dialler that ended badly.
        conduct: the breaches by rule, with their counts.
    """

    outcomes: tuple[Outcome, ...] = ()
    breaches: tuple[Breach, ...] = ()
    failures: tuple[str, ...] = ()
    conduct: Report = field(default_factory=Report)


class Attachment:
    """Does nothing at all three moments; override what is needed."""

    async def attach(self, carrier: CarrierService) -> None:
        """Before the carrier listens: watch its messages (`CarrierService.watch`), open files.

        Raises:
            CannotAttach: told to the user; the run does not begin, exit status 3.
        """

    async def started(self, carrier: CarrierService) -> None:
        """It listens: `CarrierService.addresses` are known, and its journal may be listened to.

        Raises:
            CannotAttach: as above.
        """

    async def finished(self, carrier: CarrierService, findings: Findings) -> None:
        """The carrier has stopped and has been judged: write, close. Called for each that was attached.

        Raises:
            CannotAttach: what was to be written could not be; told to the user, exit status 3.
        """

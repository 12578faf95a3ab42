"""All that is needed to make one call, put together before it is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from simcarrier.sip.invitation import Invitation

from .deadlines import Deadlines
from .target import Target


@dataclass(frozen=True, slots=True)
class Order:
    """A call to be made.

    Attributes:
        number: its number within the run, from 1.
        trunk: the trunk's name.
        invitation: what the INVITE is made of, without credentials.
        caller, called: the numbers.
        targets: the addresses to try, in order.
        deadlines: how long to wait.
        username, password: credentials; None for none.
        redirects: how many redirects are followed.
        concurrent: how many calls are up on the trunk, this one included.
        countries: whose tones are to be expected, if it is listened to.
        recording: the file that what is heard is written to; None for none.
    """

    number: int
    trunk: str
    invitation: Invitation
    caller: str
    called: str
    targets: Sequence[Target]
    deadlines: Deadlines
    username: str | None = None
    password: str | None = None
    redirects: int = 0
    concurrent: int = 1
    countries: tuple[str, ...] = ()
    recording: Path | None = None

    def __repr__(self) -> str:
        return f"<Order {self.number}: {self.caller} calls {self.called}>"

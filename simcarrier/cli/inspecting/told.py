"""What is told of one message or token, fit to be printed whatever a peer has sent."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Unknown(Exception):
    """It cannot be read; the text completes the file's name."""


@dataclass
class Inspected:
    """What is told of one message or token.

    Attributes:
        what: what it is.
        facts: labels and texts, in order.
        faults: what is against the standards, each with the section.
        told: the same for programs, as far as it has a form of its own.
    """

    what: str
    facts: list[tuple[str, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    told: dict[str, Any] = field(default_factory=dict)

    def fact(self, label: str, text: object) -> None:
        """Note one; what a peer sent is made fit to be printed."""
        self.facts.append((label, printable(text)))

    def fault(self, text: object, section: str) -> None:
        """Note one."""
        self.faults.append(f"{printable(text)} ({section})")

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"what": self.what, **self.told, "facts": [list(one) for one in self.facts], "faults": self.faults}


def printable(text: object) -> str:
    """A peer's text as it may be printed."""
    return _UNPRINTABLE.sub("?", str(text))

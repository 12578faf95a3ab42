"""What is wrong with something signed, by a name that reports and tests can count on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Attributes:
        name: from a closed list, see the docs; ``alg X is not allowed`` holds the algorithm.
        detail: what was seen, in words; may be empty. Fit to be printed, whatever the peer sent.
        answer: the SIP status code that tells the peer, where there is one.
    """

    name: str
    detail: str = ""
    answer: int | None = None

    def __str__(self) -> str:
        return f"{self.name}: {self.detail}" if self.detail else self.name


def shown(text: object, longest: int = 60) -> str:
    """A peer's text as it may be printed: short, and without control characters or broken Unicode."""
    plain = "".join(char if char.isprintable() else "?" for char in str(text)[: longest + 1])
    return plain if len(plain) <= longest else plain[:longest] + "..."

"""What a run of a plan comes to, counted."""

from __future__ import annotations

from dataclasses import dataclass, field

from .result import Result

MOST_NOTES = 100
"""Notes kept: a plan that runs for weeks must not collect the same ones for ever."""


@dataclass(slots=True)
class Summary:
    """What a run comes to.

    Attributes:
        calls: calls made, follow-ups left out.
        follow_ups: calls and requests made to find the causes of failed ones.
        refused: calls that the guard did not permit.
        unexpected: calls that came to something else than expected.
        not_made: calls left when the probe was told to stop.
        verdicts, codes: how often each.
        interrupted: it was told to stop.
        notes: what went wrong beside the calls, such as a registration that was refused.
    """

    calls: int = 0
    refused: int = 0
    unexpected: int = 0
    not_made: int = 0
    verdicts: dict[str, int] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    interrupted: bool = False
    notes: list[str] = field(default_factory=list)
    follow_ups: int = 0

    def add(self, result: Result) -> None:
        """Count a call."""
        self.verdicts[result.verdict] = self.verdicts.get(result.verdict, 0) + 1
        if result.observation is None:
            self.refused += 1
            return
        self.calls += 1
        self.follow_ups += sum(one.refusal is None for one in result.follow_ups)
        self.unexpected += result.difference is not None
        final = result.observation.final
        code = "none" if final is None else str(final.code)
        self.codes[code] = self.codes.get(code, 0) + 1

    def note(self, text: str) -> None:
        """Add a note, once."""
        if text not in self.notes and len(self.notes) < MOST_NOTES:
            self.notes.append(text)

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return {
            "event": "summary",
            "calls": self.calls,
            "follow_ups": self.follow_ups,
            "refused": self.refused,
            "unexpected": self.unexpected,
            "not_made": self.not_made,
            "verdicts": self.verdicts,
            "codes": dict(sorted(self.codes.items())),
            "interrupted": self.interrupted,
            "notes": self.notes,
        }

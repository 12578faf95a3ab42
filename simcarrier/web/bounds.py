"""How many calls are wanted, where somebody waits for them or has them judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .problems import BAD_PARAMETERS, Problem, Wrong


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many calls are wanted."""

    at_least: int | None
    at_most: int | None

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Bounds:
        """What a query says; one call or more if it says nothing.

        Raises:
            Problem: it says what no number of calls can be.
        """
        exactly, least, most = values["exactly"], values["at_least"], values.get("at_most")
        if exactly is not None:
            if least is not None or most is not None:
                raise _wrong("exactly", "stands alone, without at_least and at_most")
            return cls(exactly, exactly)
        if least is not None and most is not None and least > most:
            raise _wrong("at_least", f"must not be more than at_most, {most}")
        return cls(1 if least is None and most is None else least, most)

    def holds(self, count: int) -> bool:
        """Whether so many calls are as many as wanted."""
        return (self.at_least is None or count >= self.at_least) and (self.at_most is None or count <= self.at_most)

    def __str__(self) -> str:
        if self.at_least == self.at_most:
            return f"exactly {self.at_least}"
        said = [] if self.at_least is None else [f"at least {self.at_least}"]
        return " and ".join(said if self.at_most is None else [*said, f"at most {self.at_most}"])


def _wrong(name: str, why: str) -> Problem:
    return Problem(BAD_PARAMETERS, f'"{name}" {why}', [Wrong(name, why)])

"""What a scenario was read from, kept so that it can be shown, and read again when it was changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Original:
    """A text. Scenarios that say the same are equal whatever they were read from, so all of these are.

    Attributes:
        text: as it was read, passwords included; None for a scenario that was made in Python.
        name: what stands for it in faults.
        given: the parameters that were set from outside.
    """

    text: str | None = field(default=None, compare=False, repr=False)
    name: str = field(default="", compare=False)
    given: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

"""Calls over time as stacked columns: one column a step of the `Meter`, one colour a class of codes.

All columns of a class are one path of an SVG, written here and not in a template: it is made anew with every beat. The
scale stands in the picture's viewBox alone, so that columns once drawn stay as they are while it moves on: what is over
is put together once a step. The colours are those of the style sheet. Whoever cannot see the picture has the same
figures in a table below it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from markupsafe import Markup

from .meter import STEP, STEPS, Meter, Step

CLASSES: Final = {2: "success", 3: "moved", 4: "request", 5: "server", 6: "refusal"}
"""Names of the classes of codes, as style sheets have them; from the bottom up."""

NONE: Final = "provisional"
"""Calls without a final code; on top."""

KINDS: Final = (*CLASSES.values(), NONE)


class Columns(NamedTuple):
    """The picture.

    Attributes:
        box: what is to be seen of it; a step is 1 wide, a call 1 high.
        paths: class and path of each colour that there is.
        highest: calls in the highest column.
    """

    box: str
    paths: tuple[tuple[str, str], ...]
    highest: int


def class_of(code: int | None) -> str:
    """The class of a code, as style sheets have it."""
    return NONE if code is None else CLASSES.get(code // 100, NONE)


class _Drawn:
    """Some steps, drawn and counted."""

    def __init__(self) -> None:
        self.paths = dict.fromkeys(KINDS, "")
        self.codes: Counter[int | None] = Counter()
        self.highest = 0

    def add(self, step: Step, zero: int) -> None:
        """Draw one more, so many steps right of ``zero``."""
        stack = dict.fromkeys(KINDS, 0)
        for code, count in step.codes.items():
            stack[class_of(code)] += count
            self.codes[code] += count
        top = 0
        for kind, count in stack.items():
            if count:
                self.paths[kind] += f"M{step.number - zero}.1-{top}h.8v-{count}h-.8z"
                top += count
        self.highest = max(self.highest, top)

    def and_then(self, steps: Iterable[Step], zero: int) -> _Drawn:
        """The same and some more."""
        made = _Drawn()
        made.paths, made.codes, made.highest = self.paths.copy(), self.codes.copy(), self.highest
        for step in steps:
            made.add(step, zero)
        return made


class Chart:
    """The last minutes of a meter, as they are to be seen."""

    def __init__(self) -> None:
        self._key: tuple[float, int] | None = None
        self._over = _Drawn()

    def look(self, meter: Meter) -> tuple[Columns, Mapping[int | None, int]]:
        """The picture, and how often each code was sent."""
        last, steps = meter.last, meter.steps()
        zero = int(meter.began // STEP)  # numbers stay small, for renderers reckon with few digits
        if self._key != (meter.began, last):
            self._key = (meter.began, last)
            self._over = _Drawn().and_then((step for step in steps if step.number < last), zero)
        drawn = self._over.and_then((step for step in steps[-1:] if step.number == last), zero)
        high = max(drawn.highest, 1)
        box = f"{last + 1 - STEPS - zero} -{high} {STEPS} {high}"
        paths = tuple((kind, Markup(path)) for kind, path in drawn.paths.items() if path)  # letters and digits of ours
        return Columns(box, paths, drawn.highest), drawn.codes

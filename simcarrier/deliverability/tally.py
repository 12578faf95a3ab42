"""How many calls ended how, in steps of five minutes and of an hour: sums that are kept beside the rows.

They are kept by caller ID, market, terminating carrier and trunk. What a number or a trunk has come to over the last
four hours is asked all the time. Added up from rows it costs as much as there are rows; added up from whole hours,
whole five minutes and the rows at the two edges, it costs next to nothing. So whoever stores rows stores with them, in
the same transaction, by how much they raise the sums.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Final, NamedTuple

from simcarrier.records.row import Row

FIVE_MINUTES: Final = 300_000
HOUR: Final = 3_600_000
STEPS: Final = (FIVE_MINUTES, HOUR)
"""The lengths of the steps, milliseconds; each is a multiple of the one before."""

FIELDS: Final = ("caller", "market", "terminating_carrier", "trunk")
"""The columns of calls by whose values they are counted, in the order of their names."""

UNKNOWN: Final = ""
"""What stands for a value that is not known."""


class Key(NamedTuple):
    """What a sum is of.

    Attributes:
        field: one of `FIELDS`.
        step: milliseconds.
        bucket: when the step begins, milliseconds since 1970.
        value: the caller ID, the market and so on.
    """

    field: str
    step: int
    bucket: int
    value: str


class Counts(NamedTuple):
    """What is counted: the columns of the table, in order."""

    attempts: int
    answered: int
    code_603: int
    code_480: int
    code_486: int
    code_404_410: int
    code_503: int
    stalls: int


_WIDTH: Final = 32
"""Bits of a count: all counts of a step are one number while they are added up, each in bits of its own."""

_ONE: Final = {name: 1 << _WIDTH * place for place, name in enumerate(Counts._fields)}
_BY_CODE: Final[dict[int | None, int]] = {
    603: _ONE["code_603"],
    480: _ONE["code_480"],
    486: _ONE["code_486"],
    404: _ONE["code_404_410"],
    410: _ONE["code_404_410"],
    503: _ONE["code_503"],
}
_BY_OUTCOME: Final[dict[str | None, int]] = {"answered": _ONE["answered"], "stalled": _ONE["stalls"]}
_SHAPE: Final = struct.Struct(f"<{len(Counts._fields)}I")


def tally(rows: Iterable[Row]) -> dict[Key, Counts]:
    """By how much these rows raise the sums.

    Args:
        rows: each a call that has not been counted yet.

    Returns:
        The increments, in the order of their keys: writers who add them in this order do not block each other for ever.
    """
    callers: dict[tuple[str, int], int] = {}
    routes: dict[tuple[str | None, str | None, str | None, int], int] = {}  # few: many calls go the same way
    for row in rows:
        began = row.began
        bucket = began - began % FIVE_MINUTES
        counted = _BY_CODE.get(row.code, 0) + _BY_OUTCOME.get(row.outcome, 0) + 1
        key = (row.caller or UNKNOWN, bucket)
        callers[key] = callers.get(key, 0) + counted
        route = (row.market, row.terminating_carrier, row.trunk, bucket)
        routes[route] = routes.get(route, 0) + counted
    sums: dict[Key, int] = {}
    for (caller, bucket), counts in callers.items():
        _raise(sums, FIELDS[0], caller, bucket, counts)
    for (*values, bucket), counts in routes.items():
        for field, value in zip(FIELDS[1:], values, strict=True):
            _raise(sums, field, value or UNKNOWN, bucket, counts)
    shape, size = _SHAPE, _SHAPE.size
    return {key: Counts._make(shape.unpack(sums[key].to_bytes(size, "little"))) for key in sorted(sums)}


def _raise(sums: dict[Key, int], field: str, value: str, bucket: int, counts: int) -> None:
    for step in STEPS:
        key = Key(field, step, bucket - bucket % step, value)
        sums[key] = sums.get(key, 0) + counts

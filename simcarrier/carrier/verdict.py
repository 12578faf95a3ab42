"""The verdict on a run: what its scenario expects, counted as the calls end.

Counting goes on call by call, so a run may be longer than what the journal keeps.
"""

from __future__ import annotations

from collections.abc import Iterable

from simcarrier.records.model import CallRecord
from simcarrier.scenario.models import CallFilter, Expectation


class Verdict:
    """Expectations and how far they are met."""

    def __init__(self, expected: Iterable[Expectation]) -> None:
        self._expected = tuple(expected)
        self._counts = [0] * len(self._expected)

    def observe(self, record: CallRecord) -> None:
        """Count a call that has ended."""
        for at, expectation in enumerate(self._expected):
            if _is_meant(expectation.calls, record):
                self._counts[at] += 1

    def failures(self) -> list[str]:
        """What was not met, each with what was wanted and what was seen; empty if all was."""
        found = []
        for expectation, count in zip(self._expected, self._counts, strict=True):
            wanted = _unmet(expectation, count)
            if wanted:
                found.append(f"{_words(expectation.calls)}: wanted {wanted}, got {count}")
        return found


def _is_meant(calls: CallFilter, record: CallRecord) -> bool:
    return (
        (calls.to is None or calls.to.matches(record.called))
        and (calls.from_ is None or calls.from_.matches(record.caller))
        and (calls.code is None or calls.code == record.code)
        and (calls.rule is None or calls.rule == record.rule)
    )


def _unmet(expectation: Expectation, count: int) -> str:
    if expectation.exactly is not None and count != expectation.exactly:
        return f"exactly {expectation.exactly}"
    if expectation.at_least is not None and count < expectation.at_least:
        return f"at least {expectation.at_least}"
    if expectation.at_most is not None and count > expectation.at_most:
        return f"at most {expectation.at_most}"
    return ""


def _words(calls: CallFilter) -> str:
    said = [
        f"{name} {value}"
        for name, value in (("to", calls.to), ("from", calls.from_), ("with code", calls.code), ("by rule", calls.rule))
        if value is not None
    ]
    return f"calls {' '.join(said)}" if said else "calls"

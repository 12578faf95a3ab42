"""Which calls are meant, and by what they are told apart."""

from __future__ import annotations

from collections.abc import Callable

from simcarrier.records.model import CallRecord
from simcarrier.scenario.expectations.counts import CallFilter

from .evidence import is_block

Test = Callable[[CallRecord], bool]


def test_of(calls: CallFilter) -> Test:
    """A test for what a filter says; what it does not speak of is not asked."""
    tests: list[Test] = []
    to, from_, codes = calls.to, calls.from_, calls.code
    if to is not None:
        tests.append(lambda record: to.matches(record.called))
    if from_ is not None:
        tests.append(lambda record: from_.matches(record.caller))
    if codes is not None:
        tests.append(lambda record: codes.match(record.code, blocked=is_block(record)))
    for name, wanted in (
        ("condition", calls.condition),
        ("rule", calls.rule),
        ("trunk", calls.trunk),
        ("customer", calls.customer),
    ):
        if wanted is not None:
            tests.append(_equals(name, wanted))
    return lambda record: all(test(record) for test in tests)


def _equals(name: str, wanted: str) -> Test:
    return lambda record: getattr(record, name) == wanted


GROUPS: dict[str, Callable[[CallRecord], str]] = {
    "caller": lambda record: record.caller,
    "number": lambda record: record.called,
    "trunk": lambda record: record.trunk or "",
    "customer": lambda record: record.customer or "",
}
"""What calls are counted apart by."""

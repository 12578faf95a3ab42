"""Records for tests of filters, and what a store says to the same filter."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from simcarrier.conditions import Condition
from simcarrier.dashboard.calls.filters import Filter
from simcarrier.records.model import CallRecord
from simcarrier.records.row import row_of_call
from simcarrier.sip.session import Ending
from simcarrier.stores.sqlite import SqliteStore
from simcarrier.stores.store import Store

NOON = 1_795_435_200.0
"""Monday, 23 November 2026, 12:00 UTC."""

NUMBERS = (
    "+14155550100",
    "+14155550199",
    "+4930123",
    "0030123",
    "anonymous",
    "",
    "100%",
    "a_b",
    "Straße\udcff",
    "x\0y",
)


def record(number: int = 1, **more: Any) -> CallRecord:
    """A call that was refused, or is as the further arguments have it."""
    told: dict[str, Any] = {
        "number": number,
        "call_id": f"call-{number}@host",
        "transport": "UDP",
        "source": ("10.0.0.1", 5060),
        "caller": "+14155550100",
        "called": "+4930123",
        "started": NOON + number,
        "rule": "refused",
        "code": 603,
        "phrase": "Decline",
        "responded_after": 0.1,
        "ended_after": 0.2,
        "ending": Ending.REFUSED,
        "condition": Condition.DECLINED,
    }
    return CallRecord(**(told | more))


def any_record(number: int, rng: random.Random) -> CallRecord:
    """A call at random, that has ended."""
    code = rng.choice([None, 200, 302, 403, 480, 603, 603])
    return record(
        number,
        call_id=rng.choice(["abc", "abc@host", "ABC", "a'b\"c", "%_", ""]) + str(rng.randrange(3)),
        caller=rng.choice(NUMBERS),
        called=rng.choice(NUMBERS),
        started=NOON + rng.randrange(-3, 4) / 2,
        code=code,
        phrase=None if code is None else rng.choice(["Decline", "decline", "Call Blocked", ""]),
        responded_after=None if code is None else 0.1,
        trying_after=rng.choice([None, 0.01]),
        cancelled_after=rng.choice([None, None, 0.05]),
        ending=rng.choice(list(Ending)),
        condition=rng.choice([None, Condition.DECLINED, Condition.LINES_FULL]),
        trunk=rng.choice([None, "a", "b"]),
        customer=rng.choice([None, "acme", "none"]),
        reason=rng.choice([(), ("Q.850;cause=21",), ("Q.850;cause=21", "SIP;cause=603")]),
        attestation=rng.choice([None, "A", "C"]),
    )


def opened() -> SqliteStore:
    """An empty store in memory."""
    store = SqliteStore(Path(":memory:"))
    store.open()
    return store


def keep(store: Store, records: Sequence[CallRecord]) -> dict[str, CallRecord]:
    """Put the rows of records in place of what is there; the records by the uid of their rows."""
    store.query("DELETE FROM calls")
    rows = [row_of_call(each, "test") for each in records]
    store.add(rows)
    return {row.uid: each for row, each in zip(rows, records, strict=True)}


def stored(store: Store, wanted: Filter) -> set[str]:
    """The uids that a store finds."""
    where = wanted.where()
    sql = "SELECT uid FROM calls" + ("" if where is None else f" WHERE {where.text}")
    return {uid for (uid,) in store.query(sql, () if where is None else where.values)}

"""Rows for tests: made up, but as rows are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from simcarrier.records.row import Row, uid_of

NOON = 1_795_435_200_000
"""Monday, 23 November 2026, 12:00 UTC, in milliseconds."""


def row(number: int = 1, began: int | None = None, **more: Any) -> Row:
    """A call that was refused, or is as the further arguments have it."""
    at = NOON + 1000 * number if began is None else began
    told: dict[str, Any] = {
        "uid": uid_of(at, "test", number),
        "source": "carrier",
        "run": "test",
        "call_id": f"call-{number}",
        "attempt": None,
        "began": at,
        "first_response": at + 10,
        "final": at + 100,
        "ended": at + 120,
        "caller": "+4930123456",
        "called": f"+4989{number:08}",
        "dialled": f"0089{number:08}",
        "code": 603,
        "phrase": "Decline",
        "rang": 0,
        "outcome": "refused",
        "post_dial_delay": 100,
    }
    return Row(**(told | more))


def rows(count: int, first: int = 1, **more: Any) -> list[Row]:
    """Several of them."""
    return [row(number, **more) for number in range(first, first + count)]


_TEXT = st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
_NUMBER = st.none() | st.integers(-(2**31), 2**31 - 1)
_TIME = st.none() | st.integers(-(2**40), 2**43)

any_rows = st.builds(
    lambda told: row(**told),
    st.fixed_dictionaries(
        {"number": st.integers(1, 30), "began": st.integers(-(2**33), 2**43)},
        optional={
            **dict.fromkeys(
                ("run", "call_id", "caller", "called", "phrase", "reason", "trunk", "market", "cause"), _TEXT
            ),
            **dict.fromkeys(("attempt", "code", "rang", "talk", "retry_after"), _NUMBER),
            **dict.fromkeys(("first_response", "ringing", "final", "answered", "ended"), _TIME),
            "outcome": st.sampled_from(["answered", "refused", "stalled", None]),
        },
    ),
)
"""Whatever a row can hold."""


def mapped(folder: Path, text: str) -> str:
    """A mapping of a test's own; returns its path."""
    path = folder / "mapping.yaml"
    path.write_text(text)
    return str(path)

"""Calls recorded while they are made: from an address on the command line to a writer, and its words for people."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TypeVar

from simcarrier.extras import MissingExtra
from simcarrier.records.row import Row

from .address import Kind, StoreAddress
from .spool import spool_folder
from .store import StoreDown, StoreFault
from .writer import State, Writer

T = TypeVar("T")


class CannotRecord(Exception):
    """Calls cannot be recorded there; the text says why."""


def run_name(name: str, began: float) -> str:
    """What a run is called: no two are called alike.

    Args:
        name: of its scenario or plan.
        began: seconds since 1970 UTC.
    """
    return f"{name} {datetime.fromtimestamp(began, UTC):%Y-%m-%dT%H:%M:%SZ} {secrets.token_hex(4)}"


def start_recording(address: StoreAddress, row_of: Callable[[T], Row | None], tell: Callable[[str], None]) -> Writer[T]:
    """A writer that has begun.

    Args:
        address: where to.
        row_of: as in `Writer`.
        tell: likewise.

    Raises:
        CannotRecord: the store cannot be used.
    """
    if address.kind is Kind.PARQUET:
        raise CannotRecord(f"{address}: a Parquet file cannot be added to: record to calls.db, and export that")
    try:
        writer = Writer(address.store(), row_of, spool_folder(address.identity), tell)
        writer.start()
    except (MissingExtra, StoreDown, StoreFault) as why:
        raise CannotRecord(str(why)) from why
    return writer


def in_words(address: StoreAddress, state: State) -> Iterator[str]:
    """What became of the calls, a sentence each; the first is the good news."""
    yield f"{_records(state.written)} written to {address}"
    if state.waiting:
        yield (
            f"{_records(state.waiting)} wait{'s' if state.waiting == 1 else ''} in {spool_folder(address.identity)} "
            f"for the next run with --records {address}: {state.trouble}"
        )
    if state.unreadable:
        yield f"{state.unreadable:,} line{'' if state.unreadable == 1 else 's'} of an earlier run could not be read"
    if state.dropped:
        yield f"{_records(state.dropped)} {'was' if state.dropped == 1 else 'were'} dropped: there was no room"


def _records(count: int) -> str:
    return f"{count:,} record{'' if count == 1 else 's'}"

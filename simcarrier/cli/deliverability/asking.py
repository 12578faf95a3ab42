"""Options and steps that the commands on records share: which records, as of when, by whose clock."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from simcarrier.deliverability.queries import Queries
    from simcarrier.stores.address import StoreAddress
    from simcarrier.stores.store import Store

CANNOT_BEGIN = 3

LAST = "last"
"""As of the latest call, in place of now."""

T = TypeVar("T")


class Moment(click.ParamType["int | str"]):
    """A time such as 2026-11-23 08:00, or ``last``; the value is in ms since 1970."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """Read it; a time without a zone is in UTC."""
        if isinstance(value, int):
            return value
        if value == LAST:
            return LAST
        try:
            found = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
        except ValueError:
            self.fail(
                f"{value!r} must be a time such as 2026-11-23 08:00, in UTC if it names no zone, or last", param, ctx
            )
        return round((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)


class Zone(click.ParamType[tzinfo]):
    """A time zone such as Europe/Berlin."""

    name = "zone"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tzinfo:
        """Read it."""
        from zoneinfo import ZoneInfo

        if isinstance(value, tzinfo):
            return value
        try:
            return ZoneInfo(str(value))
        except (OSError, ValueError, KeyError):
            self.fail(f"{value!r} must be a time zone such as Europe/Berlin or UTC", param, ctx)


MOMENT = Moment()
ZONE = Zone()

at_option = click.option(
    "--at", type=MOMENT, help='As of when: now, if not said; "2026-11-23 08:00", in UTC; or last, the latest call.'
)
zone_option = click.option(
    "--timezone", "zone", type=ZONE, default="UTC", show_default=True, help="Whose hours of the day are meant."
)
rules_option = click.option(
    "--rules", "rules_file", type=click.Path(path_type=Path), metavar="FILE", help="Rules in place of those that ship."
)


def now_in_ms() -> int:
    """The time, in ms since 1970."""
    return time.time_ns() // 1_000_000


def moment(queries: Queries, at: int | str | None) -> int:
    """What ``--at`` means for these records, in ms since 1970."""
    if at is None:
        return now_in_ms()
    if isinstance(at, int):
        return at
    from simcarrier.deliverability import statements

    ((latest,),) = queries.query(statements.LATEST)
    return now_in_ms() if latest is None else int(latest)


@contextmanager
def asked(address: StoreAddress) -> Iterator[Store]:
    """The records, open. Whatever is wrong with them ends the command, in words."""
    from simcarrier.extras import MissingExtra
    from simcarrier.stores.store import StoreDown, StoreFault

    if address.path is not None and not address.path.is_file():
        stop(f"there are no records in {address}", 2)
    store: Store | None = None
    try:
        store = address.store()
        store.open()
        yield store
    except (MissingExtra, StoreDown, StoreFault) as error:
        stop(str(error), CANNOT_BEGIN)
    finally:
        if store is not None:
            store.close()


def read(load: Callable[[Path | None], T], path: Path | None) -> T:
    """A file of rules or a policy; its faults end the command."""
    from simcarrier.scenario.faults import ScenarioError

    try:
        return load(path)
    except ScenarioError as error:
        for each in error.faults:
            click.echo(str(each), err=True)
        sys.exit(2)


def stop(why: str, status: int) -> None:
    """End the command with a word."""
    click.echo(f"simcarrier: {why}", err=True)
    sys.exit(status)

"""The options ``--records``, ``--prefixes`` and ``--range-holders`` of the commands that keep records."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from simcarrier.attachment import Attachment
    from simcarrier.deliverability.destinations import Destinations
    from simcarrier.stores.address import StoreAddress

Command = TypeVar("Command", bound=Callable[..., Any])


class Storage(click.ParamType["StoreAddress"]):
    """Where records are kept: a file such as calls.db, or the URL of a database.

    Args:
        whole: it is read or written as a whole, so it may be Parquet.
    """

    name = "where"

    def __init__(self, *, whole: bool = False) -> None:
        self._whole = whole

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> StoreAddress:
        """Read it."""
        from simcarrier.stores.address import Kind, SecretInUrl, StoreAddress

        try:
            found = value if isinstance(value, StoreAddress) else StoreAddress.parse(value)
            if found.kind is Kind.PARQUET and not self._whole:
                raise ValueError("is Parquet, which cannot be added to: record to calls.db, and export that")
            return found
        except SecretInUrl as why:
            self.fail(str(why), param, ctx)
        except ValueError as why:
            self.fail(f"{value!r} {why}", param, ctx)


STORAGE = Storage()
WHOLE_STORAGE = Storage(whole=True)


class StorageOrFile(click.ParamType["StoreAddress | Path"]):
    """A database for records, or else a file for lines of JSON, by any other name; ``-`` is standard output."""

    name = "where"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> StoreAddress | Path:
        """Read it."""
        from simcarrier.stores.address import SUFFIXES, Kind, StoreAddress

        if isinstance(value, StoreAddress | Path):
            return value
        kind = SUFFIXES.get(Path(value).suffix.lower(), Kind.JSON_LINES)
        return Path(value) if "://" not in value and kind is Kind.JSON_LINES else STORAGE.convert(value, param, ctx)


STORAGE_OR_FILE = StorageOrFile()


def where_calls_go(command: Command) -> Command:
    """The options that say where the numbers called lead: the parameters ``prefixes`` and ``range_holders``."""
    prefixes = click.option(
        "--prefixes",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="The carrier and market of the numbers called: a CSV file with prefix, carrier, market.",
    )
    range_holders = click.option(
        "--range-holders",
        is_flag=True,
        help="Name who the range of a number was given to where FILE names no carrier; it may have been ported.",
    )
    return prefixes(range_holders(command))


def destinations_of(prefixes: Path | None, range_holders: bool, *, kept: bool = True) -> Destinations:
    """What tells where numbers lead; what is wrong with the table ends the command.

    Args:
        prefixes: the file of ``--prefixes``.
        range_holders: whether ``--range-holders`` was said.
        kept: whether there are rows that it would stand in.
    """
    from simcarrier.deliverability.destinations import Destinations, TableFault, read_prefixes

    if not kept and (prefixes is not None or range_holders):
        option = "--range-holders" if prefixes is None else "--prefixes"
        raise click.UsageError(f"{option} goes with --records, into a table such as calls.db")
    table = None
    try:
        if prefixes is not None:
            with prefixes.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
                table = read_prefixes(lines, str(prefixes))
        return Destinations(table, range_holders=range_holders)
    except OSError as error:
        raise click.UsageError(f"--prefixes: {prefixes} cannot be read: {error.strerror}") from None
    except TableFault as error:
        for fault in error.faults:
            click.echo(fault, err=True)
    except ImportError as error:
        click.echo(f"simcarrier: {error}", err=True)
    sys.exit(2)


def recording(address: StoreAddress | None, destinations: Destinations) -> tuple[Attachment, ...]:
    """What records the calls of a run, if that is wanted."""
    if address is None:
        return ()
    from simcarrier.artefacts.records import Records

    return (Records(address, destinations),)

"""``simcarrier records``: call records of diallers imported, our own exported."""

from __future__ import annotations

import contextlib
import gc
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from .progress import progress
from .storing import STORAGE, WHOLE_STORAGE, destinations_of, where_calls_go

if TYPE_CHECKING:
    from simcarrier.records.row import Row
    from simcarrier.stores.address import StoreAddress
    from simcarrier.stores.importing.importer import Imported

FINE, REJECTED, WRONG, CANNOT = 0, 1, 2, 3

EPILOG = "Exit status: 0 fine, 1 some records were rejected, 2 wrong usage or mapping, 3 cannot be read or written."
EXPORT_EPILOG = "Exit status: 0 fine, 2 wrong usage, 3 cannot be read or written."


@click.group()
def records() -> None:
    """Import call records of diallers, export our own."""


@records.command(name="import", epilog=EPILOG)
@click.argument("source")
@click.option(
    "--map",
    "mapping",
    required=True,
    metavar="MAPPING",
    help="A mapping that ships, such as asterisk, or a file mapping.yaml.",
)
@click.option("--records", "target", type=STORAGE, default="calls.db", show_default=True, help="Where the rows go.")
@click.option("--table", metavar="NAME", help="The table, if SOURCE is a database.")
@click.option(
    "--zone",
    metavar="ZONE",
    help="The zone of times without one, in place of the mapping's: Europe/Berlin, UTC, local.",
)
@where_calls_go
@click.option(
    "--rejects",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where records go that cannot be read; NAME.rejected.csv if not said.",
)
@click.option("--quiet", is_flag=True, help="No progress bar.")
def import_(
    source: str,
    mapping: str,
    target: StoreAddress,
    table: str | None,
    zone: str | None,
    prefixes: Path | None,
    range_holders: bool,
    rejects: Path | None,
    quiet: bool,
) -> None:
    """Add the call records of SOURCE, a file or the URL of a database, to ours."""
    from simcarrier.extras import MissingExtra
    from simcarrier.scenario.faults import ScenarioError
    from simcarrier.stores.importing.convert import Converter, NoColumn
    from simcarrier.stores.importing.importer import Rejects, import_records
    from simcarrier.stores.importing.mapping import load_mapping, zone_fault
    from simcarrier.stores.importing.sources import SourceFault, open_source
    from simcarrier.stores.store import StoreDown, StoreFault

    if zone is not None and zone_fault(zone):
        raise click.UsageError(f"--zone {zone_fault(zone)}")
    try:
        loaded = load_mapping(mapping)
    except ScenarioError as error:
        for fault in error.faults:
            click.echo(str(fault), err=True)
        sys.exit(WRONG)
    except ValueError as why:
        raise click.UsageError(f"--map {why}") from None
    where = destinations_of(prefixes, range_holders)
    try:
        opened = open_source(source, loaded, table)
    except ValueError as why:
        raise click.UsageError(f"SOURCE: {why}") from None
    except (SourceFault, MissingExtra) as error:
        _stop(str(error))
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)  # records leave no cycles behind
    with contextlib.closing(opened):
        try:
            converter = Converter(loaded, opened.columns, zone, where)
        except NoColumn as why:
            click.echo(f"simcarrier: {opened.name} does not fit the mapping {loaded.name}: {why}", err=True)
            sys.exit(WRONG)
        name = table if table is not None else Path(source).name
        kept = Rejects(Path(f"{name}.rejected.csv") if rejects is None else rejects)
        try:
            store = target.store()
            store.open()
            with contextlib.closing(store), progress("0 records", opened.total, shown=not quiet) as tell:
                done = import_records(
                    opened, converter, store, kept, lambda so_far: tell(opened.done, f"{so_far.read:,} records")
                )
        except (MissingExtra, SourceFault, StoreDown, StoreFault) as error:
            _stop(str(error))
        except OSError as error:
            _stop(f"{kept.path} cannot be written: {error.strerror}")
    for line in _in_words(done, target, kept.path):
        click.echo(line)
    sys.exit(REJECTED if done.rejected else FINE)


def _in_words(done: Imported, target: StoreAddress, rejects: Path) -> Iterator[str]:
    yield f"{done.read:,} read, {done.added:,} added to {target}"
    if done.known:
        yield f"{done.known:,} were there before"
    if done.skipped:
        yield f"{done.skipped:,} are no calls"
    if done.rejected:
        yield f"{done.rejected:,} rejected: see {rejects}"


@records.command(epilog=EXPORT_EPILOG)
@click.argument("source", type=WHOLE_STORAGE)
@click.argument("target", type=WHOLE_STORAGE)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
def export(source: StoreAddress, target: StoreAddress, force: bool, quiet: bool) -> None:
    """Copy the rows of SOURCE to TARGET: calls.parquet, calls.jsonl, calls.db or postgresql://HOST/NAME.

    A database that is there is added to.
    """
    from simcarrier.extras import MissingExtra
    from simcarrier.stores.address import Kind
    from simcarrier.stores.copying import batches_of, rows_in
    from simcarrier.stores.store import StoreDown, StoreFault

    if source.path is not None and not source.path.is_file():
        raise click.UsageError(f"{source} is not there")
    if source.identity == target.identity:
        raise click.UsageError(f"{target} would be written over itself")
    whole = target.kind in (Kind.PARQUET, Kind.JSON_LINES)
    if whole and target.path is not None and target.path.exists():
        if not force:
            raise click.UsageError(f"{target} is there already: name another file, or say --force")
        if target.kind is Kind.JSON_LINES:
            target.path.unlink()
    try:
        read = source.store()
        read.open()
        with contextlib.closing(read):
            total = rows_in(read)
            with progress("0 records", total, shown=not quiet) as tell:
                count = 0

                def counted() -> Iterator[list[Row]]:
                    nonlocal count
                    for batch in batches_of(read):
                        yield batch
                        count += len(batch)
                        tell(count, f"{count:,} records")

                if target.kind is Kind.PARQUET:
                    from simcarrier.stores.parquet import write_parquet

                    new = write_parquet(Path(target.text), counted())
                else:
                    new = _copied(target, counted())
    except (MissingExtra, StoreDown, StoreFault) as error:
        _stop(str(error))
    except OSError as error:
        _stop(f"{target} cannot be written: {error.strerror}")
    known = f", {count - new:,} were there before" if count > new else ""
    click.echo(f"{new:,} records written to {target}{known}")


def _copied(target: StoreAddress, batches: Iterator[list[Row]]) -> int:
    store = target.store()
    store.open()
    with contextlib.closing(store):
        return sum(store.add(batch).new for batch in batches)


def _stop(why: str) -> NoReturn:
    click.echo(f"simcarrier: {why}", err=True)
    sys.exit(CANNOT)

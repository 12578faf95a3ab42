"""``simcarrier report``: what the records of the last while say, as text, JSON and HTML."""

from __future__ import annotations

import json
import sys
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .deliverability.asking import asked, at_option, moment, read, rules_option, stop, zone_option
from .options import DURATION, format_option
from .storing import WHOLE_STORAGE

if TYPE_CHECKING:
    from simcarrier.stores.address import StoreAddress

EPILOG = (
    "Exit status: 0 fine, 1 the page could not be written, 2 wrong usage or rules, 3 the records cannot be read; "
    "alerts do not change it."
)


@click.command(epilog=EPILOG)
@click.argument("records", type=WHOLE_STORAGE)
@click.option("--since", type=DURATION, default="24h", show_default=True, help="How far back, such as 24h.")
@at_option
@zone_option
@rules_option
@click.option("--html", type=click.Path(path_type=Path), metavar="FILE", help="Write it as an HTML page, too.")
@click.option("--force", is_flag=True, help="Write over a page that is there.")
@format_option("Tables for people, or one JSON object.")
def report(
    records: StoreAddress,
    since: float,
    at: int | str | None,
    zone: tzinfo,
    rules_file: Path | None,
    html: Path | None,
    force: bool,
    form: str,
) -> None:
    """Report what RECORDS say: response codes by caller ID, hour, carrier and market; windows, baselines, alerts.

    RECORDS is a file such as calls.db, calls.jsonl or calls.parquet, or a URL such as postgresql://host/name.
    """
    from simcarrier.deliverability.explaining import explain
    from simcarrier.deliverability.overview import overview
    from simcarrier.deliverability.rules import load_rules

    from .deliverability.lines import lines
    from .deliverability.page import page

    rules = read(load_rules, rules_file)
    if html is not None and html.exists() and not force:
        stop(f"{html} is there already: name another file, or say --force", 2)
    with asked(records) as store:
        until = moment(store, at)
        told = overview(store, until - round(since * 1000), until, rules, zone, explain)
    if form == "json":
        click.echo(json.dumps(told.as_dict()))
    else:
        for line in lines(told, zone):
            click.echo(line)
    if html is not None:
        try:
            html.write_text(page(told, zone, str(records)), encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            click.echo(f"simcarrier: cannot write {html}: {error.strerror}", err=True)
            sys.exit(1)

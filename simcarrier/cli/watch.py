"""``simcarrier watch``: rules held against the records, again and again; alerts as they begin and end."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .deliverability.asking import asked, at_option, moment, read, rules_option, stop, zone_option
from .options import DURATION, format_option
from .storing import WHOLE_STORAGE

if TYPE_CHECKING:
    from simcarrier.deliverability.alerts import Watch
    from simcarrier.stores.address import StoreAddress
    from simcarrier.stores.store import Store

    from .deliverability.sinks import Sink, Told

EPILOG = (
    "Exit status: 0 fine, 1 alerts did not get through, or with --once: there is an alert; 2 wrong usage or rules, "
    "3 the records cannot be read."
)

SHORTEST = 1.0
"""Seconds between looks: a look is a question over hours of calls."""


class Server(click.ParamType[tuple[str, int]]):
    """HOST or HOST:PORT."""

    name = "host"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        """Read it; 25 is the port if none is said."""
        if isinstance(value, tuple):
            return value
        host, _, port = str(value).partition(":")
        if not host or not (port or "25").isdecimal() or not 0 < int(port or 25) < 65536:
            self.fail(f"{value!r} must be a mail server such as mail.example.com:587", param, ctx)
        return host, int(port or 25)


class HookUrl(click.ParamType[str]):
    """An URL of http or https, without a password in it."""

    name = "url"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check it."""
        from urllib.parse import urlsplit

        try:
            parts = urlsplit(str(value))
            good = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
        except ValueError:
            good = False
        if not good:  # not repeated: there may be a secret in it
            self.fail("must be http://... or https://..., without user and password", param, ctx)
        return str(value)


@click.command(epilog=EPILOG)
@click.argument("records", type=WHOLE_STORAGE)
@rules_option
@click.option("--every", type=DURATION, default="60s", show_default=True, help="Time between two looks.")
@click.option("--for", "duration", type=DURATION, help="End after this time; else by SIGINT or SIGTERM.")
@click.option("--once", is_flag=True, help="Look once, and end with 1 if there is an alert.")
@at_option
@zone_option
@click.option(
    "--webhook",
    type=HookUrl(),
    envvar="SIMCARRIER_WEBHOOK",
    help="POST each alert there as JSON; or by SIMCARRIER_WEBHOOK in the environment.",
)
@click.option("--mail-to", multiple=True, metavar="ADDRESS", help="Send each alert there; repeatable.")
@click.option("--mail-from", metavar="ADDRESS", help="The sender of these.")
@click.option("--smtp", type=Server(), default="localhost:25", show_default=True, help="The mail server.")
@click.option(
    "--table", is_flag=True, help="Write alerts into the table alerts beside the calls; go on with those there."
)
@format_option("Alerts as text, or as a JSON object a line.")
def watch(
    records: StoreAddress,
    rules_file: Path | None,
    every: float,
    duration: float | None,
    once: bool,
    at: int | str | None,
    zone: tzinfo,
    webhook: str | None,
    mail_to: tuple[str, ...],
    mail_from: str | None,
    smtp: tuple[str, int],
    table: bool,
    form: str,
) -> None:
    """Watch RECORDS, and tell when a share of failures passes a threshold, and when it is over.

    RECORDS is a file such as calls.db, or a URL such as postgresql://host/name.
    """
    from simcarrier.deliverability.alerts import Watch
    from simcarrier.deliverability.explaining import explain
    from simcarrier.deliverability.rules import load_rules

    from .deliverability.sinks import Mail, Printed, Table, Told, Webhook, from_environment

    if at is not None and not once:
        raise click.UsageError("--at goes with --once")
    if every < SHORTEST:
        raise click.UsageError("--every must be at least 1s")
    if mail_to and mail_from is None:
        raise click.UsageError("--mail-to needs --mail-from")
    if table and records.kind not in ("sqlite", "postgres"):
        raise click.UsageError("--table needs a database: a file such as calls.db, or postgresql://...")
    rules = read(load_rules, rules_file)
    sinks: list[Sink] = [Printed(sys.stdout, form)]
    if webhook is not None:
        try:
            sinks.append(Webhook(webhook, from_environment("SIMCARRIER_WEBHOOK_TOKEN")))
        except ImportError:
            stop("--webhook needs the package httpx: pip install 'simcarrier[trust]'", 3)
    if mail_to:
        user, password = (from_environment(f"SIMCARRIER_SMTP_{name}") for name in ("USER", "PASSWORD"))
        sinks.append(Mail(*smtp, mail_from or "", mail_to, user, password))
    at_work = Watch(rules, zone, explain)
    with asked(records) as store:
        if table:
            kept = Table(store)
            at_work.restore(kept.open())
            sinks.append(kept)
        told = Told(sinks)
        if once:
            alerts = at_work.look(store, moment(store, at))
            faults = told.tell(alerts)
            for fault in faults:
                click.echo(f"simcarrier: {fault}", err=True)
            sys.exit(1 if alerts or faults else 0)
        with _signals() as over:
            _watch(store, at_work, told, every, duration, over)
    if told.waiting or told.dropped:
        stop(f"{told.waiting} alerts did not get through, {told.dropped} more were dropped", 1)


def _watch(
    store: Store, at_work: Watch, told: Told, every: float, duration: float | None, over: threading.Event
) -> None:
    """Look until it is over; a store that is away is waited for."""
    import time

    from simcarrier.stores.store import StoreDown

    from .deliverability.asking import now_in_ms

    begun = time.monotonic()
    away = False
    while not over.is_set():
        try:
            if away:
                store.open()
            alerts = at_work.look(store, now_in_ms())
            if away:
                click.echo("simcarrier: the records can be read again", err=True)
            away = False
        except StoreDown as error:
            alerts = []
            if not away:
                click.echo(f"simcarrier: {error}; trying again with each look", err=True)
            away = True
        for fault in told.tell(alerts):
            click.echo(f"simcarrier: {fault}", err=True)
        left = None if duration is None else begun + duration - time.monotonic()
        if left is not None and left <= 0:
            return
        over.wait(every if left is None else min(every, left))


@contextmanager
def _signals() -> Iterator[threading.Event]:
    """SIGINT and SIGTERM end the watch after the look that is at work."""
    over = threading.Event()
    before = {number: signal.signal(number, lambda *_: over.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield over
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

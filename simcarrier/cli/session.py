"""One run from start to end: listen, wait for what ends it, stop in order, judge, tell.

A run ends by a signal, by the clock (``--for``), by a number of calls (``--calls``), or with its dialler
(``--exec``). However it ends, calls that are up are ended by the book, and the summary is told.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import os
import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simcarrier.attachment import Attachment, CannotAttach, Findings
from simcarrier.conduct.report import Report
from simcarrier.records.model import CallRecord
from simcarrier.service import CannotListen, CannotSign, CarrierService
from simcarrier.sip.transport import ListenAddress
from simcarrier.verdict.verdict import Verdict

from .views.base import Summary, View
from .views.json_lines import JsonView
from .views.text import TextView
from .watching import FIRST, Watching

if TYPE_CHECKING:
    from simcarrier.scenario.models import Scenario
    from simcarrier.verdict.outcome import Outcome

FINE, FAILED, CANNOT_BEGIN = 0, 1, 3

LAST_CALLS = 0.5
"""Seconds that the carrier stays after its dialler has ended, for the last ACK or BYE that is on its way."""

PATIENCE = 2.0
"""Seconds that a dialler has to end by itself after SIGTERM."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says; times in seconds."""

    listen: tuple[ListenAddress, ...] = ()
    duration: float | None = None
    calls: int | None = None
    command: str | None = None
    seed: int | None = None
    form: str = "text"
    quiet: bool = False
    attachments: tuple[Attachment, ...] = ()
    conduct: int | None = FIRST
    """Calls whose conduct is looked at, the first ones: 0 for none, None for all."""


def run_carrier(scenario: Scenario, options: Options) -> int:
    """Run a carrier to its end; returns the exit status."""
    try:
        return asyncio.run(_run(scenario, options))
    except CannotListen as error:
        print(f"simcarrier: {error}", file=sys.stderr)
        if isinstance(error.__cause__, OSError) and error.__cause__.errno in (errno.EADDRINUSE, errno.EADDRNOTAVAIL):
            free = ListenAddress(error.address.transport, "127.0.0.1", 0)
            print(f"Name another address with --listen, such as --listen {free}", file=sys.stderr)
        return CANNOT_BEGIN
    except (CannotSign, CannotAttach) as error:
        print(f"simcarrier: {error}", file=sys.stderr)
        return CANNOT_BEGIN


def _view(options: Options) -> View:
    if options.form == "json":
        return JsonView(sys.stdout)
    if sys.stdout.isatty() and not options.quiet and options.command is None:
        from rich.console import Console

        from .views.live import LiveView

        return LiveView(Console())
    return TextView(sys.stdout, quiet=options.quiet)


async def _run(scenario: Scenario, options: Options) -> int:
    carrier = CarrierService(scenario, listen=options.listen, seed=options.seed)
    attached: list[Attachment] = []
    try:
        for attachment in options.attachments:
            await attachment.attach(carrier)
            attached.append(attachment)
        await carrier.start()
    except BaseException:
        await _all_finished(attached, carrier, Findings())
        raise
    view = _view(options)
    verdict = Verdict(scenario)
    carrier.journal.listeners.append(view.call)
    watching: Watching | None = None
    if verdict.needs_conduct or options.conduct != 0:
        watching = Watching(carrier, None if verdict.needs_conduct else options.conduct)
    if verdict:
        _let_judge(carrier, verdict, watching)
    _calm_the_collector()
    failures: list[str] = []
    try:
        for attachment in attached:
            await attachment.started(carrier)
        view.listening(carrier)
        failure = await _until_over(carrier, options)
        if failure:
            failures.append(failure)
    finally:
        verdict.over(carrier.wall(asyncio.get_running_loop().time()))
        await carrier.stop()
        report = Report()
        if watching is not None:
            report = watching.finish()
            verdict.breaches(watching.conduct.breaches, watching.conduct.counts)
        outcomes = verdict.outcomes()
        failures += [str(outcome) for outcome in outcomes if not outcome.met]
        bugs = carrier.driver.counters.engine_errors
        if bugs:
            failures.append(f"the carrier met {bugs} bug{'' if bugs == 1 else 's'} of its own: see engine_errors")
        breaches = () if watching is None else tuple(watching.conduct.breaches)
        findings = Findings(outcomes, breaches, tuple(failures), report)
        view.finish(Summary.of(carrier, findings, view.untold))
        await _all_finished(attached, carrier, findings)
    return FAILED if failures else FINE


def _let_judge(carrier: CarrierService, verdict: Verdict, watching: Watching | None) -> None:
    """Let the verdict follow what happens; the messages too, if they are looked at."""
    journal = carrier.journal
    journal.listeners.append(verdict.observe)
    journal.registrars.append(verdict.registered)

    def judge() -> tuple[Outcome, ...]:
        if watching is not None and verdict.needs_conduct:
            watching.conduct.work()
            verdict.breaches(watching.conduct.breaches, watching.conduct.counts)
        return verdict.outcomes()

    carrier.judge = judge


async def _all_finished(attached: list[Attachment], carrier: CarrierService, findings: Findings) -> None:
    """Tell each attachment; one that fails does not keep the others from writing.

    Raises:
        CannotAttach: the first failure.
    """
    failed: CannotAttach | None = None
    for attachment in attached:
        try:
            await attachment.finished(carrier, findings)
        except CannotAttach as error:
            failed = failed or error
    if failed is not None:
        raise failed


def _calm_the_collector() -> None:
    """Keep the garbage collector from walking over every call that is up, again and again.

    Calls leave no cycles behind, so in a steady state nothing is there to collect and the count of objects made less
    objects freed stays level: the collector runs only when that count rises, while the load does or if something leaks.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(500_000, 10, 10)


async def _until_over(carrier: CarrierService, options: Options) -> str | None:
    """Wait for what ends the run. Returns what went wrong with the dialler, if anything did."""
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, over.set)
    if options.calls is not None:
        wanted = options.calls

        def count(record: CallRecord) -> None:
            if carrier.journal.calls >= wanted:
                over.set()

        carrier.journal.listeners.append(count)
    waiting = asyncio.ensure_future(over.wait())
    dialler = None
    try:
        if options.command is not None:
            dialler = asyncio.ensure_future(_dial(carrier, options))
        tasks = {waiting} | ({dialler} if dialler is not None else set())
        await asyncio.wait(tasks, timeout=options.duration, return_when=asyncio.FIRST_COMPLETED)
        if dialler is not None and dialler.done():
            return dialler.result()
        return None
    finally:
        waiting.cancel()
        if dialler is not None and not dialler.done():
            dialler.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await dialler
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def _dial(carrier: CarrierService, options: Options) -> str | None:
    """Run the dialler to its end, in a process group of its own; None if it ended well."""
    environment = os.environ | {
        "SIMCARRIER_URI": carrier.uri,
        "SIMCARRIER_ADDRESS": carrier.address,
        "SIMCARRIER_ADDRESSES": " ".join(map(str, carrier.addresses)),
    }
    if carrier.control is not None:
        environment["SIMCARRIER_CONTROL"] = carrier.control
    process = await asyncio.create_subprocess_shell(
        options.command or "",
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        # JSON events have standard output to themselves.
        stdout=sys.stderr.fileno() if options.form == "json" else None,
        start_new_session=True,
    )
    try:
        status = await process.wait()
    except asyncio.CancelledError:
        await _end(process)
        raise
    until = asyncio.get_running_loop().time() + LAST_CALLS
    while carrier.switch.calls and asyncio.get_running_loop().time() < until:
        await asyncio.sleep(0.01)
    if status == 0:
        return None
    ended = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
    return f"the dialler {ended}"


async def _end(process: asyncio.subprocess.Process) -> None:
    """End the dialler and its children: asked first, then made to.

    The shell that we started may be gone long before what it runs: so it is the group that is waited for.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + PATIENCE
    try:
        os.killpg(process.pid, signal.SIGTERM)
        while loop.time() < until:
            await asyncio.sleep(0.01)
            os.killpg(process.pid, 0)
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # nobody is left
    await process.wait()

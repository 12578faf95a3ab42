"""A probe from start to end: what will be called, leave for it, the calls, the results.

Live calls are shown before they are made, with the worst that they can cost, and wait for a yes.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from simcarrier.deliverability.destinations import Destinations
from simcarrier.extras import MissingExtra
from simcarrier.net.driver import source_host
from simcarrier.probe.campaign import Wanted, wanted_calls
from simcarrier.probe.client import LoadElsewhere, Prober
from simcarrier.probe.engine import Unfit
from simcarrier.probe.engines import BUILTIN
from simcarrier.probe.guard import Caps, Guard, Policy, Usage, is_local
from simcarrier.probe.ledger import LedgerFault, held, ledger_path, read_usage, write_usage
from simcarrier.probe.plan import Plan, calls_in
from simcarrier.probe.preview import further_calls, invite_shown, worst_cost
from simcarrier.probe.result import Result
from simcarrier.probe.schedule import misfits
from simcarrier.probe.secrets import MissingSecret
from simcarrier.probe.summary import Summary
from simcarrier.probe.target import Target
from simcarrier.records.transcript import Transcript, message_as_dict
from simcarrier.scenario.patterns import NumberPattern
from simcarrier.sip.transport import Transport
from simcarrier.stores.address import StoreAddress
from simcarrier.stores.recording import CannotRecord

from .recorded import Recorded
from .views.probe_json import JsonReport
from .views.probe_text import TextReport

if TYPE_CHECKING:
    from simcarrier.records.observation import Observation
    from simcarrier.trust.fetch import Fetcher

Targets = dict[str, "tuple[Target, ...]"]

FINE, UNEXPECTED, WRONG, REFUSED = 0, 1, 2, 3


@dataclass(frozen=True, slots=True)
class Choices:
    """What the command line says beside the plan."""

    live: bool = False
    allow: tuple[str, ...] = ()
    allow_premium: tuple[str, ...] = ()
    yes: bool = False
    dry_run: bool = False
    results: Path | None = None
    as_json: bool = False
    fetch_cards: bool = False
    diagnose: bool = False
    records: StoreAddress | None = None
    destinations: Destinations = field(default_factory=Destinations)
    engine: str = BUILTIN
    recordings: Path | None = None


class Unusable(Exception):
    """Something that was named on the command line or in the plan can't be used; the text says what, and why."""


def begin(plan: Plan, choices: Choices) -> int:
    """Run a plan; returns the exit status."""
    try:
        return asyncio.run(_run(plan, choices, policy_of(plan, choices)))
    except LoadElsewhere as error:
        _complain(str(error))
        return REFUSED
    except (MissingExtra, MissingSecret, LedgerFault, Unfit, Unusable, CannotRecord) as error:
        _complain(str(error))
    except BrokenPipeError:
        # Whoever read our results has gone: that is no fault to be told. Nothing more can be written there.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - closed with the process
    except OSError as error:
        _complain(f"{error.filename or ''} {error.strerror or error}".strip())
    return WRONG


def _complain(text: str) -> None:
    print(f"simcarrier: {text}", file=sys.stderr)


def policy_of(plan: Plan, choices: Choices) -> Policy:
    """What the plan and the command line permit together.

    Raises:
        Unusable: a pattern can't be read.
    """
    caps = plan.caps
    return Policy(
        choices.live,
        _pattern(choices.allow, plan.allow, "--allow"),
        _pattern(choices.allow_premium, plan.allow_premium, "--allow-premium"),
        Caps(caps.calls_per_day, caps.calls_per_minute, caps.concurrent, caps.talk, caps.talk_per_day),
        plan.region,
    )


def _pattern(said: tuple[str, ...], planned: NumberPattern | None, option: str) -> NumberPattern | None:
    """The command line's numbers, in place of the plan's."""
    if not said:
        return planned
    try:
        return NumberPattern.parse(list(said))
    except ValueError as why:
        raise Unusable(f"{option} {why}") from None


async def _run(plan: Plan, choices: Choices, policy: Policy) -> int:
    path = ledger_path(str(trunk.address) for trunk in plan.trunks.values())
    # Other live probes are kept away from before the record is read until after it was written for the last time.
    with held(path) if policy.live and not choices.dry_run else contextlib.nullcontext():
        usage = read_usage(path) if policy.live else Usage()
        guard = Guard(policy, usage)
        results = _Results(choices.results)
        recorded = Recorded(None if choices.dry_run else choices.records, plan.name, _complain, choices.destinations)
        results.record = recorded.tell
        prober = Prober(
            plan,
            guard,
            results.tell,
            keep=results.messages if choices.results is not None else None,
            used=lambda: write_usage(path, usage),
            fetcher=_fetcher() if choices.fetch_cards else None,
            diagnose=choices.diagnose,
            recordings=choices.recordings,
            engine=choices.engine,
        )
        if not choices.dry_run:
            prober.unlock()  # before anything is asked, shown or called
            if choices.recordings is not None:
                choices.recordings.mkdir(parents=True, exist_ok=True)
        with _stopped_by_signals(prober):
            targets = await prober.find_trunks()
        live = any(not is_local(found) for found in targets.values())
        if plan.load is not None and live:
            raise LoadElsewhere("load: is for simulated trunks, on this machine only")
        follow_ups = plan.diagnose.follow_ups if choices.diagnose else 0
        for misfit in misfits(plan, live=live and policy.live):
            _complain(f"note: {misfit}")
            prober.summary.note(misfit)
        if choices.dry_run:
            return _show(plan, guard, targets, follow_ups)
        interrupted = prober.summary.interrupted
        if (
            live
            and policy.live
            and not choices.yes
            and not interrupted
            and not _confirmed(plan, guard, targets, follow_ups)
        ):
            return REFUSED
        report = JsonReport(sys.stdout) if choices.as_json else TextReport(sys.stdout, total=calls_in(plan))
        with results, recorded, report, _stopped_by_signals(prober):
            results.report = report.result
            async with prober:
                summary = await _rounds(plan, prober)
                status = _status(summary)
                report.finish(summary)
                results.finish(summary)
                told = len(summary.notes)
        for late in summary.notes[told:]:
            _complain(late)
    return status


@contextlib.contextmanager
def _stopped_by_signals(prober: Prober) -> Iterator[None]:
    """Ctrl-C and the like stop the probe in order."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, prober.stop)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _fetcher() -> Fetcher:
    try:
        from simcarrier.trust.fetch import HttpsFetcher

        return HttpsFetcher()
    except MissingExtra as error:
        raise Unusable(str(error)) from None


async def _rounds(plan: Plan, prober: Prober) -> Summary:
    """Every round of the plan, until it is done or told to stop."""
    loop = asyncio.get_running_loop()
    # With a thousand calls up, the collector would take a tenth of a second off the clock again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(500_000, 10, 10)
    done = 0
    while True:
        began = loop.time()
        summary = await prober.run()
        done += 1
        if plan.every is None or prober.summary.interrupted or (plan.rounds is not None and done >= plan.rounds):
            return summary
        if await prober.pause(began + plan.every - loop.time()):
            return summary


def _status(summary: Summary) -> int:
    if summary.refused:
        return REFUSED
    return UNEXPECTED if summary.unexpected or summary.interrupted else FINE


def _confirmed(plan: Plan, guard: Guard, targets: Targets, follow_ups: int) -> bool:
    """Show what is going to be called, and ask."""
    calls = list(wanted_calls(plan))
    again = "" if plan.every is None else f", and again every {plan.every:g} s until told to stop"
    if plan.rounds is not None:
        again = f", {plan.rounds} times, every {plan.every:g} s"
    further = f", and up to {follow_ups * len(calls)} follow-ups" if follow_ups else ""
    print(f"{len(calls)} real call{'' if len(calls) == 1 else 's'}{further}{again}:", file=sys.stderr)
    for wanted in calls[:SHOWN]:
        refusal = guard.look(wanted.caller, wanted.called, targets[wanted.trunk], time.time())
        print(f"    {_line(wanted)}{'' if refusal is None else f': refused: {refusal}'}", file=sys.stderr)
    if len(calls) > SHOWN:
        print(f"    and {len(calls) - SHOWN} more", file=sys.stderr)
    asked = further_calls(plan, calls) if follow_ups else []
    for wanted in asked[:SHOWN]:
        refusal = guard.look(wanted.caller, wanted.called, targets[wanted.trunk], time.time())
        print(f"    follow-ups: {_line(wanted)}{'' if refusal is None else f': refused: {refusal}'}", file=sys.stderr)
    if len(asked) > SHOWN:
        print(f"    follow-ups: and {len(asked) - SHOWN} more", file=sys.stderr)
    print(f"    {worst_cost(plan, calls, follow_ups)}{' each time' if plan.every is not None else ''}", file=sys.stderr)
    if not sys.stdin.isatty():
        _complain("nobody is here to be asked: say --yes to make these calls")
        return False
    print("Make them? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


ELSEWHERE = (Target(Transport.UDP, ("192.0.2.1", 5060)),)
"""Not this machine: an address that nobody has (RFC 5737)."""

SHOWN = 20
"""Calls shown before they are made."""


def _line(wanted: Wanted) -> str:
    return f"{wanted.caller} calls {wanted.called} through {wanted.trunk}"


def _show(plan: Plan, guard: Guard, targets: Targets, follow_ups: int) -> int:
    """A dry run: whom it would call, what the guard says, and the first INVITE of each trunk."""
    for name, found in targets.items():
        print(f"trunk {name}: {', '.join(map(_target, found)) or 'no address was found'}")
    calls = list(wanted_calls(plan))
    refused = 0
    for wanted in calls:
        # A trunk without an address is looked at as the real one that it may become.
        refusal = guard.look(wanted.caller, wanted.called, targets[wanted.trunk] or ELSEWHERE, time.time())
        refused += refusal is not None
        print(f"{_line(wanted)}: {'would be called' if refusal is None else f'refused: {refusal}'}")
    if follow_ups:
        print(f"a call that fails may bring {follow_ups} follow-up{'' if follow_ups == 1 else 's'}, to it and to:")
        for wanted in further_calls(plan, calls):
            refusal = guard.look(wanted.caller, wanted.called, targets[wanted.trunk] or ELSEWHERE, time.time())
            print(f"    {_line(wanted)}: {'may be called' if refusal is None else f'refused: {refusal}'}")
    elsewhere = [wanted for wanted in calls if not is_local(targets[wanted.trunk] or ELSEWHERE)]
    if elsewhere:
        print(worst_cost(plan, elsewhere, follow_ups))
    for name, found in targets.items():
        first = next((wanted for wanted in calls if wanted.trunk == name), None)
        if found and first is not None:
            print(f"\nThe first INVITE through {name}; port, branch and tag will be others:\n")
            print(invite_shown(plan, first, found[0], _source(found[0])))
    return REFUSED if refused else FINE


def _target(target: Target) -> str:
    return f"{target.transport.lower()}:{target.text}"


def _source(target: Target) -> str:
    try:
        return source_host(target.address)
    except OSError:
        return target.address[0]


class _Results:
    """Where results go: the report, and the file with one JSON object a call and its messages, if there is one."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: TextIO | None = None
        self._messages: dict[int, list[dict[str, object]]] = {}
        self.report: Callable[[Result], None] = lambda result: None
        self.record: Callable[[Result], None] = lambda result: None

    def __enter__(self) -> _Results:
        if self._path is not None:
            self._file = self._path.open("w", encoding="utf-8", errors="surrogateescape")
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def messages(self, seen: Observation, transcript: Transcript) -> None:
        """What went over the wire of a call whose result comes next."""
        self._messages[id(seen)] = [message_as_dict(passed) for passed in transcript.messages]

    def tell(self, result: Result) -> None:
        """A call has ended."""
        if self._file is not None:
            self._write(result.as_dict(), result.observation)
            for one in result.follow_ups:
                seen = one.observation
                if seen is not None and seen.called:
                    about = Wanted(result.wanted.number, seen.trunk, seen.caller, seen.called, None, 0.0)
                    followed = {"call": result.wanted.number, "kind": one.kind, "asked": one.asked}
                    self._write({**Result(about, seen).as_dict(), "follow_up": followed}, seen)
            self._file.flush()  # what was measured so far is there whatever comes
        self.record(result)
        self.report(result)

    def _write(self, told: dict[str, object], seen: Observation | None) -> None:
        if self._file is not None:
            told["messages"] = [] if seen is None else self._messages.pop(id(seen), [])
            self._file.write(json.dumps(told) + "\n")

    def finish(self, summary: Summary) -> None:
        """All calls have."""
        if self._file is not None:
            self._file.write(json.dumps(summary.as_dict()) + "\n")
            self._file.flush()

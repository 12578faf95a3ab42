"""One simulation from start to end: its records written, its progress shown, its summary told.

SIGINT (Ctrl-C) and SIGTERM end it early: what was simulated by then is written and told.
"""

from __future__ import annotations

import contextlib
import gc
import json
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from simcarrier.conditions import Condition
from simcarrier.deliverability.destinations import Destinations
from simcarrier.extras import MissingExtra
from simcarrier.records.model import CallRecord
from simcarrier.records.row import Row, row_of_call
from simcarrier.simulate.run import Simulation
from simcarrier.stores.address import StoreAddress
from simcarrier.stores.completing import Completing
from simcarrier.stores.store import Added, Store, StoreDown, StoreFault
from simcarrier.verdict.verdict import Verdict

from .progress import progress

if TYPE_CHECKING:
    from simcarrier.scenario.models import Scenario

FINE, FAILED, WRONG = 0, 1, 2

BATCH = 2_000
"""Records written at a time: about a megabyte."""

_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Order:
    """What the command line says.

    Attributes:
        seconds: how long calls come in.
        digest: tells the scenario from others of its name, where rows are kept with those of other runs.
        destinations: tells where the numbers called lead.
    """

    seconds: float
    calls_per_hour: float | None = None
    seed: int | None = None
    start: datetime | None = None
    records: StoreAddress | Path | None = None
    force: bool = False
    form: str = "text"
    quiet: bool = False
    digest: str = ""
    destinations: Destinations = field(default_factory=Destinations)


class Records(Protocol):
    """Where records go."""

    def add(self, record: CallRecord) -> None:
        """Keep a record, sooner or later."""

    def flush(self) -> None:
        """Keep what waits."""


class RecordFile:
    """Records as JSON Lines, written in batches.

    Attributes:
        written: how many.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lines: list[str] = []
        self.written = 0

    def add(self, record: CallRecord) -> None:
        """Write a record, sooner or later."""
        self._lines.append(_encode(record.as_dict()))
        if len(self._lines) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        lines, self._lines = self._lines, []
        if lines:
            self._stream.write("\n".join(lines) + "\n")
            self._stream.flush()
            self.written += len(lines)


class RecordTable:
    """Records as rows of a store. A simulation waits for its store, which a carrier must not.

    Attributes:
        added: what became of the rows.
    """

    def __init__(self, store: Store, run: str, destinations: Destinations) -> None:
        self._store = store
        self._run = run
        self._complete = Completing(destinations)
        self._rows: list[Row] = []
        self.added = Added(0, 0)

    def add(self, record: CallRecord) -> None:
        """Write a record, sooner or later.

        Raises:
            StoreDown, StoreFault: it cannot be written.
        """
        self._rows.append(self._complete(row_of_call(record, self._run, "simulate")))
        if len(self._rows) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Write what waits.

        Raises:
            StoreDown, StoreFault: it cannot be written.
        """
        rows, self._rows = self._rows, []
        if rows:
            added = self._store.add(rows)
            self.added = Added(self.added.new + added.new, self.added.known + added.known)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a simulation comes to.

    Attributes:
        calls: how many calls ended.
        retries: how many of them were made again after one that did not get through.
        codes: how often each final code was sent; ``none`` for calls that got none.
        conditions: how often each condition was behind a call; ``none`` where a scenario spells out a ladder.
        unmatched: calls that no rule took.
        failures: expectations that were not met, in words.
        start: when the traffic began, ISO 8601.
        simulated: seconds of traffic simulated.
        took: seconds that it took.
        interrupted: it was ended early.
        left_up: calls that were up then, of which there is no record.
        given_up: calls that were not made again because too many waited.
    """

    calls: int
    retries: int
    codes: dict[str, int]
    conditions: dict[str, int]
    unmatched: int
    failures: list[str]
    start: str
    simulated: float
    took: float
    interrupted: bool
    left_up: int
    given_up: int

    @property
    def calls_per_second(self) -> float:
        """Calls simulated in a second."""
        return self.calls / self.took if self.took else 0.0

    def as_dict(self) -> dict[str, Any]:
        """The summary as a JSON object."""
        return {
            "event": "summary",
            "calls": self.calls,
            "retries": self.retries,
            "codes": self.codes,
            "conditions": self.conditions,
            "unmatched": self.unmatched,
            "failures": self.failures,
            "start": self.start,
            "simulated": round(self.simulated, 3),
            "took": round(self.took, 3),
            "calls_per_second": round(self.calls_per_second),
            "interrupted": self.interrupted,
            "left_up": self.left_up,
            "given_up": self.given_up,
        }


def run_simulation(scenario: Scenario, order: Order) -> int:
    """Simulate to the end; returns the exit status."""
    try:
        with _records(scenario, order) as records:
            return _simulate(scenario, order, records)
    except FileExistsError:
        print(f"simcarrier: {order.records} is there already: name another file, or say --force", file=sys.stderr)
        return WRONG
    except BrokenPipeError:
        # Whoever read the records has seen enough. Nothing more may be written, not even by Python at its end.
        sys.stdout = None
        return FINE
    except OSError as error:
        print(f"simcarrier: cannot write {order.records}: {error.strerror}", file=sys.stderr)
        return FAILED
    except (MissingExtra, StoreDown, StoreFault) as error:
        print(f"simcarrier: cannot write {error}", file=sys.stderr)
        return FAILED


@contextlib.contextmanager
def _records(scenario: Scenario, order: Order) -> Iterator[Records | None]:
    if order.records is None:
        yield None
    elif isinstance(order.records, StoreAddress):
        store = order.records.store()
        store.open()
        try:
            # The same simulation again brings the same calls: they are known, and not added twice.
            said = (order.digest, order.seed, order.start, order.calls_per_hour)
            run = sha256(repr(said).encode()).hexdigest()[:8]
            yield RecordTable(store, f"{scenario.name} {run}", order.destinations)
        finally:
            store.close()
    elif str(order.records) == "-":
        yield RecordFile(sys.stdout)
    else:
        with order.records.open("w" if order.force else "x", encoding="utf-8", newline="\n") as stream:
            yield RecordFile(stream)


def _simulate(scenario: Scenario, order: Order, records: Records | None) -> int:
    start = order.start
    began = None if start is None else start.replace(tzinfo=scenario.carrier.clock.zone).timestamp()
    simulation = Simulation(
        scenario, seconds=order.seconds, calls_per_hour=order.calls_per_hour, start=began, seed=order.seed
    )
    verdict = Verdict(scenario, wire=False)
    conditions: Counter[Condition | None] = Counter()

    def count(record: CallRecord) -> None:
        conditions[record.condition] += 1

    listeners: list[Callable[[CallRecord], None]] = simulation.exchange.journal.listeners
    listeners.append(count)
    if verdict:
        listeners.append(verdict.observe)
    if records is not None:
        listeners.append(records.add)
    gc.collect()
    gc.freeze()
    gc.set_threshold(500_000, 10, 10)  # calls leave no cycles behind
    before = time.perf_counter()
    interrupted = _go_on(simulation, shown=not order.quiet)
    if records is not None:
        records.flush()
    took = time.perf_counter() - before
    outcome = _outcome(simulation, conditions, verdict, took, interrupted)
    to_stderr = str(order.records) == "-"
    print(
        _encode(outcome.as_dict())
        if order.form == "json"
        else "\n".join([*lines(scenario, outcome, order), *_told_of(records, order)]),
        file=sys.stderr if to_stderr else sys.stdout,
    )
    return FAILED if outcome.failures else FINE


def _outcome(
    simulation: Simulation,
    conditions: Counter[Condition | None],
    verdict: Verdict,
    took: float,
    interrupted: bool,
) -> Outcome:
    journal = simulation.exchange.journal
    return Outcome(
        calls=journal.calls,
        retries=sum(dialler.retried for dialler in simulation.diallers),
        codes={_name(code): count for code, count in sorted(journal.codes.items(), key=lambda item: item[0] or 0)},
        conditions={_name(condition): count for condition, count in conditions.most_common()},
        unmatched=journal.unmatched,
        failures=verdict.failures(),
        start=datetime.fromtimestamp(simulation.start, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        simulated=min(simulation.now, simulation.seconds) if interrupted else simulation.seconds,
        took=took,
        interrupted=interrupted,
        left_up=len(simulation.exchange.calls),
        given_up=simulation.given_up,
    )


def _name(found: int | Condition | None) -> str:
    return "none" if found is None else str(found)


def _go_on(simulation: Simulation, *, shown: bool) -> bool:
    """Simulate to the end, or until a signal; returns whether it was one."""
    stop: list[int] = []

    def note(number: int, frame: object) -> None:
        stop.append(number)

    kept = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        journal = simulation.exchange.journal
        with progress("0 calls", simulation.seconds, shown=shown) as tell:
            while simulation.step():
                if stop:
                    return True
                tell(simulation.now, f"{journal.calls:,} calls")
        return False
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def duration(seconds: float) -> str:
    """A time in words, in its largest units: ``5 d``, ``1 d 6 h``, ``30 min``."""
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    left = round(seconds)
    said = []
    for unit, length in units:
        count, left = divmod(left, length)
        if count:
            said.append(f"{count} {unit}")
    return " ".join(said[:2]) or f"{seconds:g} s"


def lines(scenario: Scenario, outcome: Outcome, order: Order) -> Iterator[str]:
    """The summary, a fact a line."""
    yield scenario.name
    yield (
        f"{duration(outcome.simulated)} from {outcome.start} in {outcome.took:.2f} s, "
        f"{outcome.calls_per_second:,.0f} calls/s"
    )
    if outcome.interrupted:
        up = "1 call was" if outcome.left_up == 1 else f"{outcome.left_up} calls were"
        yield f"interrupted: {up} up, of which there is no record"
    retries = f", {outcome.retries} of them retries" if outcome.retries else ""
    yield f"{outcome.calls} call{'' if outcome.calls == 1 else 's'}{retries}"
    for title, counts in (("code", outcome.codes), ("condition", outcome.conditions)):
        if counts:
            width = max(len(title), *map(len, counts))
            yield f"{title:<{width}} {'calls':>8} {'share':>7}"
            for name, count in sorted(counts.items(), key=lambda item: -item[1]):
                yield f"{name:<{width}} {count:>8} {count / outcome.calls:>7.1%}"
    if outcome.unmatched:
        yield f"{outcome.unmatched} matched no rule"
    if outcome.given_up:
        yield f"{outcome.given_up} retries were given up, for too many waited"
    if isinstance(order.records, Path) and str(order.records) != "-":
        yield f"records in {order.records}"
    for failure in outcome.failures:
        yield f"failed: {failure}"


def _told_of(records: Records | None, order: Order) -> Iterator[str]:
    """What became of rows."""
    if isinstance(records, RecordTable):
        known = f", {records.added.known} known before" if records.added.known else ""
        yield f"{records.added.new} records added to {order.records}{known}"

"""pjproject calls a carrier that lives on a clock of its own: the waiting is left out, what goes over the wire is real.

`fast_loop` gives what happens outside of its loop a millisecond, which is too short for another stack. `PatientLoop`
asks pjproject instead: the clock jumps when neither side has anything left to do. pjproject's own timers stay in real
time; none of them is as short as a test.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

import pytest

from simcarrier.probe.client import Prober
from simcarrier.probe.guard import Guard, Policy
from simcarrier.scenario.models import Scenario
from simcarrier.service import CarrierService
from simcarrier.sip.transport import ListenAddress
from tests.probe.network_kit import Probed, plan_for, with_certificate

T = TypeVar("T")

pjsua2 = pytest.importorskip(
    "pjsua2", reason="pjsua2 is not installed: pip install 'simcarrier[pjsua2]', or make pjsua2"
)


class _Asking(selectors.DefaultSelector):
    """A selector that does not sleep."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.quiet: Callable[[], None] = lambda: None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout is None or timeout <= 0:
            return ready if ready or timeout is not None else super().select(None)
        self.quiet()
        ready = super().select(0)
        if not ready:
            self.now += timeout
        return ready


class PatientLoop(asyncio.SelectorEventLoop):
    """Its clock begins at 0, and jumps when nobody has anything to do."""

    def __init__(self) -> None:
        self.asking = _Asking()
        super().__init__(self.asking)

    def time(self) -> float:
        return self.asking.now


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a loop of its own."""
    with asyncio.Runner(loop_factory=PatientLoop) as runner:
        return runner.run(main)


def ask_before_jumps(prober: Prober) -> None:
    """Let the loop's clock stand while the prober's pjproject has something to do."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, PatientLoop)

    def quiet() -> None:
        stack = getattr(prober._engine, "stack", None)
        if stack is not None:
            stack.quiet()

    loop.asking.quiet = quiet


def probe_carrier(
    scenario: Scenario,
    *,
    transport: str = "udp",
    pki: Path | None = None,
    seed: int = 1,
    trunk: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    address: str | None = None,
    host: str = "127.0.0.1",
    guard: Guard | None = None,
    rounds: int = 1,
    **said: Any,
) -> Probed:
    """Run a plan by pjproject against a carrier, or against what is at another address. Takes what `plan_for` takes."""

    async def main() -> Probed:
        carried = with_certificate(scenario, pki) if pki is not None else scenario
        listen = [ListenAddress.parse(f"{transport}:{host}:0")]
        async with CarrierService(carried, listen=listen, seed=seed) as carrier:
            of_trunk = {**({} if pki is None else {"ca": str(pki / "ca.pem")}), **(trunk or {})}
            told = Probed()
            prober = Prober(
                plan_for(address or f"{transport}:{carrier.address}", trunk=of_trunk, **said),
                guard or Guard(Policy()),
                told.results.append,
                keep=lambda seen, transcript: told.transcripts.append(transcript),
                environment=environment or {},
                engine="pjsua2",
            )
            ask_before_jumps(prober)
            async with prober:
                for _ in range(rounds):
                    told.summary = await prober.run()
            assert prober.idle
            journal = carrier.journal
        told.journal = [record.ending or "" for record in journal.recent]
        return told

    return run(main())

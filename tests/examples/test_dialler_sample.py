"""The sample dialler before the scenarios that judge it: the right one passes, each wrong one fails, and says why.

Carrier and dialler live on one loop whose clock jumps over every wait: ten seconds of a stalled call cost one
millisecond.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from dialler.dialler import Dialler, Settings
from dialler.wrong import WRONG

from simcarrier.conduct.conduct import Conduct
from simcarrier.scenario.load import load
from simcarrier.service import CarrierService
from simcarrier.sip.transport import ListenAddress
from simcarrier.testing import fast_loop
from simcarrier.verdict.outcome import Outcome
from simcarrier.verdict.verdict import Verdict

ROOT = Path(__file__).parents[2]
SETTINGS = Settings(user="gateway", password="secret", talk=1.0)
LOOPBACK = ListenAddress.parse("udp:127.0.0.1:0")

LISTS = {
    "dialler-stall": ["+49301", "+491511", "+491512"],
    "dialler-blocks": ["+49301", "+491521", "+491531", "+491541", "+491551", "+491561"],
    "dialler-routes": ["+49301", "+49302", "+49303", "+491511", "+491512", "74951234567", "+49304", "+49305"],
    "dialler-registration": ["+49301", "+49302"],
}
"""Whom the dialler is to call, by the scenario."""


async def _judged(
    scenario: str, kind: type[Dialler], listeners: int, numbers: Sequence[str], seed: int
) -> tuple[Outcome, ...]:
    loaded = load(ROOT / "scenarios" / f"{scenario}.yaml")
    loop = asyncio.get_running_loop()
    verdict, conduct = Verdict(loaded), Conduct()
    carrier = CarrierService(loaded, listen=[LOOPBACK] * listeners, seed=seed)
    carrier.watch(conduct.observe)
    async with carrier:
        carrier.journal.listeners.append(verdict.observe)
        carrier.journal.registrars.append(verdict.registered)
        settings = SETTINGS if scenario == "dialler-registration" else replace(SETTINGS, user="")
        dialler = kind(*((address.host, address.port) for address in carrier.addresses), settings=settings)
        passes = 2 if scenario == "dialler-blocks" else 1
        calling = asyncio.ensure_future(dialler.run(*[numbers or LISTS[scenario]] * passes))
        await asyncio.wait([calling], timeout=90)
        await asyncio.sleep(0.05)  # the last BYE is on its way
        verdict.over(carrier.wall(loop.time()))
        await carrier.stop()
        calling.cancel()
        await asyncio.wait([calling])
    conduct.finish(loop.time())
    verdict.breaches(conduct.breaches, conduct.counts)
    assert carrier.driver.errors == []
    return verdict.outcomes()


def judged(
    scenario: str, kind: type[Dialler] = Dialler, listeners: int = 1, numbers: Sequence[str] = (), seed: int = 1
) -> tuple[Outcome, ...]:
    """What the scenario's expectations come to, with the usual list of numbers or another; `seed` is the carrier's."""
    return fast_loop.run(_judged(scenario, kind, listeners, numbers, seed))


@pytest.mark.parametrize("listeners", [1, 2])
@pytest.mark.parametrize("scenario", LISTS)
def test_the_right_one_passes(scenario: str, listeners: int) -> None:
    assert [str(outcome) for outcome in judged(scenario, listeners=listeners) if not outcome.met] == []


def test_the_right_one_passes_whatever_chance_brings() -> None:
    scenarios = list(LISTS)
    for seed in range(2, 14):
        missed = [str(each) for each in judged(scenarios[seed % 4], seed=seed) if not each.met]
        assert missed == [], f"seed {seed}"


@dataclass(frozen=True)
class Case:
    """A wrong dialler.

    Attributes:
        wrong: its name.
        scenario: which one finds it out.
        expectation: by which expectation.
        got: what that says.
        evidence: what it says of the first call.
        others: further expectations that it does not meet, as a consequence.
        numbers: whom it is to call, where the usual list does not bring it out.
    """

    wrong: str
    scenario: str
    expectation: str
    got: str
    evidence: str
    others: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()


CASES = [
    Case(
        "never-gives-up",
        "dialler-stall",
        "stalled_calls",
        "2 of 2 stalled calls not cancelled as expected",
        "+493012345678 -> +491511 at ..., Call-ID ...: not cancelled in the ... from the 100 until the run was over",
    ),
    Case(
        "gives-up-early",
        "dialler-stall",
        "stalled_calls",
        "2 of 2 stalled calls not cancelled as expected",
        "+493012345678 -> +491511 at ..., Call-ID ...: cancelled 1 s after the 100, too early",
    ),
    Case(
        "never-acknowledges",
        "dialler-stall",
        "final_responses",
        "... final responses not acknowledged as expected",
        "+493012345678 -> +49301 at ..., Call-ID ...: 200 OK not acknowledged in ...",
        ("stalled_calls", "answered_calls", "conduct"),
    ),
    Case(
        "calls-blocked-numbers",
        "dialler-blocks",
        "blocked_numbers",
        "3 calls more to 3 refused numbers",
        "+493012345678 -> +491521 at ..., Call-ID ...: called again ... after 608 Rejected",
    ),
    Case(
        "fails-over-on-everything",
        "dialler-blocks",
        "no_failover",
        "... more tries after ... refused calls",
        "+493012345678 -> +491551 at ..., Call-ID ...: tried again ... after 486 Busy Here",
    ),
    Case(
        "ignores-retry-after",
        "dialler-routes",
        "retry_after",
        "... calls too early, after 2 responses with Retry-After",
        "+493012345678 -> ... at ..., Call-ID ...: ... after 503 Service Unavailable, ... too early",
    ),
    Case(
        "never-fails-over",
        "dialler-routes",
        "failover",
        "2 of 2 refused calls not tried again",
        "+493012345678 -> +491511 at ..., Call-ID ...: 503 Service Unavailable; not tried again",
    ),
    Case(
        "takes-too-many-lines",
        "dialler-routes",
        "lines",
        "... at once at ..., 3 allowed",
        "+493012345678 -> ... at ..., Call-ID ...: one line too many",
        ("failover",),
    ),
    Case(
        "calls-too-fast",
        "dialler-routes",
        "calls_per_second",
        "... in a second by trunk main at ..., 5 allowed",
        "+493012345678 -> ... at ..., Call-ID ...: one call too many by trunk main",
        ("retry_after",),
        ("+491511", *(f"7495123456{last}" for last in range(6))),
    ),
    Case(
        "keeps-the-form",
        "dialler-routes",
        "number_form",
        "1 of 1 refusal not followed by another form of the number",
        "+493012345678 -> 74951234567 at ..., Call-ID ...: 404 Not Found; no other form was dialled",
    ),
    Case(
        "never-registers-again",
        "dialler-registration",
        "registration",
        "1 of 1 refused call not followed by a REGISTER",
        "+493012345678 -> +49301 at ..., Call-ID ...: 403 Forbidden; no REGISTER followed",
        ("calls",),
    ),
]


def is_like(text: str, pattern: str) -> bool:
    """Whether a text has the parts of a pattern, whatever stands at the dots."""
    place = 0
    for part in pattern.split("..."):
        place = text.find(part, place)
        if place < 0:
            return False
        place += len(part)
    return True


def test_every_wrong_one_is_found_out() -> None:
    assert [case.wrong for case in CASES] == sorted(WRONG, key=[case.wrong for case in CASES].index)
    assert len(CASES) == len(WRONG)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.wrong)
def test_a_wrong_one_fails(case: Case) -> None:
    outcomes = judged(case.scenario, WRONG[case.wrong], numbers=case.numbers)
    missed = {outcome.name: outcome for outcome in outcomes if not outcome.met}
    told = "\n".join(line for outcome in missed.values() for line in outcome.lines())
    assert case.expectation in missed, told
    assert missed.keys() - {case.expectation} <= set(case.others), told
    found = missed[case.expectation]
    assert is_like(found.got, case.got), told
    assert is_like(found.evidence[0], case.evidence), told
    assert found.calls
    assert f"{case.scenario}.yaml:" in found.place


def test_on_the_command_line() -> None:
    python = f"{sys.executable} {ROOT / 'examples' / 'dialler'} +49301 +491521 --passes 2 --pause 0.2"
    run = [sys.executable, "-m", "simcarrier", "run", str(ROOT / "scenarios" / "dialler-blocks.yaml")]
    run += ["--listen", "udp:127.0.0.1:0", "--quiet", "--for", "40s", "--exec"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*run, f"{python} --wrong calls-blocked-numbers"],
        capture_output=True, text=True, timeout=50, check=False, env=environment,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "got 1 call more to 1 refused number" in done.stdout

"""What the scenarios that judge a dialler say of Asterisk with the recipe's dialplans, as docs/asterisk.md has it.

The plain dialplan does what it is told and decides nothing, so it is told to do what a thoughtless dialler does. The
other one remembers who must not be called again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from simcarrier.scenario.load import loads
from simcarrier.testing import RunningCarrier

from .asterisk import Asterisk, asterisk_root, recipe
from .harness import LOW_SEED, SCENARIOS, wait_until

pytestmark = pytest.mark.interop

PAGE = Path(__file__).parents[2] / "docs" / "asterisk.md"
HEAD = "| Scenario | What Asterisk is told to do | Met | Not met |\n|---|---|---|---|\n"

DECIDING = "dialler-blocks, deciding"
"""Once more with the other dialplan, at a carrier and a trunk of its own."""

SETTINGS = {
    "dialler-stall": {"stall": "1s"},
    "dialler-blocks": {"peace": "10s"},
    DECIDING: {"peace": "10s"},
    "dialler-routes": {"seconds": "10"},
    "dialler-registration": {},
}
"""Parameters of each scenario, so that the test is quick and a busy machine makes no difference."""

STALLED, BLOCKED, ANSWERED = "+491521234567", ("+491521234567", "+491531234567", "+491541234567"), "+493012345678"
BUSY, DECLINED = "+491551234567", "+491561234567"
MANY = [f"+4930123456{number:02}" for number in range(12)]
"""More calls at once than there are lines, and in two seconds than may come in one."""


def scenario_of(name: str) -> str:
    return name.partition(",")[0]


def trunk_of(name: str) -> str:
    return name.replace(", ", "-")


def a_carrier(name: str, listen: str = "udp:127.0.0.1:0") -> RunningCarrier:
    text = (SCENARIOS / f"{scenario_of(name)}.yaml").read_text()
    scenario = loads(text, name, SETTINGS[name])
    return RunningCarrier(scenario, listen=listen, seed=LOW_SEED, allow_unmatched=True, grace=0.1).start()


@dataclass
class Session:
    """An Asterisk with a trunk to each carrier.

    Attributes:
        asterisk: it runs.
        carriers: by scenario.
        dialled: how many calls were placed.
    """

    asterisk: Asterisk
    carriers: dict[str, RunningCarrier]
    dialled: int = field(default=0)

    def dial(self, trunk: str, *numbers: str, patience: int = 5, context: str = "outgoing") -> None:
        """Call all of these at once; returns when the calls are over."""
        for number in numbers:
            self.asterisk.dial(number, trunk, patience=patience, context=context)
        self.dialled += len(numbers)
        wait_until(lambda: len(self.asterisk.outcomes) >= self.dialled, "Asterisk's calls to end")

    def verdict(self, name: str) -> tuple[list[str], list[str]]:
        """The expectations of a scenario that were met, and those that were not."""
        carrier = self.carriers[name]
        wait_until(lambda: not carrier.open_calls or bool(carrier.errors), "the last ACK or BYE")
        assert carrier.errors == []
        failures = carrier.failures()
        unmet = re.findall(r"(\w+): wanted", "\n".join(failures))
        assert len(unmet) == len(failures), failures
        asked = [expectation.key for expectation in carrier.scenario.expect]
        return [each for each in asked if each not in unmet], [each for each in asked if each in unmet]


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    root = asterisk_root()
    with ExitStack() as stack:
        carriers: dict[str, RunningCarrier] = {}

        def stop_all() -> None:
            for carrier in carriers.values():
                carrier.stop()

        stack.callback(stop_all)
        for name in SETTINGS:
            carriers[name] = a_carrier(name)
        trunks = {trunk_of(name): carrier.address for name, carrier in carriers.items()}
        registrar = trunks.pop("dialler-registration")
        asterisk = Asterisk(root, trunks, registrar, recipe("extensions_deciding.conf"))
        stack.callback(asterisk.stop)
        yield Session(asterisk, carriers)


def stall(session: Session) -> None:
    session.dial("dialler-stall", STALLED, ANSWERED, patience=1)


def blocks(session: Session) -> None:
    for _ in range(2):
        session.dial("dialler-blocks", *BLOCKED, BUSY, DECLINED, ANSWERED)


def deciding(session: Session) -> None:
    for _ in range(2):
        session.dial(trunk_of(DECIDING), *BLOCKED, BUSY, DECLINED, ANSWERED, context="deciding")
    assert "REST=3600" in session.asterisk.ask("dialplan show globals")
    called = [call.called for call in session.carriers[DECIDING].calls]
    assert sorted(called) == sorted([*BLOCKED, BUSY, DECLINED, ANSWERED, ANSWERED])


def routes(session: Session) -> None:
    session.dial("dialler-routes", STALLED)
    session.dial("dialler-routes", "74951234567", *MANY)


def registration(session: Session) -> None:
    """The carrier is started anew and has forgotten who was registered; Asterisk does not know."""

    def registered() -> bool:
        return "Registered" in session.asterisk.ask("pjsip show registrations")

    wait_until(registered, "Asterisk to be registered")
    before = session.carriers["dialler-registration"]
    before.stop()
    session.carriers["dialler-registration"] = a_carrier("dialler-registration", f"udp:{before.address}")
    session.dial("registered", ANSWERED)
    assert registered()


TOLD: dict[str, Callable[[Session], None]] = {
    "dialler-stall": stall,
    "dialler-blocks": blocks,
    DECIDING: deciding,
    "dialler-routes": routes,
    "dialler-registration": registration,
}


def rows() -> list[list[str]]:
    """The cells of the table in the page."""
    _, found, after = PAGE.read_text(encoding="utf-8").partition(HEAD)
    assert found, f"{PAGE.name} has no table {HEAD}"
    return [row.strip("| ").split(" | ") for row in after.partition("\n\n")[0].splitlines()]


def test_every_scenario_that_judges_a_dialler_is_in_the_table() -> None:
    assert {scenario_of(name) for name in TOLD} == {path.stem for path in SCENARIOS.glob("dialler-*.yaml")}
    assert len(rows()) == len(TOLD)


@pytest.mark.parametrize("name", TOLD)
def test_the_table_says_what_the_carrier_says_of_asterisk(name: str, session: Session) -> None:
    row = rows()[list(TOLD).index(name)]
    settings = "".join(f" `--set {key}={value}`" for key, value in SETTINGS[name].items())
    assert row[0] == f"`{scenario_of(name)}`{settings}"
    assert ("`deciding`" in row[1]) == (name == DECIDING)
    TOLD[name](session)
    met, unmet = session.verdict(name)
    told = [re.findall(r"`(\w+)`", cell) for cell in row[2:]]
    assert told == [met, unmet], "\n".join(session.carriers[name].failures())

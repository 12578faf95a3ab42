"""Asterisk calls the scenarios that ship, and what its dialplan is told of each call is what docs/asterisk.md says.

All calls are placed at once, by one Asterisk, each carrier at the end of a trunk of its own.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from simcarrier.records.model import CallRecord
from simcarrier.scenario.load import loads
from simcarrier.testing import RunningCarrier

from .asterisk import Asterisk, Outcome, asterisk_root, by_call
from .harness import LOW_SEED, PATIENCE, SCENARIOS, wait_until

pytestmark = pytest.mark.interop

PAGE = Path(__file__).parents[2] / "docs" / "asterisk.md"
HEAD = "| Scenario | Number | On the wire | DIALSTATUS | HANGUPCAUSE | tech |"

GERMAN = "+498912345678"
CALLER = "+4930123456"


@dataclass(frozen=True)
class Case:
    """One call to a shipped scenario.

    Attributes:
        scenario: its name.
        number, caller: who is called, and who calls.
        settings: parameters of the scenario; the same in all cases of a scenario.
        patience: seconds until Asterisk gives it up.
        talk: seconds until Asterisk hangs up, once it is answered.
        after_the_last: whether it waits until the scenario's call before it is over, and not only begun.
    """

    scenario: str
    number: str = GERMAN
    caller: str = CALLER
    settings: tuple[tuple[str, str], ...] = ()
    patience: int = 10
    talk: int = 1
    after_the_last: bool = False

    @property
    def name(self) -> str:
        """What the test is called by."""
        return f"{self.scenario}: {self.number}"


# The calls, in the order of the table. Those of one scenario are placed one after the other.
CASES = [
    Case("answered"),
    Case("ringing-then-declined"),
    Case("us-603-plus", "+12125550123"),
    Case("us-603-plus", "+13035550123"),
    Case("us-603-plus-damaged", "+13035550121"),
    Case("us-603-plus-damaged", "+13035550122"),
    Case("us-603-plus-damaged", "+13035550126"),
    Case("us-603-plus-damaged", "+13035550129"),
    Case("unwanted-607"),
    Case("unwanted-607", "+493023456789", talk=3),
    Case("rejected-608"),
    Case("rejected-608-announcement"),
    Case("rejected-608-damaged", "+498912345671"),
    Case("isup-path", "+498912345671"),
    Case("isup-path", "+498912345672"),
    Case("isup-path", "+498912345673"),
    Case("isup-path", "+498912345674"),
    Case("isup-path", "+498912345675"),
    Case("isup-path", "+498912345676"),
    Case("isup-path", "+498912345677"),
    Case("germany-403", caller="+14155550123"),
    Case("germany-403", "+49900123456"),
    Case("national-only-403", "+43112345678"),
    Case("shaken"),
    Case("ru-prefix", "74951234567"),
    Case("prefix-7-8-404", "+74951234567"),
    Case("does-not-exist-604"),
    Case("gone-410"),
    Case("address-incomplete-484", "+4989"),
    Case("unavailable-480"),
    Case("busy-486"),
    Case("busy-everywhere-600"),
    Case("early-media-183", "+4930123457"),
    Case("early-media-183", "+4989123456"),
    Case("lines-full-603", settings=(("lines", "1"),), talk=2),
    Case("lines-full-603", "+498912345679", settings=(("lines", "1"),)),
    Case("overload-503-retry-after"),
    Case("unavailable-503"),
    Case("bad-weather", settings=(("congestion", "1h..2h"), ("outage", "0s..1h"), ("slow", "1h..2h"))),
    Case("server-error-500"),
    Case("prepaid-balance", settings=(("balance", "0.10 EUR"),), talk=5),
    Case("prepaid-balance", "+498912345679", settings=(("balance", "0.10 EUR"),), after_the_last=True),
    Case("registration-lapses"),
    Case("not-acceptable-606"),
    Case("redirect-302"),
    Case("stalled-trying", patience=1),
    Case("silence", patience=1),
]

LEFT_OUT = {
    "calls-per-second-503": "says 503 as overload-503-retry-after does, to a call that comes within the second",
    "reputation": "blocks after many calls only, and then says 603+ as us-603-plus does",
    **dict.fromkeys(
        ("announcement-608", "early-media-sit", "one-way-audio", "ringback"),
        "signals as rejected-608-announcement, early-media-183 and answered do; what is heard is told in test_media.py",
    ),
    "subscribers": "people do by chance what the others of these scenarios do",
    **dict.fromkeys(
        (path.stem for path in SCENARIOS.glob("dialler-*.yaml")),
        "says what the others say, and judges what is done about it: test_asterisk_judged.py",
    ),
}

NOT_A_CALL = {"registration-lapses": "407 Proxy Authentication Required"}
"""What is on the wire where the carrier tells of no call, for it was refused before it was one."""

CONDUCT = (
    "{blocked_numbers: left_alone, at_least: 0}",
    "{answered_calls: ended, at_least: 0}",
    "{final_responses: acknowledged, at_least: 0}",
    "{conduct: clean, at_least: 0}",
)
"""What each carrier expects of its dialler, besides that it calls each number once."""

STALLED = {"stalled-trying": ("{stalled_calls: cancelled, after_trying: 1s}",)}
"""What some carriers expect besides."""

NEVER_OVER = "silence"
"""Asterisk has given it up, and goes on repeating the INVITE."""

LEGS = """
[legs]
exten => _[+0-9].,1,Dial(PJSIP/${EXTEN}@${TRUNK},${PATIENCE},gb(leg^s^1))
 same => n,Hangup()
[leg]
exten => s,1,Set(CHANNEL(hangup_handler_push)=leg-over,s,1)
 same => n,Return()
[leg-over]
exten => s,1,Set(HEADERS=${PJSIP_HEADER(read,Reason)}${PJSIP_RESPONSE_HEADER(read,Reason)})
 same => n,Set(FILE(${OUTCOMES},,,al,u)=leg,${CHANNEL(endpoint)},seen,${HANGUPCAUSE},${CSV_QUOTE(${HEADERS})})
 same => n,Return()
"""
"""Looks for Reason on the channel to the carrier, in its hangup handler; written as if it were an `Outcome`."""


def placed(scenario: str) -> list[Case]:
    return [case for case in CASES if case.scenario == scenario]


def expected(scenario: str) -> str:
    """What the carrier expects of its dialler, as a part of the scenario."""
    cases = placed(scenario)
    once = 0 if scenario in NOT_A_CALL else 1
    each = [f'{{calls: {{to: "{case.number}"}}, exactly: {once}}}' for case in cases]
    return "\n  - ".join(["\nexpect:", *each, *CONDUCT, *STALLED.get(scenario, ())]) + "\n"


def a_carrier(name: str, expect: str = "", **settings: str) -> RunningCarrier:
    text = (SCENARIOS / f"{name}.yaml").read_text() + expect
    return RunningCarrier(loads(text, name, settings), seed=LOW_SEED, allow_unmatched=True, grace=0.1)


@dataclass
class Session:
    """All calls of the table, and what has become of them.

    Attributes:
        asterisk: it is still there.
        carriers: by scenario; still there too.
        outcomes: by scenario and number.
    """

    asterisk: Asterisk
    carriers: dict[str, RunningCarrier]
    outcomes: dict[tuple[str, str], Outcome]

    def record(self, case: Case) -> CallRecord | None:
        """What the carrier tells of a call."""
        carrier = self.carriers[case.scenario]
        records = carrier.open_calls if case.scenario == NEVER_OVER else carrier.calls
        found = [record for record in records if record.called == case.number]
        assert len(found) == (0 if case.scenario in NOT_A_CALL else 1), self.ladders(case.scenario)
        return found[0] if found else None

    def ladders(self, scenario: str) -> str:
        """The messages of a scenario's calls."""
        return "\n".join(self.carriers[scenario].ladders().values())


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    root = asterisk_root()
    with ExitStack() as stack:

        def started(carrier: RunningCarrier) -> RunningCarrier:
            stack.callback(carrier.stop)
            return carrier.start()

        scenarios = dict.fromkeys(case.scenario for case in CASES)
        carriers = {
            name: started(a_carrier(name, expected(name), **dict(placed(name)[0].settings))) for name in scenarios
        }
        others = {
            "registered": started(a_carrier("registration-lapses", lasts="1h")),
            "called-again": started(a_carrier("unwanted-607", expected("unwanted-607"))),
        }
        addresses = {name: carrier.address for name, carrier in (carriers | others).items()}
        asterisk = Asterisk(root, addresses, registrar=addresses.pop("registered"), dialplan=LEGS)
        stack.callback(asterisk.stop)
        place_all(asterisk, carriers)
        asterisk.wait_for((case.scenario, case.number) for case in CASES)
        yield Session(asterisk, carriers | others, by_call(asterisk.outcomes))


def place_all(asterisk: Asterisk, carriers: dict[str, RunningCarrier]) -> None:
    """The calls of all scenarios side by side, those of one scenario in their order."""
    waiting = {name: placed(name) for name in carriers}
    begun = dict.fromkeys(carriers, 0)

    def place() -> bool:
        for name, cases in waiting.items():
            over = len(carriers[name].calls)
            come = over + len(carriers[name].open_calls)
            if cases and begun[name] == (over if cases[0].after_the_last else come):
                case = cases.pop(0)
                begun[name] += 1
                asterisk.dial(case.number, name, caller=case.caller, patience=case.patience, talk=case.talk)
        return not any(waiting.values())

    wait_until(place, "all calls to be placed")


def on_the_wire(record: CallRecord) -> str:
    """What the carrier has sent, in short."""
    final = f"{record.code} {record.phrase}"
    if record.code is None:
        final = "nothing"
    elif record.ending == "cancelled":
        final = "nothing more; CANCEL"
    elif record.ending == "hung_up_by_us":
        final += "; BYE from the carrier"
    return ", ".join([*map(str, record.provisional), final])


def row(case: Case, session: Session) -> str:
    """How the call stands in the table."""
    record, outcome = session.record(case), session.outcomes[case.scenario, case.number]
    settings = " ".join(f"--set {name}={shlex.quote(value)}" for name, value in case.settings)
    cells = (
        f"`{case.scenario}`" + (f" `{settings}`" if settings else ""),
        f"`{case.number}`" + (f" from `{case.caller}`" if case.caller != CALLER else ""),
        on_the_wire(record) if record is not None else NOT_A_CALL[case.scenario],
        f"`{outcome.status}`",
        str(outcome.cause),
        f"`{outcome.said}`" if outcome.said else "nothing",
    )
    return f"| {' | '.join(cells)} |"


def table() -> list[str]:
    """The rows of the table in the page."""
    _, found, after = PAGE.read_text(encoding="utf-8").partition(f"{HEAD}\n|---|---|---|---|---|---|\n")
    assert found, f"{PAGE.name} has no table {HEAD}"
    return after.partition("\n\n")[0].splitlines()


def test_every_shipped_scenario_is_in_the_table_or_has_a_reason_not_to_be() -> None:
    assert {case.scenario for case in CASES} | LEFT_OUT.keys() == {path.stem for path in SCENARIOS.glob("*.yaml")}
    assert len(table()) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_table_says_what_asterisk_says(case: Case, session: Session) -> None:
    seen = row(case, session)
    told = dict(zip(CASES, table(), strict=False)).get(case, "nothing")
    assert told == seen, (
        f"{PAGE.name} says\n{told}\nand {session.asterisk.version} makes this of it\n{seen}\n"
        f"{session.ladders(case.scenario)}{session.asterisk.log}"
    )


@pytest.mark.parametrize("scenario", sorted({case.scenario for case in CASES} - {NEVER_OVER}))
def test_asterisk_does_what_is_expected_of_a_dialler(scenario: str, session: Session) -> None:
    carrier = session.carriers[scenario]
    wait_until(lambda: not carrier.open_calls or bool(carrier.errors), "the last ACK or BYE")
    assert carrier.errors == []
    assert carrier.failures() == [], session.ladders(scenario)
    assert all(call.acknowledged_after is not None for call in carrier.calls)


def test_a_call_file_with_retries_does_not(session: Session) -> None:
    carrier = session.carriers["called-again"]
    session.asterisk.dial(GERMAN, "called-again", retries=1)
    first, second = carrier.wait_for(calls=2, timeout=PATIENCE)
    assert (first.code, second.code) == (607, 607)
    assert 180 not in second.provisional  # the person has said it for good
    failures = "\n".join(carrier.failures())
    assert "wanted exactly 1 call to +498912345678, got 2" in failures
    assert "blocked_numbers: wanted numbers left alone" in failures


def test_the_ami_tells_the_code(session: Session) -> None:
    wanted = {}
    for case in CASES:
        record = session.record(case)
        # After a redirect it goes on with another channel, and whether the event has the 302 is a matter of luck.
        if record is not None and record.ending == "refused" and (record.code or 0) >= 400:
            wanted[case.scenario, case.number] = str(record.code)

    def told() -> dict[tuple[str, str], str | None]:
        found = {}
        for event in session.asterisk.hangups:
            if event["Channel"].startswith("PJSIP/"):
                trunk = event["Channel"].removeprefix("PJSIP/").rpartition("-")[0]
                found[trunk, event["CallerIDNum"]] = event.get("TechCause")
        return found

    # The dialplan may have written its line before the event has come.
    wait_until(lambda: wanted.keys() <= told().keys(), "the Hangup events")
    assert {call: code for call, code in told().items() if call in wanted} == wanted


def test_a_hangup_handler_does_not_see_the_reason(session: Session) -> None:
    carrier = session.carriers["us-603-plus"]
    session.asterisk.dial("+13035550199", "us-603-plus", context="legs")
    session.asterisk.wait_for([("leg", "us-603-plus")])
    (call,) = (call for call in carrier.calls if call.called == "+13035550199")
    assert "Network Blocked" in carrier.ladder(call)
    seen = by_call(session.asterisk.outcomes)["leg", "us-603-plus"]
    assert (seen.cause, seen.said) == (21, "")


def test_an_invite_that_nobody_hears_is_repeated_after_asterisk_gave_up(session: Session) -> None:
    carrier = session.carriers[NEVER_OVER]
    over = session.outcomes[NEVER_OVER, GERMAN]
    wait_until(lambda: session.ladders(NEVER_OVER).count("INVITE") >= 4, "an INVITE 3.5 seconds after the first")
    assert (over.status, over.cause) == ("NOANSWER", 0)
    assert "CANCEL" not in session.ladders(NEVER_OVER)
    assert len(carrier.open_calls) == 1


def test_a_trunk_that_registers(session: Session) -> None:
    wait_until(lambda: "Registered" in session.asterisk.ask("pjsip show registrations"), "Asterisk to be registered")
    session.asterisk.dial(GERMAN, "registered")
    session.asterisk.wait_for([("registered", GERMAN)])
    assert by_call(session.asterisk.outcomes)["registered", GERMAN].status == "ANSWER"
    (call,) = session.carriers["registered"].wait_for(calls=1)
    assert (call.code, call.customer) == (200, "gateway")

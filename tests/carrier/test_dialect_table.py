"""The table: every condition in every dialect, called over a real socket, gives the ladder that its file tells.

What is expected is worked out here from the bare YAML, apart from the loader, the carrier and the gateway. The calls of
one dialect run all at once on a `FastLoop`, so half a minute of ringing costs nothing.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from simcarrier.carrier.exchange import Exchange
from simcarrier.conditions import MEANINGS, Condition, Party
from simcarrier.net.driver import Driver
from simcarrier.scenario.dialects import FOLDER, SHIPPED
from simcarrier.scenario.load import loads
from simcarrier.scenario.units import Span
from simcarrier.service import CarrierService
from simcarrier.sip.agent import UserAgent
from simcarrier.sip.callee import CalleeSession
from simcarrier.sip.caller import CallerSession
from simcarrier.sip.invitation import Invitation
from simcarrier.sip.isup import Q850_CAUSES, Profile, cause_for, status_for
from simcarrier.sip.message import Response
from simcarrier.sip.session import Ending
from simcarrier.sip.status import PHRASES
from simcarrier.sip.transport import Transport
from simcarrier.testing import fast_loop

PATIENCE = 12.0  # seconds after which the caller gives up what has stalled
LATE = 0.1  # seconds that a response may be late: the driver looks at its timers every few milliseconds
CALLS = 60  # to a condition that has alternatives: one of 10 % is missed once in 500 tries, and the seed is fixed
WATCHED = ("Call-Info", "Contact", "Reason", "Retry-After", "Warning")
CARD = "{signed}"
UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
FILES = {name: yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8")) for name in SHIPPED}
REFERENCES = [*SHIPPED, *(f"{name}/{variant}" for name in SHIPPED for variant in FILES[name].get("variants", ()))]

PLACES = {Party.CALLEE: "U", Party.NETWORK: "RLN", Party.CARRIER: "LN", Party.CALLER: "LN"}


@dataclass(frozen=True)
class Rung:
    """A response that is to come: between which seconds, and which headers as regular expressions."""

    code: int
    phrase: str
    earliest: float
    latest: float
    headers: dict[str, str] = field(default_factory=dict)


Told = tuple[Rung, ...]


# What a dialect's file tells, from the bare YAML


def said_by(reference: str) -> tuple[dict[str, Any], str | None]:
    """The conditions of a dialect with all that it inherits, and its ISUP profile."""
    name, _, variant = reference.partition("/")
    file = FILES[name]
    said, isup = said_by(file.get("inherits", "textbook")) if name != "textbook" else ({}, None)
    variants = file.get("variants", {})
    chosen = variant or next(iter(variants), "")
    return {**said, **file["conditions"], **variants.get(chosen, {}).get("conditions", {})}, file.get("isup", isup)


def alternatives(action: Any) -> list[list[Any]]:
    """The ladders of which a call gets one."""
    if "mix" in action:
        return [ladder for entry in action["mix"] for ladder in alternatives(entry)]
    if "steps" in action:
        return [action["steps"]]
    return [[{"respond": action["respond"]}]]


def climbed(ladder: list[Any]) -> Told:
    """What a ladder sends, and when."""
    rungs: list[Rung] = []
    low = high = 0.0

    def send(code: int, phrase: str | None = None, headers: dict[str, str] | None = None) -> None:
        rungs.append(Rung(code, phrase or PHRASES[code], low, high, headers or {}))

    def wait(text: str) -> None:
        nonlocal low, high
        span = Span.parse(text)
        low, high = low + span.low, high + span.high

    for step in ladder:
        word: str
        value: Any
        word, value = next(iter(step.items())) if isinstance(step, dict) else (step, None)
        if word in ("trying", "ringing", "answer"):
            send({"trying": 100, "ringing": 180, "answer": 200}[word])
        elif word == "wait":
            wait(value.get("usually", "1s") if isinstance(value, dict) else {"ring": "1s"}.get(value, value))
        elif word == "respond":
            options = value if isinstance(value, dict) else {"code": value}
            if options.get("trying"):
                send(100)
            wait(options.get("delay", "0s"))
            if options.get("block"):
                (location,) = options["block"].values()
                text = "v=analytics1;url=https://redress.example/;id={uuid}"
                send(603, "Network Blocked", {"Reason": f'SIP;cause=603;text="{text}";location={location}'})
            else:
                signed = {"Call-Info": CARD} if options.get("call_info") else {}
                send(int(options["code"]), options.get("phrase"), {**options.get("headers", {}), **signed})
        else:
            assert word in ("silence", "drop", "hang_up"), word
    return tuple(rungs)


def behind_a_gateway(told: Told, profile: str, condition: Condition) -> Told:
    """The same with a network that speaks ISUP on the way."""
    last = told[-1] if told else None
    if last is None or last.code < 400:
        return told
    given = re.fullmatch(r"Q\.850;cause=(\d+)(?:;location=(\w+))?", last.headers.get("Reason", ""))
    cause = int(given[1]) if given else cause_for(last.code, Profile(profile), warning_bearer="Warning" in last.headers)
    assert cause is not None
    place = (given and given[2]) or PLACES[MEANINGS[condition].refused_by]
    code = status_for(cause, place)
    reason = f'Q.850;cause={cause};text="{Q850_CAUSES[cause]}";location={place}'
    return (*told[:-1], replace(last, code=code, phrase=PHRASES[code], headers={"Reason": reason}))


def pattern(value: str) -> str:
    """A header's value, with what is filled in."""
    if value == CARD:
        return r"<data:application/jose,([A-Za-z0-9_-]+\.){2}[A-Za-z0-9_-]{86}>;purpose=jwscard"
    return re.escape(value).replace(r"\{uuid\}", UUID).replace(r"\{retry_after\}", "5")


def expected(reference: str, condition: Condition) -> list[Told]:
    said, isup = said_by(reference)
    told = [climbed(ladder) for ladder in alternatives(said[condition])]
    return [behind_a_gateway(each, isup, condition) for each in told] if isup else told


# What is heard


class Call:
    """A call to a condition: what comes, and when."""

    def __init__(self, agent: UserAgent, driver: Driver, carrier: tuple[str, int], condition: Condition) -> None:
        self.loop = asyncio.get_running_loop()
        self.driver = driver
        self.condition = condition
        self.over = asyncio.Event()
        self.heard: list[tuple[float, Response]] = []
        self.ending: Ending | None = None
        self.began = 0.0
        self.ended_after = 0.0
        at = f"{carrier[0]}:{carrier[1]}"
        invitation = Invitation(uri=f"sip:{condition}@{at}", caller=f"<sip:+4930123456@{at}>")
        self.session = CallerSession(agent, invitation, driver.channel_for(Transport.UDP, carrier), carrier, self)

    async def place(self, told: list[Told]) -> None:
        self.began = self.loop.time()
        self.session.invite(self.began)
        if all(len(each) == 1 and each[-1].code == 100 for each in told):
            self.loop.call_later(PATIENCE, self.give_up)
        self.driver.pump()
        async with asyncio.timeout(100):
            await self.over.wait()

    def give_up(self) -> None:
        self.session.cancel(self.loop.time())
        self.driver.pump()

    def hang_up(self) -> None:
        self.session.hang_up(self.loop.time())
        self.driver.pump()

    def responded(self, response: Response, now: float) -> None:
        self.heard.append((now - self.began, response))
        if 200 <= response.status < 300:
            self.loop.call_later(1.0, self.hang_up)

    def ended(self, ending: Ending, now: float) -> None:
        self.ending = ending
        self.ended_after = now - self.began
        self.over.set()


class Nobody:
    """The calling agent's user: nobody calls it."""

    def invited(self, session: CalleeSession, now: float) -> None:
        raise AssertionError("nobody calls us")


def difference(call: Call, told: Told) -> str:
    """What a call heard otherwise than told; empty if nothing."""
    if told and told[-1].code == 100:
        told = (*told, Rung(487, PHRASES[487], PATIENCE, PATIENCE))
    heard = [(response.status, response.phrase) for _, response in call.heard]
    if heard != [(rung.code, rung.phrase) for rung in told]:
        return f"heard {heard}"
    for (after, response), rung in zip(call.heard, told, strict=True):
        if not rung.earliest - 1e-6 <= after <= rung.latest + LATE:
            return f"{rung.code} after {after:.3f} s, not within {rung.earliest:g} to {rung.latest:g} s"
        for name in WATCHED if rung.code >= 300 else ():
            value, wanted = response.get(name.lower()), rung.headers.get(name)
            if wanted is not None and "{new_number}" in wanted:
                wanted = None  # nobody knows it, so nothing is said of it
            if (value is None) != (wanted is None) or (wanted and not re.fullmatch(pattern(wanted), value or "")):
                return f"{name}: {value!r} instead of {wanted!r}"
    return ""


def ending_of(told: Told) -> Ending:
    if not told:
        return Ending.TIMED_OUT
    return {100: Ending.CANCELLED, 200: Ending.HUNG_UP_BY_US}.get(told[-1].code, Ending.REFUSED)


async def called(reference: str, table: dict[Condition, list[Told]]) -> tuple[list[Call], Exchange]:
    """Call everything at once."""
    rules = "".join(f"  - {{to: {condition}, outcome: {condition}}}\n" for condition in Condition)
    scenario = loads(f"name: x\ncarrier: {{listen: 'udp:127.0.0.1:0', dialect: {reference}, seed: 7}}\ncalls:\n{rules}")
    async with CarrierService(scenario) as carrier, Driver((agent := UserAgent(Nobody(), name="")).endpoint) as driver:
        at = carrier.addresses[0].host, carrier.addresses[0].port
        calls = [
            Call(agent, driver, at, condition)
            for condition, told in table.items()
            for _ in range(CALLS if len(told) > 1 else 1)
        ]
        await asyncio.gather(*(call.place(table[call.condition]) for call in calls))
        assert driver.errors == carrier.driver.errors == []
    return calls, carrier.switch


@pytest.mark.parametrize("reference", REFERENCES)
def test_every_condition_is_said_as_the_dialect_tells(reference: str) -> None:
    table = {condition: expected(reference, condition) for condition in Condition}
    calls, switch = fast_loop.run(called(reference, table))

    said: Counter[tuple[Condition, int]] = Counter()
    wrong = []
    for call in calls:
        differences = [difference(call, told) for told in table[call.condition]]
        if "" not in differences:
            wrong.append(f"{call.condition}: {'; '.join(differences)}")
            continue
        which = differences.index("")
        said[call.condition, which] += 1
        assert call.ending is ending_of(table[call.condition][which]), call.condition
    assert not wrong, "\n".join(wrong)
    assert set(said) == {(condition, n) for condition, told in table.items() for n in range(len(told))}

    records = list(switch.journal.recent)
    assert Counter(record.condition for record in records) == Counter(call.condition for call in calls)
    assert {record.dialect for record in records} == {reference}


def test_a_caller_hears_nothing_of_a_silent_carrier_until_timer_b() -> None:
    (call,), _ = fast_loop.run(called("textbook", {Condition.SILENT: expected("textbook", Condition.SILENT)}))
    assert (call.heard, call.ending) == ([], Ending.TIMED_OUT)
    assert call.ended_after == pytest.approx(32, abs=LATE)


def test_the_comparison_itself() -> None:
    right = expected("textbook", Condition.BUSY)
    (call,), _ = fast_loop.run(called("textbook", {Condition.BUSY: right}))
    (told,) = right
    assert difference(call, told) == ""
    first, last = told
    for other in (
        (last,),
        (first, replace(last, code=600)),
        (first, replace(last, phrase="Busy There")),
        (first, replace(last, earliest=1.2, latest=2.0)),
        (first, replace(last, earliest=0.0, latest=0.05)),
        (first, replace(last, headers={"Retry-After": "5"})),
    ):
        assert difference(call, other) != ""


def test_the_dialects_that_ship_are_all_there() -> None:
    assert sorted(path.stem for path in Path(FOLDER).glob("*.yaml")) == sorted(SHIPPED)
    for name, file in FILES.items():
        assert file["name"] == name

"""The guard: nothing is called without its permit.

A probe that dials a premium number a thousand times costs a fortune, and one that dials an emergency number may cost a
life. So a call needs a `Permit`, and only `Guard.examine` makes one. Calls to this machine itself (a simulated trunk)
need little; calls to anywhere else need everything: ``--live``, an allow-list that names the number, a price that
somebody has seen, and caps that hold across restarts. `RULES` is the list, asked in its order; each either refuses, in
words, or lets the question pass.

A permit is for one call. It is taken back by nobody, so it is made just before the call is placed.
"""

from __future__ import annotations

import ipaddress
import math
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import InitVar, dataclass
from functools import lru_cache
from typing import Any

from simcarrier.scenario.patterns import NumberPattern

from .numbers import NumberFacts, facts_of
from .spelling import is_sendable
from .target import Target

DAY = 86_400.0
MINUTE = 60.0
MOST_REMEMBERED = 10_000
"""Calls remembered for the caps: more than a day's cap can ever be."""

_SEAL = object()


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to make one call. Made by the guard alone.

    Attributes:
        caller, called: the numbers as they will be sent.
        talk: seconds that an answered call may last.
    """

    caller: str
    called: str
    talk: float
    seal: InitVar[object]  # not kept, so that no other permit can be made out of one

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise PermissionError("only the guard makes a permit")

    def covers(self, caller: str, called: str) -> bool:
        """Whether it is for this call."""
        return (caller, called) == (self.caller, self.called)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call is not made.

    Attributes:
        rule: the name of the rule that refused.
        why: in words, with what to do about it if something can be done.
    """

    rule: str
    why: str

    def __str__(self) -> str:
        return f"{self.why} (rule: {self.rule})"


@dataclass(frozen=True, slots=True)
class Caps:
    """What a live plan may do at most, restarts included.

    Attributes:
        calls_per_day: calls within 24 hours.
        calls_per_minute: calls within 60 seconds.
        concurrent: calls up at once.
        talk: seconds that one answered call lasts at most.
        talk_per_day: seconds of all answered calls within 24 hours.
    """

    calls_per_day: int = 100
    calls_per_minute: int = 10
    concurrent: int = 2
    talk: float = 10.0
    talk_per_day: float = 600.0


@dataclass(frozen=True, slots=True)
class Policy:
    """What the user permits.

    Attributes:
        live: calls to elsewhere than this machine are wanted.
        allow: the numbers that may be called live; None for none.
        premium: premium and shared-cost numbers that may be called in spite of their price.
        caps: for live calls.
        region: the country in which numbers without a country code are meant, two letters.
    """

    live: bool = False
    allow: NumberPattern | None = None
    premium: NumberPattern | None = None
    caps: Caps = Caps()
    region: str | None = None


class Usage:
    """What live calls a plan has made in the last day; kept on disk between runs by whoever has one.

    Attributes:
        calls: when, seconds since 1970, and how long it may have lasted, for each call.
        up: calls up now.
    """

    def __init__(self, calls: Iterable[tuple[float, float]] = ()) -> None:
        self.calls: deque[tuple[float, float]] = deque(calls, maxlen=MOST_REMEMBERED)
        self.up = 0

    def forget_before(self, when: float) -> None:
        """Drop what is older."""
        while self.calls and self.calls[0][0] < when:
            self.calls.popleft()

    def since(self, when: float) -> list[tuple[float, float]]:
        """The calls since a moment."""
        return [call for call in self.calls if call[0] >= when]

    def as_dict(self) -> dict[str, Any]:
        """For the file."""
        return {"calls": [[round(when, 3), talk] for when, talk in self.calls]}

    @classmethod
    def from_dict(cls, told: Any) -> Usage:
        """Back from the file.

        Raises:
            ValueError: it is something else.
        """
        try:
            calls = sorted((float(when), float(talk)) for when, talk in told["calls"])
        except (KeyError, OverflowError, TypeError, ValueError) as fault:
            raise ValueError(f"not a record of calls made: {fault}") from None
        if not all(math.isfinite(when) and math.isfinite(talk) and talk >= 0 for when, talk in calls):
            raise ValueError("not a record of calls made: a time is no number")
        return cls(calls)


@dataclass(frozen=True, slots=True)
class Question:
    """What a rule is asked.

    Attributes:
        policy, usage: as they stand.
        facts: of the number; None if it is spelt in a way that nobody should dial.
        caller, called: the numbers.
        local: every target is this machine.
        now: seconds since 1970.
    """

    policy: Policy
    usage: Usage
    facts: NumberFacts | None
    caller: str
    called: str
    local: bool
    now: float


def sendable(asked: Question) -> str | None:
    """What can stand in a SIP URI as it is."""
    if not is_sendable(asked.called):
        return f"{asked.called!r} can't be sent: write digits, with a plus before them at most"
    return None


def spelling(asked: Question) -> str | None:
    """Digits only: what else stands in a number may turn into other digits on its way."""
    if asked.facts is None:
        return f"{asked.called!r} is not spelt in digits, with a plus before them at most"
    return None


def emergency(asked: Question) -> str | None:
    """Emergency numbers of any country, in any spelling. Nothing permits them."""
    facts = asked.facts
    if facts is not None and (facts.emergency or (facts.emergency_behind and not asked.local)):
        return f"{asked.called} is, or may become, an emergency number: such are never called"
    return None


def live(asked: Question) -> str | None:
    """Elsewhere than this machine only if it is wanted."""
    if not asked.policy.live:
        return "the trunk is not on this machine: real calls are made only with --live"
    return None


def allow_list(asked: Question) -> str | None:
    """Only numbers that somebody has named."""
    allow = asked.policy.allow
    if allow is None:
        return "no number is allowed: name those that may be called, with --allow or allow: in the plan"
    forms = {asked.called, *(() if asked.facts is None else (asked.facts.e164 or "",))}
    if not any(allow.matches(form) for form in forms if form):
        return f"{asked.called} is not on the allow-list ({allow})"
    return None


def satellite(asked: Question) -> str | None:
    """Satellite phones and other country codes without a country, and whatever else has no usual price."""
    facts = asked.facts
    if facts is not None and facts.costly is not None and not facts.premium:
        return f"{asked.called} is {facts.costly}: such are never called"
    return None


def premium(asked: Question) -> str | None:
    """Premium and shared-cost rates, unless these very numbers are wanted."""
    facts = asked.facts
    if facts is None or not facts.premium or _wanted(asked, facts):
        return None
    return f"{asked.called} is {facts.costly}: an allow-list does not permit it, only --allow-premium does"


def unknown_price(asked: Question) -> str | None:
    """Numbers in no known range: a premium number with a digit too many is one, and it is put through all the same."""
    facts = asked.facts
    if facts is None or facts.known or facts.costly is not None or facts.short or _wanted(asked, facts):
        return None
    return (
        f"{asked.called} is in no range that the numbering plans know, so nobody knows what it costs: an allow-list "
        "does not permit it, only --allow-premium does"
    )


def _wanted(asked: Question, facts: NumberFacts) -> bool:
    wanted = asked.policy.premium
    return wanted is not None and (wanted.matches(asked.called) or wanted.matches(facts.e164 or ""))


def short(asked: Question) -> str | None:
    """Numbers that are too short for a subscriber, or that cannot be."""
    if asked.facts is not None and asked.facts.short:
        return f"{asked.called} is a short number, or no possible number: such are not called"
    return None


def daily(asked: Question) -> str | None:
    """The cap on calls of a day."""
    made, cap = len(asked.usage.since(asked.now - DAY)), asked.policy.caps.calls_per_day
    return f"{made} calls were made in the last 24 hours, {cap} are allowed" if made >= cap else None


def rate(asked: Question) -> str | None:
    """The cap on calls of a minute."""
    made, cap = len(asked.usage.since(asked.now - MINUTE)), asked.policy.caps.calls_per_minute
    return f"{made} calls were made in the last minute, {cap} are allowed" if made >= cap else None


def concurrency(asked: Question) -> str | None:
    """The cap on calls up at once."""
    up, cap = asked.usage.up, asked.policy.caps.concurrent
    return f"{up} calls are up, {cap} are allowed at once" if up >= cap else None


def talk(asked: Question) -> str | None:
    """The cap on the seconds of a day."""
    caps = asked.policy.caps
    spent = sum(seconds for _, seconds in asked.usage.since(asked.now - DAY))
    if spent + caps.talk > caps.talk_per_day:
        return f"{spent:g} s of talk were allowed in the last 24 hours, of {caps.talk_per_day:g} s"
    return None


Rule = Callable[[Question], str | None]

EVERYWHERE: tuple[Rule, ...] = (sendable, emergency)
"""Asked for every call."""

RULES: tuple[Rule, ...] = (
    live,
    spelling,
    satellite,
    premium,
    short,
    unknown_price,
    allow_list,
    daily,
    rate,
    concurrency,
    talk,
)
"""Asked for calls to elsewhere than this machine."""

TRUNK_RULES: tuple[Rule, ...] = (live, daily, rate)
"""Asked for a request that calls nobody (OPTIONS, REGISTER), of a trunk elsewhere."""

PASSING = frozenset({"rate", "concurrency"})
"""Rules that refuse for a moment only: the call may be asked for again."""


class Guard:
    """Gives permits.

    Args:
        policy: what the user permits.
        usage: what has been done already.
    """

    def __init__(self, policy: Policy, usage: Usage | None = None) -> None:
        self.policy = policy
        self.usage = usage or Usage()

    def examine(
        self, caller: str, called: str, targets: Sequence[Target], now: float, talk: float = 1.0
    ) -> Permit | Refusal:
        """Whether a call may be made; a permit is counted as a call made.

        Args:
            caller, called: the numbers as they will be sent.
            targets: where the call may go.
            now: seconds since 1970.
            talk: seconds that the call is to last if it is answered.
        """
        refusal = self.look(caller, called, targets, now)
        if refusal is not None:
            return refusal
        if not is_local(targets):
            talk = min(talk, self.policy.caps.talk)
            self.usage.forget_before(now - DAY)
            self.usage.calls.append((now, talk))
            self.usage.up += 1
        return Permit(caller, called, talk, _SEAL)

    def look(self, caller: str, called: str, targets: Sequence[Target], now: float) -> Refusal | None:
        """What stands against a call, without counting it."""
        local = is_local(targets)
        facts = facts_of(called, self.policy.region)
        asked = Question(self.policy, self.usage, facts, caller, called, local, now)
        for rule in EVERYWHERE if local else (*EVERYWHERE, *RULES):
            why = rule(asked)
            if why is not None:
                return Refusal(rule.__name__, why)
        return None

    def examine_request(self, targets: Sequence[Target], now: float) -> Refusal | None:
        """Whether a request that calls nobody (OPTIONS, REGISTER) may be sent; then it counts as a call of no seconds.

        Args:
            targets: where it may go.
            now: seconds since 1970.
        """
        if is_local(targets):
            return None
        asked = Question(self.policy, self.usage, None, "", "", False, now)
        for rule in TRUNK_RULES:
            why = rule(asked)
            if why is not None:
                return Refusal(rule.__name__, why)
        self.usage.forget_before(now - DAY)
        self.usage.calls.append((now, 0.0))
        return None

    def over(self, targets: Sequence[Target]) -> None:
        """A call for which there was a permit has ended."""
        if not is_local(targets) and self.usage.up:
            self.usage.up -= 1


def is_local(targets: Sequence[Target]) -> bool:
    """Whether every target is on this machine; none at all is nowhere, and can't be reached either."""
    return all(_is_loopback(target.address[0]) for target in targets)


@lru_cache(maxsize=256)
def _is_loopback(host: str) -> bool:
    """Asked several times for every call, and of few addresses."""
    return ipaddress.ip_address(host).is_loopback

"""Carriers at which a condition has its cause, so that further calls show it: the second half of the benchmark.

A rule that says `outcome: balance_exhausted` refuses everybody for ever; a real balance does too, but lines come free,
an area recovers, another caller ID passes. So each condition gets a carrier in which it arises as it does in life: from
the carrier's business where it has one for it (lines, rates, balance, caller IDs, numbering plan, anonymity), else from
rules about this number, this caller, this area, until it passes. How long and how wide is drawn by the seed.

Every question is asked in a world of its own: the same carrier and seed, the first call, then the question. So the
answers do not depend on the order in which they are asked, and one battery serves every order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random

from diagnosis_runs import REGIONS, Dialled, Line, dialled_for, may_be_dialled, national_number

from simcarrier.conditions import Condition
from simcarrier.diagnosis.follow_ups import Answer, Kind, compare
from simcarrier.diagnosis.number_forms import other_forms
from simcarrier.records.observation import Observation
from simcarrier.scenario.load import loads
from simcarrier.scenario.models import Scenario

_C = Condition

CONTROL = "+498912345678"
ELSEWHERE = "+33140506070"
OTHER_CALLER = "+498955512"
COUNTRY_NAMES = {"49": "DE", "7": "RU", "1": "US", "44": "GB"}

ASKED = (
    Kind.OTHER_FORM, Kind.CONTROL_NUMBER, Kind.OTHER_CALLER, Kind.AFTER_30S, Kind.AFTER_5MIN, Kind.ONE_AT_A_TIME,
    Kind.OTHER_REGION,
)  # fmt: skip
"""What a probe can ask by calling. OPTIONS and REGISTER are left out: the carriers here answer both as ever."""


@dataclass(frozen=True)
class World:
    """A carrier and what is called there.

    Attributes:
        scenario: the carrier.
        dialled: the first call.
        country: where its number is.
        background: calls that are up meanwhile.
        rushing: whether another call begins just before each.
        concurrent: how many calls the probe believes to be up.
    """

    scenario: Scenario
    dialled: Dialled
    country: str
    background: int = 0
    rushing: bool = False
    concurrent: int = 1


@dataclass
class _Story:
    """What a world is made of: entries of the carrier, rules in order."""

    carrier: list[str] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)
    background: int = 0
    rushing: bool = False


class _Teller:
    """Makes the story of a condition."""

    def __init__(self, condition: Condition, rng: Random, dialled: Dialled, country: str) -> None:
        self.condition = condition
        self.rng = rng
        self.dialled = dialled
        forms = [dialled.called, *other_forms(dialled.called, COUNTRY_NAMES[country])]
        self.number = "[" + ", ".join(f"'{form}'" for form in forms) + "]"
        digits = country + {"49": "30", "7": "495", "1": "212", "44": "20"}[country]
        self.area = "[" + ", ".join([*(f"'{form}'" for form in forms), f"'+{digits}*'"]) + "]"

    def tell(self) -> _Story:
        """The story."""
        own = getattr(self, f"_{self.condition.value}", None)
        if own is not None:
            made: _Story = own()
            return made
        return _Story(rules=[self._rule(f"to: {self.number}")])

    def _rule(self, when: str, share: float = 1.0) -> str:
        when = f"{when}, " if when else ""
        if share < 1:
            rest = f"{{share: {100 - round(share * 100)}%, outcome: answered}}"
            return f"{{{when}mix: [{{share: {round(share * 100)}%, outcome: {self.condition}}}, {rest}]}}"
        return f"{{{when}outcome: {self.condition}}}"

    def _until(self, least: int, most: int) -> str:
        return f"since_start: ..{self.rng.randint(least, most)}s"

    # The person and the number: what no method says is so for ever, for this number.

    def _busy(self) -> _Story:
        return _Story(rules=[self._rule(f"to: {self.number}, {self._until(20, 500)}")])

    _busy_everywhere = _busy

    def _subscriber_unavailable(self) -> _Story:
        return _Story(rules=[self._rule(f"to: {self.number}, {self._until(100, 3000)}")])

    def _prefix_not_recognised(self) -> _Story:
        self.dialled = replace(self.dialled, called="7" + national_number(self.rng, "7"))
        plan = "{country: 7, trunk_prefix: 8, international_prefix: 810, forms: [national, e164], lengths: 10}"
        return _Story([f"numbering: {plan}"])

    # The trunk

    def _everything(self) -> _Story:
        return _Story(rules=[self._rule("since_start: 0s..")])

    # A network that wants signatures wants them of every call.
    _identity_refused = _not_a_customer = _credentials_wrong = _registration_inactive = _everything

    def _balance_exhausted(self) -> _Story:
        return _Story(
            [
                "tariffs: {standard: {currency: EUR, rates: [{to: '*', per_minute: 0.09}]}}",
                "customers: [{name: acme, source: 127.0.0.0/8, balance: 0 EUR, tariff: standard}]",
            ]
        )

    def _for_a_while(self, least: int, most: int) -> _Story:
        return _Story(rules=[self._rule(self._until(least, most))])

    def _carrier_failure(self) -> _Story:
        return self._for_a_while(40, 900)

    def _all_numbers_inactive(self) -> _Story:
        return self._for_a_while(300, 7200)

    def _silent(self) -> _Story:
        return self._for_a_while(60, 3600)

    def _not_acceptable(self) -> _Story:
        return self._everything() if self.rng.random() < 0.5 else _Story(rules=[self._rule(f"to: {self.number}")])

    # The area

    def _here(self, least: int, most: int, share: float = 1.0) -> _Story:
        until = self._until(least, most)
        return _Story(
            rules=[self._rule(f"to: {self.number}, calls_so_far: ..0"), self._rule(f"to: {self.area}, {until}", share)]
        )

    def _direction_blocked(self) -> _Story:
        return _Story(rules=[self._rule(f"to: {self.area}")])

    def _area_throttled(self) -> _Story:
        return self._here(60, 1500)

    def _route_congested(self) -> _Story:
        if self.rng.random() < 0.5:
            return self._here(40, 900, 0.75)
        until = self._until(40, 900)
        return _Story(rules=[self._rule("calls_so_far: ..0"), self._rule(until, 0.75)])

    def _ringing_mis_signalled(self) -> _Story:
        return self._here(3000, 9000, 0.85)

    def _stalled_after_trying(self) -> _Story:
        return self._here(100, 2000, 0.9) if self.rng.random() < 0.5 else self._for_a_while(100, 2000)

    # The caller

    def _caller_id_not_routed(self) -> _Story:
        return _Story([f"routed_callers: '{OTHER_CALLER}'"])

    def _anonymity_refused(self) -> _Story:
        return _Story(["callers: {anonymous: refuse}"])

    def _by_caller(self, elsewhere: float) -> _Story:
        caller = "anonymous" if self.dialled.hidden else self.dialled.caller
        return _Story(
            rules=[
                self._rule(f"to: {self.number}, from: '{caller}', calls_so_far: ..0"),
                self._rule(f"from: '{caller}'", elsewhere),
            ]
        )

    def _blocked_by_analytics(self) -> _Story:
        return self._by_caller(0.8)

    _silently_dropped = _blocked_by_analytics

    def _screened(self) -> _Story:
        return self._by_caller(0.25)

    def _unwanted(self) -> _Story:
        caller = "anonymous" if self.dialled.hidden else self.dialled.caller
        return _Story(rules=[self._rule(f"to: {self.number}, from: '{caller}'")])

    # The load

    def _lines_full(self) -> _Story:
        if self.rng.random() < 0.5:
            return _Story(["lines: 3"], background=3)
        lines = f"taken: [{{when: 0s..{self.rng.randint(40, 600)}s, lines: 3}}]"
        return _Story([f"trunks: [{{name: main, lines: 3, {lines}}}]"])

    def _rate_exceeded(self) -> _Story:
        return _Story(["trunks: [{name: main, calls_per_second: 1, burst: 1}]"], rushing=True)


_ABROAD = (_C.DIRECTION_BLOCKED,)
_NOT_HIDDEN = (_C.CALLER_ID_NOT_ROUTED, _C.BLOCKED_BY_ANALYTICS, _C.SILENTLY_DROPPED, _C.SCREENED, _C.UNWANTED)


def world_of(condition: Condition, dialect: str, seed: int) -> World:
    """The world in which this happens."""
    rng = Random(f"world {condition} {dialect} {seed}")
    while True:
        dialled = dialled_for(condition, rng)
        country = next((each for each in REGIONS if dialled.called.startswith((f"+{each}", each))), rng.choice(REGIONS))
        if not (condition in _ABROAD and country == "49") and not (condition in _NOT_HIDDEN and dialled.hidden):
            break
    teller = _Teller(condition, rng, dialled, country)
    story = teller.tell()
    carrier = "".join(f"  {entry}\n" for entry in (f"dialect: {dialect}", *story.carrier))
    rules = "".join(f"  - {rule}\n" for rule in (*story.rules, "{outcome: answered, ring: 2s..6s, talk: 1h}"))
    scenario = loads(f"name: world\ncarrier:\n{carrier}calls:\n{rules}")
    drawn = rng.choices((1, 4, 12), (70, 20, 10))[0]
    busy = story.background + 1 if story.background else 3 if story.rushing else drawn
    return World(scenario, teller.dialled, country, story.background, story.rushing, busy)


class Scene:
    """A world brought to life, up to the end of its first call."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.line = Line(world.scenario, seed, Random(seed).choice((0.005, 0.02, 0.04, 0.08)))
        self._up = [self.line.start(Dialled(CONTROL), talk=3000.0) for _ in range(world.background)]
        if self._up:
            self.line.pause(8.0)
        self.first = self._call(world.dialled)
        self.truth = self._decided()

    def _decided(self) -> Condition | None:
        """What the carrier decided on the first call."""
        self.line.pause(0.5)
        switch, called = self.line.switch, self.world.dialled.called
        for record in switch.journal.recent:
            if record.called == called:
                return record.condition
        for call in switch.calls.values():
            if call.called == called and call.decision is not None:
                return call.decision.course.condition
        return None

    def _call(self, dialled: Dialled, *, rushing: bool | None = None, concurrent: int | None = None) -> Observation:
        if self.world.rushing if rushing is None else rushing:
            self.line.start(Dialled(CONTROL), talk=0.1)
            self.line.pause(0.05)
        return self.line.call(dialled, concurrent=self.world.concurrent if concurrent is None else concurrent)

    def ask(self, kind: Kind) -> Answer | None:
        """Ask a question; None if it makes no sense here."""
        dialled, line = self.world.dialled, self.line
        if kind is Kind.OTHER_FORM:
            forms = other_forms(dialled.called, COUNTRY_NAMES[self.world.country])
            choice = [each for each in (replace(dialled, called=form) for form in forms) if may_be_dialled(each)]
            if not choice:
                return None
            second = self._call(choice[0])
        elif kind is Kind.CONTROL_NUMBER:
            second = self._call(replace(dialled, called=CONTROL))
        elif kind is Kind.OTHER_REGION:
            second = self._call(replace(dialled, called=ELSEWHERE))
        elif kind is Kind.OTHER_CALLER:
            second = self._call(replace(dialled, caller=OTHER_CALLER, hidden=False))
        elif kind is Kind.ONE_AT_A_TIME:
            if self.world.concurrent < 2:
                return None
            for call in self._up:
                call.interrupt(line.wire.now)
            line.wire.collect()
            line.pause(3.0)
            second = self._call(dialled, rushing=False, concurrent=1)
        else:
            line.pause(30.0 if kind is Kind.AFTER_30S else 300.0)
            # A pause is a pause for all calls, else it would not be one.
            second = self._call(dialled, rushing=False)
        return compare(kind, self.first, second)


@dataclass(frozen=True)
class Case:
    """A first call and the answers to every question.

    Attributes:
        truth: what the carrier decided.
        dialect: how it speaks.
        first: the call.
        answers: to each question that makes sense.
    """

    truth: Condition
    dialect: str
    first: Observation
    answers: dict[Kind, Answer]


def case(condition: Condition, dialect: str, seed: int) -> Case | None:
    """A case; None if the first call was not refused as it should be, which chance may bring about."""
    world = world_of(condition, dialect, seed)
    answers: dict[Kind, Answer] = {}
    scene = Scene(world, seed)
    if scene.truth != condition:
        return None
    for kind in ASKED:
        replayed = Scene(world, seed)
        answer = replayed.ask(kind)
        if answer is not None:
            answers[kind] = answer
    return Case(condition, dialect, scene.first, answers)


def cases(conditions: Sequence[Condition], dialect: str, seeds: range) -> list[Case | None]:
    """Cases of one dialect."""
    return [case(condition, dialect, seed) for condition in conditions for seed in seeds]

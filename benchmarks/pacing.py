"""One campaign through a carrier with an analytics engine, with pacing and without: what is blocked, who is reached.

Each seed is a campaign: who is called, and when the dialler comes to each number, are the same for all ways of pacing.
Without pacing the dialler calls at once, from the next caller ID in turn. With pacing it asks the pacer before each
attempt, and a call that may not go out waits for the next number that may. Both call again, later, who was busy, did
not answer, or could not be reached because the call was blocked.
"""

from __future__ import annotations

import argparse
import sys
from collections import deque
from dataclasses import dataclass
from math import sqrt
from random import Random
from statistics import mean, stdev

from simcarrier.deliverability.pacing import Pacer
from simcarrier.deliverability.policy import Policy, load_policy
from simcarrier.records.model import CallRecord
from simcarrier.scenario.load import loads
from simcarrier.scenario.models import Scenario
from simcarrier.simulate.run import Attempt, Simulation
from simcarrier.simulate.traffic import Arrivals

CAMPAIGN = """
name: a list that has three days
carrier:
  dialect: us-2026
  analytics: {}                  # the usual engine: 100 calls in 4 h are suspicious, if the rest is
calls:
  - to: "+1*"
    mix:
      - {share: 25%, outcome: answered, ring: 3s..20s}
      - {share: 55%, outcome: no_answer}
      - {share: 15%, outcome: busy}
      - {share: 5%, outcome: number_unallocated}
traffic:
  campaigns:
    - name: list
      to: "+1415#######"
      numbers: 10000
      callers: {prefix: "+12125550", count: 12}
      hours: 9..19
      talk: 1s..11s              # a cold list: half of who answers hangs up within 6 s
      patience: 25s..30s
      stall: 10s
      retries: {on: [480, 486, 487, 603, stalled_after_trying, silently_dropped], after: 30m..90m, at_most: 2}
"""

DAYS = 3
FIRST_CALLS_UNTIL = 13 * 3600.0
"""On the first morning, from nine o'clock on, the dialler goes through the whole list, as fast as it can."""

T_975 = {5: 2.571, 10: 2.228, 15: 2.131, 19: 2.093, 20: 2.086, 29: 2.045}
"""Student's t for two-sided intervals of 95 %, by degrees of freedom; 1.96 is near enough for more."""


@dataclass(slots=True)
class Result:
    """What came of a campaign."""

    attempts: int = 0
    blocked: int = 0
    answered: int = 0
    reached: int = 0
    unplaced: int = 0

    @property
    def share(self) -> float:
        """Blocked calls, in per cent of all."""
        return 100 * self.blocked / max(1, self.attempts)


class Campaign(Simulation):
    """A simulation whose first calls come at times that depend on the seed only, and go out if the pacer agrees."""

    def __init__(self, scenario: Scenario, seed: int, policy: Policy | None, calls_per_hour: float) -> None:
        seconds = DAYS * 86_400.0
        super().__init__(scenario, seconds=seconds, calls_per_hour=calls_per_hour, seed=seed)
        assert scenario.traffic is not None
        clock = self.exchange.carrier.business.world.clock
        chance = Random(f"arrivals {seed}")
        self._arrivals = Arrivals(scenario.traffic, self.diallers, calls_per_hour, clock, chance, FIRST_CALLS_UNTIL)
        self._arrival = self._arrivals.next()
        self.pacer = None if policy is None else Pacer(policy)
        self.deadline: float | None = None
        self.queue: deque[Attempt] = deque()
        self.result = Result()
        self._reached: set[str] = set()
        self.exchange.journal.listeners.append(self._count)

    def _count(self, record: CallRecord) -> None:
        result = self.result
        result.attempts += 1
        result.blocked += record.condition in ("blocked_by_analytics", "silently_dropped")
        if record.code == 200:
            result.answered += 1
            self._reached.add(record.called)
            result.reached = len(self._reached)

    def _ms(self, now: float) -> int:
        return int((self.start + now) * 1000)

    def dial(self, attempt: Attempt, now: float) -> None:
        """Place a call, or let it wait."""
        if self.pacer is None:
            super().dial(attempt, now)
            return
        self.queue.append(attempt)
        if self.deadline is None or self.deadline <= now:
            self.timer_fired(now)

    def timer_fired(self, now: float) -> None:
        """Place what may go out by now; wait for the rest."""
        assert self.pacer is not None
        self.deadline = None
        while self.queue:
            dialler = self.queue[0].dialler
            pace = self.pacer.choose(dialler.model.pool, self._ms(now))
            opens = self._arrivals.open_at(dialler, now)
            if opens > now or not pace.allowed:
                when = max(opens, now + 0.001, self._arrivals.open_at(dialler, pace.next_call / 1000 - self.start))
                if when < self.seconds:
                    self.timers.at(when, self)
                else:
                    self.result.unplaced = len(self.queue)
                return
            attempt = self.queue.popleft()
            attempt.caller = pace.caller
            self.pacer.placed(pace.caller, self._ms(now))
            super().dial(attempt, now)

    def over(self, attempt: Attempt, now: float) -> None:
        """Tell the pacer."""
        if self.pacer is not None and attempt.session is not None:
            status = attempt.session.status if attempt.session.responded_at is not None else 0
            self.pacer.ended(attempt.caller, status if status >= 200 else None, self._ms(now))
        super().over(attempt, now)


def run(scenario: Scenario, seed: int, policy: Policy | None, calls_per_hour: float) -> Result:
    campaign = Campaign(scenario, seed, policy, calls_per_hour)
    campaign.run()
    campaign.result.unplaced = len(campaign.queue)
    return campaign.result


def interval(values: list[float]) -> tuple[float, float, float]:
    """Mean and the ends of its 95 % confidence interval."""
    middle = mean(values)
    half = T_975.get(len(values) - 1, 1.96) * stdev(values) / sqrt(len(values)) if len(values) > 1 else float("inf")
    return middle, middle - half, middle + half


def told(values: list[float], form: str) -> str:
    return "{} [{}, {}]".format(*(format(value, form) for value in interval(values)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="campaigns")
    parser.add_argument("--calls-per-hour", type=float, default=400.0, help="first calls")
    options = parser.parse_args()
    scenario = loads(CAMPAIGN)
    shipped = load_policy()
    ways: dict[str, Policy | None] = {
        "without": None,
        "as shipped": shipped,
        "rate too high": shipped.model_copy(update={"calls_per_hour": 2 * shipped.calls_per_hour}),
    }
    results = {
        name: [run(scenario, seed, policy, options.calls_per_hour) for seed in range(1, options.seeds + 1)]
        for name, policy in ways.items()
    }
    rate = f"{options.calls_per_hour:g} first calls an hour on the first morning"
    print(f"{options.seeds} campaigns of {DAYS} days, {rate}; mean [95 % interval]")
    print(f"{'pacing':15}{'calls':>7}{'blocked, % of calls':>25}{'answered':>26}{'people reached':>26}{'left':>6}")
    for name, found in results.items():
        print(
            f"{name:15}{mean(each.attempts for each in found):7.0f}{told([each.share for each in found], '.2f'):>25}"
            f"{told([each.answered for each in found], '.0f'):>26}{told([each.reached for each in found], '.0f'):>26}"
            f"{mean(each.unplaced for each in found):6.0f}"
        )
    fine = True
    print("difference to without pacing, the same campaigns in pairs")
    for name, found in results.items():
        if name == "without":
            continue
        pairs = list(zip(found, results["without"], strict=True))
        share = [mine.share - theirs.share for mine, theirs in pairs]
        answered = [float(mine.answered - theirs.answered) for mine, theirs in pairs]
        reached = [float(mine.reached - theirs.reached) for mine, theirs in pairs]
        print(f"{name:15}{'':7}{told(share, '+.2f'):>25}{told(answered, '+.0f'):>26}{told(reached, '+.0f'):>26}")
        if name == "as shipped":
            fine = interval(share)[2] < 0 and interval(answered)[1] >= 0
    print("as shipped: less is blocked, and no fewer calls are answered" if fine else "as shipped: NOT as it should be")
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())

"""What of a plan's schedule can't be met, told before the first call: else calls would be missing without a word.

The guard refuses what is beyond the caps call by call, and a round that takes longer than its interval just makes the
next one late. Both can be seen beforehand.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from .guard import DAY, MINUTE
from .plan import Plan, calls_in


def misfits(plan: Plan, *, live: bool) -> Iterator[str]:
    """What can't be met, in words.

    Args:
        plan: as loaded.
        live: its calls go elsewhere than to this machine, so that the caps hold.
    """
    calls, caps = calls_in(plan), plan.caps
    if live:
        if caps.talk > caps.talk_per_day:
            yield (
                f"no call can be made: talk_per_day is {caps.talk_per_day:g} s, and one call may take {caps.talk:g} s "
                "(talk in the caps)"
            )
        rounds = 1.0 if plan.every is None else DAY / plan.every
        rounds = min(rounds, plan.rounds or rounds)
        a_day = math.floor(calls * rounds)
        if a_day > caps.calls_per_day:
            yield (
                f"the plan comes to {a_day} calls within 24 hours, and the caps allow {caps.calls_per_day} "
                "(calls_per_day): the others will be refused"
            )
        talk = sum(
            len(call.to) * call.repeat * min(plan.talk if call.talk is None else call.talk, caps.talk)
            for call in plan.calls
        )
        if caps.talk <= caps.talk_per_day < talk * rounds:
            yield (
                f"if all are answered, the plan comes to {talk * rounds:g} s of talk within 24 hours, and the caps "
                f"allow {caps.talk_per_day:g} s (talk_per_day): the others will be refused"
            )
    if plan.every is not None and plan.load is None:
        pace = min(plan.calls_per_second, caps.calls_per_minute / MINUTE) if live else plan.calls_per_second
        takes = (calls - 1) / pace
        if takes > plan.every:
            yield (
                f"a round of {calls} calls takes {takes:g} s at least, so it can't begin again every {plan.every:g} s: "
                "it will begin again at once"
            )

"""What a plan would do, before it does it: the worst that it can cost, and the messages."""

from __future__ import annotations

import math
from collections.abc import Sequence

from simcarrier.scenario.business.money import Money
from simcarrier.sip.agent import UserAgent
from simcarrier.sip.callee import CalleeSession
from simcarrier.sip.caller import CallerSession
from simcarrier.sip.message import Response
from simcarrier.sip.session import Ending
from simcarrier.sip.transport import Channel

from .campaign import Wanted
from .inquiry import calls_to_ask
from .invite import invitation_of
from .plan import Plan
from .target import Target

AGENT = "simcarrier-probe"
"""The name in User-Agent."""


def worst_cost(plan: Plan, calls: Sequence[Wanted], follow_ups: int = 0) -> str:
    """The dearest that the calls can come to, in words: every call answered, every started minute paid.

    Args:
        plan: has the prices.
        calls: of a round.
        follow_ups: how many further calls each may bring.
    """
    sums: dict[str, int] = {}
    unknown = 0
    for wanted in calls:
        price = plan.trunks[wanted.trunk].price
        if price is None:
            unknown += 1 + follow_ups
            continue
        minutes = max(1, math.ceil(min(wanted.talk, plan.caps.talk) / 60))
        sums[price.currency] = sums.get(price.currency, 0) + (1 + follow_ups) * minutes * price.amount
    if not calls:
        return "worst cost: nothing, for no call is made"
    known = " + ".join(str(Money(units, currency)) for currency, units in sums.items())
    if not unknown:
        return f"worst cost: {known}"
    without = f"{unknown} call{'' if unknown == 1 else 's'} through trunks whose price is not in the plan"
    return f"worst cost: {known}, and {without}" if known else f"worst cost: not known: {without} (price: 0.09 EUR)"


def further_calls(plan: Plan, calls: Sequence[Wanted]) -> list[Wanted]:
    """The calls that follow-ups may make beside those of the plan: other numbers, other callers."""
    known = {(each.trunk, each.caller, each.called) for each in calls}
    found: list[Wanted] = []
    for wanted in calls:
        for further in calls_to_ask(plan, wanted).values():
            key = further.trunk, further.caller, further.called
            if key not in known:
                known.add(key)
                found.append(further)
    return found


class _Nobody:
    """The user of a call that is not made, and of an agent that takes none."""

    def invited(self, session: CalleeSession, now: float) -> None:
        """Nothing comes in."""

    def responded(self, response: Response, now: float) -> None:
        """Nothing comes back."""

    def ended(self, ending: Ending, now: float) -> None:
        """Nothing ends."""


def invite_shown(plan: Plan, wanted: Wanted, target: Target, source: str) -> str:
    """The INVITE of a call as it would go out, made by what makes the real ones; port, branch and tag differ each time.

    Credentials and a signature are made for one moment and are not in it.

    Args:
        plan: where the call stands.
        wanted: the call.
        target: where it would go.
        source: our address on the way there.
    """
    agent = UserAgent(_Nobody(), name=AGENT, source_host=lambda host: source)
    channel = Channel(target.transport, (source, 5060), target.address)
    CallerSession(agent, invitation_of(plan, wanted), channel, target.address, _Nobody()).invite(0.0)
    _, _, data = agent.endpoint.out[0]
    return data.decode("utf-8").replace("\r\n", "\n").rstrip("\n")

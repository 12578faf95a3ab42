"""Accounts: what calls cost, and what is left to pay for them.

Before a call the money for its answer (the connection fee and the first interval) must be there; it is set aside, so
that of two calls begun at the same time no more are let in than can be paid for. With the answer it is paid; if the
call comes to nothing it is free again. From then on each interval is paid when it begins. When the next one can't be
paid, the carrier hangs up. The balance therefore never goes below the floor, whatever happens to the calls, and what
was charged is what is gone from it, to the unit: amounts are integers, in millionths of the currency's main unit.

What is set aside and what still runs belong to *meters*, one a call, which the call holds like a line: a call that is
over has none.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from simcarrier.conditions import Condition
from simcarrier.scenario.business.customers import BalanceModel
from simcarrier.scenario.business.money import in_words
from simcarrier.scenario.models import CarrierConfig

from ..call import Call
from .finding import Finding
from .tariffs import Rate, Tariff
from .words import legible

if TYPE_CHECKING:
    from . import Check, World

ON_STATEMENT = 1000
"""Charged calls that a statement shows; the oldest go, so that a long run needs no more memory than a short one."""


class Charge(NamedTuple):
    """What one call has cost.

    Attributes:
        call: the carrier's number of it.
        amount: in millionths of the currency's main unit.
        intervals: how many were paid.
    """

    call: int
    amount: int
    intervals: int


class Account:
    """A customer's money; amounts in millionths of the currency's main unit.

    Args:
        tariff: what calls cost.
        model: what was paid in advance; None for an account that is settled afterwards and has no floor.

    Attributes:
        tariff: what calls cost.
        balance: what is left. It begins at 0 if calls are paid afterwards, and goes below.
        floor: how far down it may go; None for as far as it takes.
        reserved: what calls that are not answered yet have set aside.
        charged: what all calls so far have cost.
        meters: those of the calls that are up or may be soon, by the call's number.
        statement: what the last calls have cost.
    """

    def __init__(self, tariff: Tariff, model: BalanceModel | None) -> None:
        self.tariff = tariff
        self.balance = 0 if model is None else model.amount.amount
        self.floor = None if model is None else model.floor.amount
        self.reserved = 0
        self.charged = 0
        self.meters: dict[int, Meter] = {}
        self.statement: deque[Charge] = deque(maxlen=ON_STATEMENT)

    def can_pay(self, amount: int) -> bool:
        """Whether so much is there beside what is set aside."""
        return self.floor is None or self.balance - self.reserved - amount >= self.floor

    def pay(self, amount: int) -> None:
        """Take so much from the balance."""
        self.balance -= amount
        self.charged += amount

    def state(self) -> str:
        """The balance in words, and what else counts for whether a call can be paid."""
        currency = self.tariff.currency
        said = f"balance {in_words(self.balance)} {currency}"
        if self.reserved:
            said += f", {in_words(self.reserved)} of it set aside"
        return f"{said}, floor {in_words(self.floor)} {currency}" if self.floor else said


class Meter:
    """What runs while a call is up: takes the price of each interval when it begins.

    Attributes:
        deadline: when the next interval begins; None before the answer and after the end.
        reserved: set aside for the answer.
        charged: paid so far.
        intervals: paid so far.
    """

    __slots__ = ("_account", "_call", "_next", "_rate", "charged", "deadline", "intervals", "reserved")

    def __init__(self, account: Account, rate: Rate, call: Call) -> None:
        self._account = account
        self._rate = rate
        self._call = call
        self._next = 0.0
        self.deadline: float | None = None
        self.reserved = rate.at_answer
        self.charged = 0
        self.intervals = 0
        account.reserved += self.reserved
        account.meters[call.number] = self

    def start(self, now: float) -> None:
        """The call has been answered: what was set aside is paid."""
        account, reserved = self._account, self.reserved
        account.reserved -= reserved
        self.reserved = 0
        account.pay(reserved)
        self.charged = reserved
        self.intervals = 1
        self._await(now + self._rate.first_interval)

    def _await(self, when: float) -> None:
        # Intervals are counted from the answer, not from when the clock was looked at: no time is given away.
        self._next = when
        if self._rate.each:
            self._call.owner.timers.at(when, self)

    def timer_fired(self, now: float) -> None:
        """An interval is over: pay the next one, or hang up."""
        account, rate = self._account, self._rate
        if account.can_pay(rate.each):
            account.pay(rate.each)
            self.charged += rate.each
            self.intervals += 1
            self._await(self._next + rate.interval)
            return
        price = f"{in_words(rate.each)} {account.tariff.currency}"
        why = f"{Condition.BALANCE_EXHAUSTED}: {account.state()}, the next {rate.interval:g} s cost {price}"
        # Q.850 16, normal clearing: the network is well, and no cause says that somebody has run out of money.
        self._call.cut_off(now, why, [("Reason", 'Q.850;cause=16;text="balance exhausted"')])

    def release(self, call: Call) -> None:
        """The call is refused or over: what was set aside is free, and nothing runs any more."""
        account = self._account
        self.deadline = None
        account.reserved -= self.reserved
        self.reserved = 0
        account.meters.pop(call.number, None)
        if self.charged:
            call.charged = f"{in_words(self.charged)} {account.tariff.currency}"
        if self.intervals:
            account.statement.append(Charge(call.number, self.charged, self.intervals))


class Affordable:
    """Finds out whether a call can be paid for, and has it paid."""

    def examine(self, call: Call, now: float) -> Finding | None:
        """No rate for the number, no money for it, or a meter is set up."""
        account = None if call.customer is None else call.customer.account
        if account is None:
            return None
        tariff = account.tariff
        rate = tariff.rate_for(call.destination)
        if rate is None:
            if tariff.free_otherwise:
                return None
            number = legible(call.destination) or "no number"
            return Finding(Condition.DIRECTION_BLOCKED, f"tariff {tariff.name} has no rate for {number}")
        if not account.can_pay(rate.at_answer):
            return Finding(Condition.BALANCE_EXHAUSTED, f"{account.state()}, the call costs {rate.words}")
        call.holds = (*call.holds, Meter(account, rate, call))
        return None

    def answered(self, call: Call, now: float) -> None:
        """The meter starts."""
        account = None if call.customer is None else call.customer.account
        meter = None if account is None else account.meters.get(call.number)
        if meter is not None:
            meter.start(now)

    def ended(self, call: Call, now: float) -> None:
        """The call has given its meter back."""


def check(config: CarrierConfig, world: World) -> Check | None:
    """The check that the call can be paid for."""
    return Affordable() if any(customer.tariff is not None for customer in config.customers) else None

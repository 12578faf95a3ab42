"""Accounts: what calls cost, and what is left to pay for them.

Before a call the money for its answer (the connection fee and the first interval) must be there; it is set aside, so
that of two calls begun at the same time no more are let in than can be paid for. With the answer it is paid; if the
call comes to nothing it is free again. From then on each interval is paid when it begins. When the next one can't be
paid, the carrier hangs up. The balance therefore never goes below the floor, whatever happens to the calls, and what
was charged is what is gone from it, to the unit: amounts are integers, in millionths of the currency's main unit.

A call holds what belongs to it like a line, and gives it back when it is over: before the answer what is set aside, of
which all calls of one price hold the same, since it knows nothing of the call; from the answer on a *meter* of its own.
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
        prices: what a call holds for each rate until it is answered.
        meters: those of the calls that are up, by the call's number.
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
        self.prices = {rate: (SetAside(self, rate),) for rate in tariff.rates}

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


class SetAside:
    """What a call has set aside for its answer; the same for all calls of this price.

    Attributes:
        account: the money.
        rate: the price.
    """

    __slots__ = ("account", "rate")

    def __init__(self, account: Account, rate: Rate) -> None:
        self.account = account
        self.rate = rate

    def release(self, call: Call) -> None:
        """The call came to nothing: what was set aside is free."""
        self.account.reserved -= self.rate.at_answer


class Meter:
    """What runs while a call is up: takes the price of each interval when it begins.

    Args:
        paid: what the call has set aside, which is paid now.
        call: it has been answered.
        now: seconds.

    Attributes:
        deadline: when the next interval begins; None after the end.
        charged: paid so far.
        intervals: paid so far.
    """

    __slots__ = ("_account", "_call", "_next", "_rate", "charged", "deadline", "intervals")

    def __init__(self, paid: SetAside, call: Call, now: float) -> None:
        self._account = account = paid.account
        self._rate = rate = paid.rate
        self._call = call
        self.deadline: float | None = None
        self.charged = rate.at_answer
        self.intervals = 1
        paid.release(call)
        account.pay(self.charged)
        account.meters[call.number] = self
        self._await(now + rate.first_interval)

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
        """The call is over: nothing runs any more."""
        account = self._account
        self.deadline = None
        account.meters.pop(call.number, None)
        if self.charged:
            call.charged = f"{in_words(self.charged)} {account.tariff.currency}"
        account.statement.append(Charge(call.number, self.charged, self.intervals))


class Affordable:
    """Finds out whether a call can be paid for, and has it paid."""

    def examine(self, call: Call, now: float) -> Finding | None:
        """No rate for the number, no money for it, or the money is set aside."""
        customer = call.customer
        if customer is None or (account := customer.account) is None:
            return None
        tariff = account.tariff
        rate = tariff.rate_for(call.destination)
        if rate is None:
            if tariff.free_otherwise:
                return None
            number = legible(call.destination) or "no number"
            return Finding(Condition.DIRECTION_BLOCKED, f"tariff {tariff.name} has no rate for {number}")
        reserved = account.reserved + rate.at_answer
        if account.floor is not None and account.balance - reserved < account.floor:
            return Finding(Condition.BALANCE_EXHAUSTED, f"{account.state()}, the call costs {rate.words}")
        account.reserved = reserved
        call.holds += account.prices[rate]
        return None

    def answered(self, call: Call, now: float) -> None:
        """What was set aside is paid, and a meter runs in its place."""
        call.holds = tuple(Meter(hold, call, now) if type(hold) is SetAside else hold for hold in call.holds)


def check(config: CarrierConfig, world: World) -> Check | None:
    """The check that the call can be paid for."""
    return Affordable() if any(customer.tariff is not None for customer in config.customers) else None

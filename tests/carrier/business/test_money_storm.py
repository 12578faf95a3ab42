"""Calls, cancels, losses and registrations in any order and weather: money is exact, and nothing is left running.

What calls have cost is known in three ways: what is gone from the balance, what the statement says, and what follows
from the records' times by the tariff. All three must be the same, to the unit.
"""

from __future__ import annotations

from math import floor

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from simcarrier.carrier.business.accounts import Account, Meter, SetAside
from simcarrier.carrier.business.customers import Customer
from simcarrier.records.model import CallRecord
from simcarrier.sip.message import Response
from simcarrier.testing import CallOut, Phone, Weather
from simcarrier.testing.phone import Peer
from tests.carrier.business.credentials import challenge_in, credentials
from tests.carrier.kit import Exchange

SCENARIO = """
carrier:
  lines: 6
  tariffs:
    standard:
      currency: EUR
      rates:
        - {to: "1*", per_minute: 0.09}
        - {to: "2*", per_minute: 0.61, interval: 1s, connection_fee: 0.05}
        - {to: "3*", per_minute: 0.60, first_interval: 30s, interval: 6s}
        - {to: "4*", per_minute: 0, connection_fee: 0.02}
  customers:
    - {name: prepaid, source: 10.0.0.1, balance: 0.75 EUR, tariff: standard}
    - {name: credit, source: 10.0.0.8, balance: {amount: 0.10 EUR, floor: -0.40}, tariff: standard}
    - {name: billed, source: 10.0.0.9, tariff: standard}
    - {name: gateway, user: alice, password: secret, registration: {min_expires: 1s, max_expires: 90s}}
calls:
  - {to: /^.1/, outcome: answered, ring: 1s..3s}
  - {to: /^.2/, outcome: answered, ring: 0s, talk: 5s..70s}
  - {to: /^.3/, steps: [trying, {wait: 2s}, {respond: 486}]}
  - {to: /^.4/, steps: [ringing, silence]}
  - {to: /^.5/, steps: [answer, {drop: 3}]}
  - {to: /^.6/, steps: [trying, drop]}
  - {to: /^.7/, steps: [{ringing: {reliable: true}}, {wait: 2s}, answer, duplicate]}
"""

PRICES = {"1": (90_000, 90_000, 60, 60), "2": (60_167, 10_167, 1, 1), "3": (300_000, 60_000, 30, 6)}
"""By the first digit: what the answer and each further interval cost, worked out by hand, and how long they are."""

TIE = 1e-6
"""Seconds: an end so close to the beginning of an interval may have come before or after it."""


class Storm(RuleBasedStateMachine):
    """Three callers who pay, and one gateway that registers."""

    def __init__(self) -> None:
        super().__init__()
        self.carrier = Exchange(SCENARIO)
        known = self.carrier.switch.carrier.business.world.customers
        self.accounts = {customer.name: customer.account for customer in known.all if customer.account is not None}
        self.starts = {name: account.balance for name, account in self.accounts.items()}
        self.gateway: Customer = known.by_user["alice"]
        self.phones = [self.carrier.phone]
        self.phones += [Phone(self.carrier.wire, f"10.0.0.{host}", name=f"phone{host}") for host in (8, 9)]
        self.peer = Peer(self.carrier.wire, "10.0.0.7", name="gateway")
        self.calls: list[CallOut] = []
        self.registers = 0

    @rule(price=st.sampled_from("12345"), kind=st.integers(1, 8), who=st.integers(0, 2), count=st.integers(1, 2))
    def dial(self, price: str, kind: int, who: int, count: int) -> None:
        for _ in range(count):
            self.calls.append(self.carrier.dial(f"{price}{kind}00", phone=self.phones[who]))
        self.carrier.wire.run(0.02)

    @precondition(lambda self: self.calls)
    @rule(which=st.integers(0, 1000), cancel=st.booleans())
    def end(self, which: int, cancel: bool) -> None:
        call = self.calls[which % len(self.calls)]
        call.cancel() if cancel else call.hang_up()

    @rule(seconds=st.sampled_from([0.01, 0.3, 1.0, 5.0, 29.99, 61.0]))
    def wait(self, seconds: float) -> None:
        self.carrier.wire.run(seconds)

    @rule(loss=st.sampled_from([0.0, 0.0, 0.2, 0.5]))
    def lose(self, loss: float) -> None:
        self.carrier.wire.weather = Weather(loss, loss / 2, loss / 2, 0.01, 0.02)

    @rule(expires=st.integers(0, 100), contact=st.integers(0, 12), password=st.sampled_from(["secret", "secret", "x"]))
    def register(self, expires: int, contact: int, password: str) -> None:
        """Answer the last challenge, if there has been one; its count may have been used before."""
        self.registers += 1
        asked = [message for message in self.peer.received if isinstance(message, Response) and message.status == 401]
        lines = [
            "REGISTER sip:carrier.example SIP/2.0",
            f"Via: SIP/2.0/UDP 10.0.0.7:5060;branch=z9hG4bK{self.registers}",
            f"From: <sip:alice@carrier.example>;tag={self.registers}",
            "To: <sip:alice@carrier.example>",
            f"Call-ID: {'thief' if password == 'x' else 'registration'}",
            f"CSeq: {self.registers} REGISTER",
            f"Contact: <sip:gw{contact}@10.0.0.7>",
            f"Expires: {expires}",
        ]
        if asked:
            field = credentials(challenge_in(asked[-1]), password=password, method="REGISTER", count=1 + expires % 5)
            lines.append(": ".join(field))
        self.peer.send("\n".join(lines), self.carrier.channel.local)
        self.carrier.wire.run(0.1)

    @invariant()
    def what_is_gone_was_charged(self) -> None:
        for name, account in self.accounts.items():
            running = sum(meter.charged for meter in account.meters.values())
            assert self.starts[name] - account.balance == account.charged
            assert account.charged == running + sum(charge.amount for charge in account.statement)
            assert account.reserved == sum(paid.rate.at_answer for paid in self.set_aside if paid.account is account)

    @property
    def set_aside(self) -> list[SetAside]:
        """What calls that are up and not answered have set aside."""
        calls = self.carrier.switch.calls.values()
        return [hold for call in calls for hold in call.holds if isinstance(hold, SetAside)]

    @invariant()
    def never_below_the_floor(self) -> None:
        for account in self.accounts.values():
            assert account.floor is None or account.balance - account.reserved >= account.floor

    @invariant()
    def meters_belong_to_calls(self) -> None:
        holding: dict[str, dict[int, Meter]] = {name: {} for name in self.accounts}
        for call in self.carrier.switch.calls.values():
            for hold in call.holds:
                if isinstance(hold, Meter):
                    assert call.customer is not None
                    holding[call.customer.name][call.number] = hold
                    assert call.session.answered_at is not None
        assert {name: account.meters for name, account in self.accounts.items()} == holding

    @invariant()
    def registrations_are_few_and_the_gateways_own(self) -> None:
        bindings = self.gateway.registration.bindings
        assert len(bindings) <= 10
        assert {binding.call_id for binding in bindings} <= {"registration"}
        assert all(binding.expires_at <= self.carrier.wire.now + 90 for binding in bindings)

    def teardown(self) -> None:
        for call in self.calls:
            call.hang_up()
        self.carrier.wire.weather = Weather(delay=0.01)
        self.carrier.wire.run(8)
        for call in self.calls:
            call.hang_up()
        self.carrier.close_of_business()
        assert all(phone.idle for phone in self.phones)
        self.what_is_gone_was_charged()
        self.never_below_the_floor()
        for name, account in self.accounts.items():
            assert (account.reserved, account.meters) == (0, {})
            self.statement_follows_from_the_records(account, [r for r in self.carrier.records if r.customer == name])
        self.carrier.wire.run(91)
        assert self.gateway.contacts(self.carrier.wire.now) == ()

    def statement_follows_from_the_records(self, account: Account, records: list[CallRecord]) -> None:
        charges = {charge.call: charge for charge in account.statement}
        assert charges.keys() == {record.number for record in records if record.code == 200}
        for record in records:
            if record.code != 200:
                continue
            charge = charges[record.number]
            if record.called.startswith("4"):
                assert charge.amount == 20_000
                continue
            answer, each, first, interval = PRICES[record.called[0]]
            assert record.responded_after is not None
            assert record.ended_after is not None
            beyond = (record.ended_after - record.responded_after - first) / interval
            begun = {1 + max(0, floor(beyond + 1 + tie)) for tie in (-TIE, 0.0, TIE)}
            if record.cut is None:
                assert charge.intervals in begun
            else:
                # Cut when an interval was to begin; while the 200 waits for its ACK the BYE waits too.
                assert charge.intervals <= max(begun)
                assert record.cut.startswith("balance_exhausted: ")
            assert charge.amount == answer + (charge.intervals - 1) * each


TestStorm = Storm.TestCase
TestStorm.settings = settings(
    deadline=None, max_examples=40, stateful_step_count=30, suppress_health_check=[HealthCheck.too_slow]
)

"""A refused call of a carrier with the whole business, beside one of the plain carrier of reject_call.py.

10,000 numbers out of a file, 100 customers told by their address, with tariffs and balances, routed caller IDs, closed
directions, analytics, 1,000 rules. Each call passes all checks and is refused by a rule, with the same messages.
"""

from __future__ import annotations

import gc
import re
import tempfile
import time
from pathlib import Path

import sipp
from pairs import arguments, compare
from reject_call import SCENARIO, caller

from simcarrier.carrier.switch import Switch
from simcarrier.scenario.load import load
from simcarrier.sip.transport import Channel, Transport

NUMBERS, CUSTOMERS, RULES = 10_000, 100, 1000

HEAD = """\
name: A carrier with the whole business
carrier:
  seed: 1
  numbering: {country: 49, exists: listed, numbers_file: numbers.csv}
  routed_callers: [+4930*, +4989*, +4940*]
  directions: {open: [+49*, +43*, +41*], closed: [+49137*, +49900*]}
  analytics: {calls: 1000}
  tariffs:
    standard:
      currency: EUR
      rates:
        - {to: +49*, per_minute: 0.0095}
        - {to: [+4915*, +4916*, +4917*], per_minute: 0.09, interval: 1s, first_interval: 60s}
        - {to: +43*, per_minute: 0.12, connection_fee: 0.05}
  customers:
    - {name: caller, source: 127.0.0.0/8, balance: 5000000.00 EUR, tariff: standard}
"""


def write(folder: Path) -> Path:
    """Write the scenario and its file of numbers."""
    fates = ("", "", "", ",number_disconnected", ",busy")
    lines = [f"+49301{at:06}{fates[at % len(fates)]}" for at in range(NUMBERS - 1)]
    (folder / "numbers.csv").write_text("\n".join(["number,condition", "+49301234", *lines]) + "\n")
    customers = [
        f"    - {{name: customer {at}, source: 192.0.2.{at}, balance: 12.50 EUR, tariff: standard}}"
        for at in range(1, CUSTOMERS)
    ]
    rules = [
        f'  - {{name: rule {at}, to: "+4989{at:04}*", from: "+49*", respond: {{code: 486, trying: true}}}}'
        for at in range(RULES - 1)
    ]
    last = '  - {name: refused, to: "+4930*", from: "+4930*", respond: {code: 403, trying: true}}'
    path = folder / "business.yaml"
    path.write_text(HEAD + "\n".join([*customers, "calls:", *rules, last]) + "\n")
    return path


_INVITE = """\
INVITE sip:+49301234@127.0.0.1:5060 SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1:5061;branch=z9hG4bK-{call}
From: <sip:+4930{caller}@127.0.0.1:5061>;tag={call}
To: <sip:+49301234@127.0.0.1:5060>
Call-ID: {call}-1@127.0.0.1
CSeq: 1 INVITE
Contact: <sip:+4930@127.0.0.1:5061>
Max-Forwards: 70
Content-Length: 0

"""
_TAG = re.compile(rb"\r\nTo: [^\r]*?(;tag=[^\r;]*)\r\n")
_AT_ONCE = 20


class InMemory:
    """A carrier fed with bytes by so many caller IDs: what our code alone costs, without the system's."""

    def __init__(self, path: Path, callers: int) -> None:
        self._callers = callers
        self.switch = Switch(load(path), 0.0, 1e9)
        self._channel = Channel(Transport.UDP, ("127.0.0.1", 5060))
        self._now = 0.0
        self._calls = 0

    def tick(self) -> float:
        """Refuse a handful of calls; CPU microseconds for each."""
        engine, peer = self.switch.engine, ("127.0.0.1", 5061)
        numbers = range(self._calls, self._calls + _AT_ONCE)
        self._calls += _AT_ONCE
        self._now += 0.01
        invites = [
            _INVITE.format(call=number, caller=number % self._callers).replace("\n", "\r\n") for number in numbers
        ]
        spent = self._feed([invite.encode() for invite in invites], peer)
        tags = [
            match[1] for _, _, data in engine.out if data.startswith(b"SIP/2.0 403") and (match := _TAG.search(data))
        ]
        if len(tags) != _AT_ONCE or len(engine.out) != 2 * _AT_ONCE:
            raise SystemExit(f"{self.switch.carrier.rulebook.entries[-1].name}: not 100 and 403 for each call")
        engine.out.clear()
        acks = [
            invite.replace("INVITE", "ACK").encode().replace(b":5060>\r\n", b":5060>%b\r\n" % tag)
            for invite, tag in zip(invites, tags, strict=True)
        ]
        spent += self._feed(acks, peer)
        before = time.process_time()
        engine.handle_timers(self._now)
        return (spent + time.process_time() - before) / _AT_ONCE * 1e6

    def _feed(self, messages: list[bytes], peer: tuple[str, int]) -> float:
        receive, channel, now = self.switch.engine.receive, self._channel, self._now
        before = time.process_time()
        for message in messages:
            receive(message, peer, channel, now)
        return time.process_time() - before


def in_memory(path: Path, ticks: int, callers: int) -> float:
    """CPU microseconds of our code for a refused call: the quickest quarter of the ticks, which nobody disturbed."""
    carrier = InMemory(path, callers)
    for _ in range(ticks // 2):
        carrier.tick()
    gc.collect()
    gc.freeze()
    gc.set_threshold(500_000, 10, 10)  # as the command does
    costs = sorted(carrier.tick() for _ in range(ticks))
    return costs[len(costs) // 4]


def main() -> None:
    options = arguments(__doc__ or "")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plain = folder / "reject.yaml"
        plain.write_text(SCENARIO)
        business = write(folder)
        before = time.process_time()
        load(business)
        print(
            f"{NUMBERS} numbers, {CUSTOMERS} customers, {RULES} rules, loaded in {time.process_time() - before:.2f} s"
        )
        ticks = int(400 * options.seconds)
        for callers in (1000, 10**9):
            alone, whole = in_memory(plain, ticks, callers), in_memory(business, ticks, callers)
            who = "a new caller ID for each call" if callers > NUMBERS else f"{callers} caller IDs"
            print(
                f"in memory, {who}: plain {alone:.1f} us, business {whole:.1f}, ratio {whole / alone:.2f}", flush=True
            )
        options.no_limit = True
        compare(
            lambda: sipp.simcarrier(business),
            lambda: sipp.simcarrier(plain),
            caller(folder),
            options,
            names=("business", "plain"),
        )


if __name__ == "__main__":
    main()

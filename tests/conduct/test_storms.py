"""No claim against a caller that keeps to the book, whatever the network does to its messages.

Our own caller is that caller; the carrier is our own callee. The network loses, doubles, delays and reorders what it
likes, so the carrier sees repetitions, gaps and things out of order: none of them is the caller's fault.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from simcarrier.sip.transport import Transport
from simcarrier.testing import CallIn, CallOut, Phone, Weather
from tests.conduct.kit import CARRIER, WatchedWire

Verb = Callable[[CallOut, CallIn], None]


def open_call(taken: CallIn) -> bool:
    return taken.session.status < 200 and not taken.endings


VERBS: dict[str, Verb] = {
    "nothing": lambda out, taken: None,
    "try": lambda out, taken: taken.trying() if open_call(taken) and not taken.session.status else None,
    "ring": lambda out, taken: taken.ring() if open_call(taken) else None,
    "ring reliably": lambda out, taken: taken.ring(with_sdp=True, reliable=True) if open_call(taken) else None,
    "answer": lambda out, taken: taken.answer() if open_call(taken) else None,
    "refuse": lambda out, taken: taken.refuse(486) if open_call(taken) else None,
    "abandon": lambda out, taken: taken.abandon() if open_call(taken) else None,
    "cancel": lambda out, taken: out.cancel(),
    "caller hangs up": lambda out, taken: out.hang_up(),
    "callee hangs up": lambda out, taken: taken.hang_up() if taken.session.answered_at is not None else None,
}

scripts = st.lists(
    st.tuples(st.sampled_from(sorted(VERBS)), st.one_of(st.floats(0, 0.3), st.floats(0, 5), st.floats(0, 40))),
    max_size=6,
)
shares = st.floats(0, 0.4)


def play(
    wire: WatchedWire,
    calls: list[list[tuple[str, float]]],
    transport: Transport = Transport.UDP,
    *,
    with_offer: bool = True,
    interval: int | None = 90,
) -> None:
    """Calls one after the other, each by its script; then everything is ended."""
    caller = Phone(wire, "10.0.0.1", name="caller")
    callee = Phone(wire, CARRIER, name="carrier")
    channel = wire.connect(caller.channel, callee.address, transport) if transport.reliable else None
    fields = [] if interval is None else [("Session-Expires", str(interval))]
    for script in calls:
        out = caller.dial(callee, channel=channel, fields=fields, with_offer=with_offer)
        call_id = out.session.call_id
        wire.run(0.11)  # in good weather the INVITE is there by now
        for verb, pause in script:
            for taken in callee.taken:
                if taken.session.invite.call_id == call_id:
                    VERBS[verb](out, taken)
            wire.run(pause)
        out.hang_up()
        wire.run(0.2)
    for taken in callee.taken:
        VERBS["refuse"](out, taken)
    wire.run(200)  # session timers, and every timer of the RFC
    for taken in callee.taken:
        VERBS["callee hangs up"](out, taken)
    wire.run(100)


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 10**6),
    weather=st.builds(
        Weather, loss=shares, duplication=shares, reordering=shares, delay=st.floats(0, 0.05), spread=st.floats(0, 0.05)
    ),
    calls=st.lists(scripts, min_size=1, max_size=4),
    transport=st.sampled_from([Transport.UDP, Transport.UDP, Transport.UDP, Transport.TCP]),
    with_offer=st.booleans(),
)
@example(0, Weather(), [[("try", 40), ("refuse", 0)]], Transport.TCP, True)
@example(0, Weather(), [[("nothing", 35), ("answer", 20)]], Transport.TCP, True)
def test_a_correct_caller_in_any_weather(
    seed: int, weather: Weather, calls: list[list[tuple[str, float]]], transport: Transport, with_offer: bool
) -> None:
    wire = WatchedWire(seed=seed, weather=weather)
    play(wire, calls, transport, with_offer=with_offer)
    assert wire.faults() == [], wire.ladder()


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    lost=st.lists(
        st.tuples(
            st.sampled_from(["INVITE", "ACK", "BYE", "CANCEL", "PRACK", "UPDATE", "100", "180", "200", "486", "487"]),
            st.integers(1, 12),
        ),
        max_size=4,
    ),
    script=scripts,
)
@example([("ACK", 12)], [("refuse", 40)])
@example([("ACK", 12)], [("answer", 40)])
@example([("100", 12)], [("try", 40), ("refuse", 0)])
@example([("PRACK", 12)], [("ring reliably", 40)])
@example([("INVITE", 6)], [("refuse", 40)])
def test_a_network_that_has_it_in_for_some_messages(
    lost: list[tuple[str, int]], script: list[tuple[str, float]]
) -> None:
    wire = WatchedWire()
    for name, times in lost:
        wire.lose(name, times)
    play(wire, [script])
    assert wire.faults() == [], wire.ladder()


@pytest.mark.parametrize("loss", [0.2, 0.3])
def test_many_calls_over_a_very_bad_network(loss: float) -> None:
    scripts: list[list[tuple[str, float]]] = [
        [("try", 0.5), ("refuse", 3.0)],
        [("ring", 2.0), ("answer", 5.0), ("caller hangs up", 1.0)],
        [("try", 10.0), ("cancel", 2.0)],
        [("ring reliably", 3.0), ("answer", 3.0), ("callee hangs up", 1.0)],
        [("nothing", 6.0), ("refuse", 1.0)],
    ]
    for seed in range(3):
        wire = WatchedWire(seed=seed, weather=Weather(loss=loss, duplication=0.1, delay=0.02, spread=0.02))
        play(wire, scripts * 20)
        assert wire.faults() == []
        assert wire.conduct.calls > 60


def test_the_storm_itself_sees_a_caller_that_does_wrong() -> None:
    """Without its ACK the same caller, in the same weather, is found out."""
    wire = WatchedWire()
    wire.lose("ACK", 10**6)
    play(wire, [[("refuse", 10.0)]] * 4)
    assert [fault.partition(":")[0] for fault in wire.faults()] == ["ack_missing"] * 2

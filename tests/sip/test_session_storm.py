"""Calls in bad weather: whatever is lost, doubled or overtaken, both ends come to an end and nothing is left."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simcarrier.sip.transport import Transport
from simcarrier.testing import CallIn, CallOut, Phone, Weather, Wire

STORM = Weather(loss=0.3, duplication=0.2, reordering=0.2, delay=0.02, spread=0.05)
BREEZE = Weather(loss=0.1, duplication=0.1, reordering=0.1, delay=0.005, spread=0.01)

Verb = Callable[[CallOut, CallIn], None]


def _answered(out: CallOut, taken: CallIn) -> bool:
    return taken.session.status >= 200 or bool(taken.endings)


def _ring(out: CallOut, taken: CallIn) -> None:
    if not _answered(out, taken):
        taken.ring(with_sdp=True, reliable=True)


def _answer(out: CallOut, taken: CallIn) -> None:
    if not _answered(out, taken):
        taken.answer()


def _refuse(out: CallOut, taken: CallIn) -> None:
    if not _answered(out, taken):
        taken.refuse(486)


VERBS: dict[str, Verb] = {
    "ring": _ring,
    "answer": _answer,
    "refuse": _refuse,
    "cancel": lambda out, taken: out.cancel(),
    "caller hangs up": lambda out, taken: out.hang_up(),
    "callee hangs up": lambda out, taken: taken.hang_up() if taken.session.answered_at is not None else None,
}


def play(wire: Wire, script: list[tuple[str, float]], transport: Transport = Transport.UDP) -> None:
    """Play a script of verbs and pauses, then end what is up, and look that nothing is left."""
    over = False
    caller = Phone(wire, "10.0.0.1", name="caller")
    callee = Phone(wire, "10.0.0.2", name="callee", on_call=lambda taken: taken.refuse(486) if over else None)
    channel = wire.connect(caller.channel, callee.address, transport) if transport.reliable else None
    out = caller.dial(callee, channel=channel, fields=[("Session-Expires", "90")])
    for verb, pause in script:
        if callee.taken:
            VERBS[verb](out, callee.taken[0])
        wire.run(pause)
    over = True  # an INVITE that comes only now is refused at once
    for taken in callee.taken:
        _refuse(out, taken)
    wire.run(1)
    out.hang_up()
    wire.settle()
    assert len(callee.taken) <= 1
    assert len(out.endings) == 1, wire.ladder()
    assert all(len(taken.endings) == 1 for taken in callee.taken), wire.ladder()
    assert caller.idle, wire.ladder()
    assert callee.idle, wire.ladder()
    assert not any(response.status == 500 for response in wire.trace.responses()), wire.ladder()


@pytest.mark.parametrize("weather", [BREEZE, STORM], ids=["breeze", "storm"])
@pytest.mark.parametrize("story", ["answered", "refused", "cancelled", "callee hangs up"])
def test_many_seeds(weather: Weather, story: str) -> None:
    scripts = {
        "answered": [("ring", 1.0), ("answer", 3.0), ("caller hangs up", 0.0)],
        "refused": [("ring", 1.0), ("refuse", 0.0)],
        "cancelled": [("ring", 0.5), ("cancel", 0.2), ("answer", 0.0)],
        "callee hangs up": [("answer", 2.0), ("callee hangs up", 0.0)],
    }
    for seed in range(40):
        play(Wire(seed=seed, weather=weather), [("ring", Random(seed).random()), *scripts[story]])


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 10**6),
    loss=st.floats(0, 0.3),
    script=st.lists(st.tuples(st.sampled_from(sorted(VERBS)), st.floats(0, 40)), max_size=6),
    transport=st.sampled_from([Transport.UDP, Transport.UDP, Transport.TCP]),
)
def test_any_script_in_any_weather(
    seed: int, loss: float, script: list[tuple[str, float]], transport: Transport
) -> None:
    weather = Weather(loss=loss, duplication=loss, reordering=loss, delay=0.02, spread=0.05)
    play(Wire(seed=seed, weather=weather), script, transport)


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 10**6), at=st.floats(0, 0.2))
def test_a_cancel_that_crosses_the_answer_at_any_moment(seed: int, at: float) -> None:
    wire = Wire(seed=seed, weather=Weather(delay=0.02, spread=0.05))
    play(wire, [("ring", 0.05), ("ring", 0.1), ("answer", at), ("cancel", 0.0)])

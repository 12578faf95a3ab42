"""The wire in memory: what arrives where and when, what gets lost, and how it is told."""

from __future__ import annotations

import pytest

from simcarrier.sip.message import Request
from simcarrier.sip.transport import Channel, Transport
from simcarrier.testing import Peer, Phone, Trace, Weather, Wire

OPTIONS = """OPTIONS sip:10.0.0.2 SIP/2.0
Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK{number}
From: <sip:a@10.0.0.1>;tag=1
To: <sip:10.0.0.2>
Call-ID: {number}
CSeq: 1 OPTIONS
Content-Length: 0
"""


def send_many(wire: Wire, count: int) -> tuple[Peer, Peer]:
    left, right = Peer(wire, "10.0.0.1", name="left"), Peer(wire, "10.0.0.2", name="right")
    for number in range(count):
        left.send(OPTIONS.format(number=number), ("10.0.0.2", 5060))
        wire.run(0.001)
    wire.settle()
    return left, right


def order(peer: Peer) -> list[int]:
    return [int(message.call_id) for message in peer.received]


def test_what_is_sent_arrives_after_the_delay() -> None:
    wire = Wire(weather=Weather(delay=0.25))
    _, right = send_many(wire, 1)
    assert [passage.arrived for passage in wire.trace] == [[0.25]]
    assert isinstance(right.received[0], Request)


def test_in_fair_weather_nothing_is_lost_and_the_order_stays() -> None:
    _, right = send_many(Wire(weather=Weather(delay=0.5)), 50)
    assert order(right) == list(range(50))


def test_loss_has_its_share() -> None:
    wire = Wire(seed=1, weather=Weather(loss=0.3))
    _, right = send_many(wire, 400)
    assert 220 < len(right.received) < 340
    assert sum(passage.fate == "lost" for passage in wire.trace) == 400 - len(right.received)


def test_duplication_delivers_twice() -> None:
    wire = Wire(seed=1, weather=Weather(duplication=0.3))
    _, right = send_many(wire, 400)
    assert 460 < len(right.received) < 580
    assert set(order(right)) == set(range(400))


def test_reordering_lets_later_ones_overtake() -> None:
    _, right = send_many(Wire(seed=1, weather=Weather(reordering=0.3, delay=0.05)), 100)
    assert sorted(order(right)) == list(range(100))
    assert order(right) != list(range(100))


@pytest.mark.parametrize("seed", range(3))
def test_the_same_seed_gives_the_same_run(seed: int) -> None:
    weather = Weather(loss=0.2, duplication=0.2, reordering=0.2, delay=0.01, spread=0.02)
    runs = [Wire(seed=seed, weather=weather) for _ in range(2)]
    orders = [order(send_many(wire, 100)[1]) for wire in runs]
    assert orders[0] == orders[1]
    other = order(send_many(Wire(seed=seed + 1, weather=weather), 100)[1])
    assert other != orders[0]


def test_losing_on_purpose_takes_just_those() -> None:
    wire = Wire()
    wire.lose("OPTIONS", 2)
    _, right = send_many(wire, 4)
    assert order(right) == [2, 3]


def test_an_address_that_nobody_has_is_nowhere() -> None:
    wire = Wire()
    Peer(wire, "10.0.0.1").send(OPTIONS.format(number=1), ("10.0.0.9", 5060))
    wire.settle()
    assert [passage.fate for passage in wire.trace] == ["nowhere"]
    assert "10.0.0.9:5060" in wire.ladder()


def test_an_unreachable_address_is_told_to_the_sender() -> None:
    wire = Wire()
    peer = Peer(wire, "10.0.0.1")
    wire.refuse(("10.0.0.9", 5060))
    peer.send(OPTIONS.format(number=1), ("10.0.0.9", 5060))
    wire.settle()
    assert peer.failed == [("10.0.0.9", 5060)]


def test_an_address_has_one_owner() -> None:
    wire = Wire()
    Peer(wire, "::1")
    with pytest.raises(ValueError, match=r"\[::1\]:5060 is taken"):
        Peer(wire, "::1")


def test_a_stream_keeps_order_and_loses_nothing_in_any_weather() -> None:
    wire = Wire(seed=3, weather=Weather(loss=0.5, duplication=0.5, reordering=0.5, delay=0.01, spread=0.1))
    left, right = Peer(wire, "10.0.0.1"), Peer(wire, "10.0.0.2")
    stream = wire.connect(left.channel, right.channel.local, Transport.TLS)
    for number in range(50):
        left.send(OPTIONS.format(number=number), right.channel.local, stream)
        wire.run(0.001)
    wire.settle()
    assert order(right) == list(range(50))
    assert stream.reliable
    assert stream.far is not None
    assert stream.far.remote == stream.local


def test_sending_on_a_closed_stream_is_told() -> None:
    wire = Wire()
    left, right = Peer(wire, "10.0.0.1"), Peer(wire, "10.0.0.2")
    stream = wire.connect(left.channel, right.channel.local)
    wire.close(stream)
    left.send(OPTIONS.format(number=1), right.channel.local, stream)
    wire.settle()
    assert left.failed == [right.channel.local]
    assert right.received == []


def test_expect_compares_what_is_new() -> None:
    wire = Wire()
    left = Peer(wire, "10.0.0.1", name="left")
    Phone(wire, "10.0.0.2", name="right")
    left.send(OPTIONS.format(number=1), ("10.0.0.2", 5060))
    wire.run(0)
    wire.expect("-> OPTIONS", "<- 200 OPTIONS")
    wire.expect()
    with pytest.raises(AssertionError, match=r"wanted:\n    <- BYE\nsent:\n    nothing"):
        wire.expect("<- BYE")


def test_expect_shows_the_ladder_of_what_came_instead() -> None:
    wire = Wire()
    left = Peer(wire, "10.0.0.1", name="left")
    Phone(wire, "10.0.0.2", name="right")
    left.send(OPTIONS.format(number=1), ("10.0.0.2", 5060))
    wire.run(0)
    with pytest.raises(AssertionError) as caught:
        wire.expect("-> OPTIONS")
    assert "--OPTIONS--" in str(caught.value)
    assert "200 OK (OPTIONS)--" in str(caught.value)


def test_settle_tells_what_never_ends() -> None:
    wire = Wire()
    caller, callee = Phone(wire, "10.0.0.1"), Phone(wire, "10.0.0.2")
    callee.agent.session_interval = 90
    caller.dial(callee, fields=[("Session-Expires", "90")])
    wire.run(0)
    callee.taken[0].answer()
    with pytest.raises(AssertionError, match="still going on after 1000 s"):
        wire.settle(1000)


def test_a_foreign_channel_is_refused() -> None:
    wire, other = Wire(), Wire()
    peer, foreign = Peer(wire, "10.0.0.1"), Peer(other, "10.0.0.1")
    peer.out.append((_plain(foreign), ("10.0.0.2", 5060), b"x"))
    with pytest.raises(TypeError, match="not of this wire"):
        wire.collect()


def _plain(peer: Peer) -> Channel:
    return Channel(Transport.UDP, peer.channel.local)


def test_a_trace_reads_requests_and_responses() -> None:
    wire = Wire()
    left = Peer(wire, "10.0.0.1")
    Phone(wire, "10.0.0.2")
    left.send(OPTIONS.format(number=1), ("10.0.0.2", 5060))
    left.send(b"rubbish", ("10.0.0.2", 5060))
    wire.run(0)
    trace = Trace(wire.trace)
    assert trace.arrows() == ["-> OPTIONS", "-> ?", "<- 200 OPTIONS"]
    del trace[1]
    assert trace.codes("OPTIONS") == [200]
    assert trace.codes() == []
    assert [request.method for request in trace.requests("OPTIONS")] == ["OPTIONS"]
    assert trace.times("200") == [0.0]
    assert "? 7 bytes" in wire.ladder()

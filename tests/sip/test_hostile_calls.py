"""Bad input in the middle of a call: damaged PRACKs, ACKs with descriptions, answers to our own BYE."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from simcarrier.carrier.switch import Switch
from simcarrier.scenario.load import loads
from simcarrier.sip.transport import Transport
from tests.sip.kit import OFFER, Wire, request, response_to

SCENARIO = """
name: Rings reliably, then answers
carrier: {listen: "udp:127.0.0.1:5060"}
calls:
  - {name: everybody, steps: [trying, {ringing: {reliable: true}}, answer]}
"""

JUNK = st.sampled_from(
    [b"\r\n", b" ", b",", b";", b'"', b"<", b">", b":", b"\0", b"\xff", b"-1", b"9" * 20, "٣".encode()]
)
TO = "<sip:+4930123@127.0.0.1>;tag={}"


def damaged(data: st.DataObject, whole: bytes, most: int = 3) -> bytes:
    changed = bytearray(whole)
    for _ in range(data.draw(st.integers(0, most))):
        at = data.draw(st.integers(0, max(0, len(changed) - 1)))
        changed[at : at + data.draw(st.integers(0, 4))] = data.draw(st.one_of(st.binary(max_size=4), JUNK))
    return bytes(changed)


def assert_nothing_left(switch: Switch) -> None:
    engine = switch.engine
    assert (switch.calls, switch.agent.sessions) == ({}, {})
    assert (engine.server_transactions, engine.client_transactions) == (0, 0)
    assert engine._tables.merged == {}
    assert engine._tables.by_channel == {}
    assert engine.next_deadline() is None


@settings(max_examples=200)
@given(st.data(), st.sampled_from(list(Transport)), st.booleans())
def test_a_reliable_call_under_damage(data: st.DataObject, transport: Transport, offer: bool) -> None:
    switch = Switch(loads(SCENARIO), 0.0, 0.0, seed=1)
    wire = Wire(switch.engine, transport)
    sent = wire.receive(request(body=OFFER if offer else b"", extra=["Supported: 100rel"]))
    assert [one.what for one in sent[:2]] == ["100", "180"]
    to = TO.format(sent[1].response.to_tag)
    rack = data.draw(
        st.sampled_from(
            ["{0} 1 INVITE", "{0}", "{0} 1", "-1 1 INVITE", "{0} 2 INVITE", "1 INVITE", "{0} 1 BYE", "x y z", ""]
        )
    )
    lines = [f"RAck: {rack.format(sent[1].message.get('rseq'))}"]
    for number in range(2):
        prack = request(
            "PRACK",
            to=to,
            cseq=f"{number + 2} PRACK",
            branch=f"z9hG4bK-p{number}",
            extra=lines,
            body=OFFER if offer else b"",
        )
        wire.receive(damaged(data, prack))
    wire.receive(damaged(data, request("ACK", to=to, cseq="1 ACK", branch="z9hG4bK-a", body=OFFER)))
    wire.run_until(data.draw(st.sampled_from([0.0, 1.0, 40.0])))
    switch.close(wire.now)
    wire.run_until(wire.now + 200.0)
    assert_nothing_left(switch)
    assert switch.journal.calls == 1


@settings(max_examples=200)
@given(st.data(), st.sampled_from(list(Transport)), st.sampled_from([100, 180, 200, 401, 481, 503, 699]))
def test_our_bye_under_damaged_answers(data: st.DataObject, transport: Transport, status: int) -> None:
    switch = Switch(loads(SCENARIO.replace("{ringing: {reliable: true}}", "ringing")), 0.0, 0.0, seed=1)
    wire = Wire(switch.engine, transport)
    route = damaged(data, b"Record-Route: <sip:p;lr>", 1).decode("utf-8", "surrogateescape")
    sent = wire.receive(request(body=OFFER, extra=[route]))
    if not sent or sent[-1].what != "200":
        return
    answer = sent[-1]
    wire.receive(request("ACK", to=TO.format(answer.response.to_tag), cseq="1 ACK", branch="z9hG4bK-a"))
    switch.close(wire.now)
    byes = wire.take()
    assert [one.what for one in byes] == ["BYE"]
    for _ in range(3):
        wire.receive(damaged(data, response_to(byes[0].request, status)))
    wire.run_until(200.0)
    assert_nothing_left(switch)

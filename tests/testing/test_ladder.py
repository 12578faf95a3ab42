"""Ladders as text: they line up, say what is lost, and never send a message's own control characters on."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simcarrier.testing import Passage, Peer, Phone, Trace, Weather, Wire, ladder


def test_a_refused_call_drawn() -> None:
    wire = Wire(weather=Weather(delay=0.01))
    caller = Phone(wire, "10.0.0.1", name="caller")
    Phone(wire, "10.0.0.2", name="carrier", on_call=lambda call: call.refuse(403))
    wire.lose("ACK")
    caller.dial(("10.0.0.2", 5060))
    wire.run(0.6)
    assert wire.ladder() == (
        "              caller                          carrier\n"
        "     0.000    |--INVITE +sdp----------------->|\n"
        "     0.010    |<---------------403 Forbidden--|\n"
        "     0.020    |--ACK-------------------------x|   lost\n"
        "     0.510    |<---------------403 Forbidden--|\n"
        "     0.520    |--ACK------------------------->|\n"
    )


def test_three_parties_have_three_columns() -> None:
    wire = Wire()
    first, _, third = (Peer(wire, f"10.0.0.{n}", name=name) for n, name in ((1, "one"), (2, "two"), (3, "three")))
    bye = "BYE sip:x SIP/2.0\nVia: SIP/2.0/UDP h;branch=z9hG4bK1"
    first.send(bye, third.channel.local)
    third.send(bye, ("10.0.0.2", 5060))
    wire.settle()
    head, over, back = wire.ladder().splitlines()
    columns = [head.index(name) for name in ("one", "two", "three")]
    assert [over[column] for column in (columns[0], columns[2])] == ["|", "|"]
    assert over[columns[0] + 1 : columns[2]].startswith("--BYE--")
    assert over[columns[2] - 1] == ">"
    assert [back[column] for column in columns] == ["|", "|", "|"]
    assert back[columns[1] + 1] == "<"


def test_a_long_phrase_is_cut() -> None:
    data = b"SIP/2.0 403 " + b"Nobody " * 20 + b"\r\nVia: SIP/2.0/UDP h;branch=z\r\nCSeq: 1 INVITE\r\n\r\n"
    drawn = ladder([Passage(0.0, "b", "a", ("a", 1), data, False)], ["a", "b"])
    assert len({len(line) for line in drawn.splitlines()[1:]}) == 1
    assert "~--|" in drawn


@given(st.binary(max_size=80), st.text(max_size=40))
def test_whatever_is_sent_every_line_is_harmless(tail: bytes, phrase: str) -> None:
    head = f"SIP/2.0 200 {phrase}\r\nVia: SIP/2.0/UDP h;branch=z\r\nCSeq: 1 BYE\r\n".encode("utf-8", "replace")
    trace = Trace(Passage(0.0, "a", "b", ("b", 1), data, True) for data in (tail, head + tail))
    for line in ladder(trace).splitlines():
        assert line.isprintable()

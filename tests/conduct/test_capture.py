"""``simcarrier conduct``: a capture judged offline, and who in it is the carrier."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from simcarrier.cli import main
from simcarrier.conduct import Conduct
from simcarrier.conduct.capture import CarrierSeen, Place, carriers_in
from simcarrier.records.capture import Captured
from simcarrier.records.pcap import pcap_of
from simcarrier.records.transcript import Passed
from simcarrier.sip.errors import Malformed
from simcarrier.sip.transport import Address, Channel, Transport
from tests.conduct.kit import HERE, THERE, Talk, sdp

ELSEWHERE = ("10.0.0.9", 5060)


class Recorder(Conduct):
    """Keeps what passes."""

    def __init__(self) -> None:
        super().__init__()
        self.passed: list[Passed] = []

    def observe(self, way: str, data: bytes, channel: Channel, peer: Address, now: float) -> None:
        self.passed.append(Passed(1.7e9 + now, way == "out", channel.transport, HERE, peer, data))


def recorded(story: Callable[[Talk], None], transport: Transport = Transport.UDP) -> list[Passed]:
    recorder = Recorder()
    story(Talk(transport, recorder))
    return recorder.passed


def wrong(talk: Talk) -> None:
    for call in ("a", "b"):
        talk.call_id = call
        talk.invites()
        talk.says(403, tag="r1")
        talk.asks("ACK", to_tag="r1", branch=f"new{call}")


def right(talk: Talk) -> None:
    talk.answered()
    talk.ends()


def command(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["conduct", *map(str, arguments)])


def capture(folder: Path, messages: list[Passed]) -> Path:
    file = folder / "dialler.pcap"
    file.write_bytes(pcap_of(messages))
    return file


@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TCP])
def test_a_dialler_without_fault(transport: Transport, tmp_path: Path) -> None:
    result = command(capture(tmp_path, recorded(right, transport)))
    assert result.output == "10.0.0.2:5060: 1 call, 7 messages\nSIP conduct: no faults\n"
    assert result.exit_code == 0


def test_faults_are_told_with_their_section(tmp_path: Path) -> None:
    result = command(capture(tmp_path, recorded(wrong)))
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "10.0.0.2:5060: 2 calls, 8 messages",
        "SIP conduct: 1 fault",
        "  2 x ack_branch (RFC 3261 section 17.1.1.3): "
        "the branch of the ACK to 403 is z9hG4bKnewa, that of the INVITE z9hG4bKa-i1",
        "      call a from 10.0.0.1:5060: ACK sip:+49891@10.0.0.2:5060 SIP/2.0",
    ]


def test_json(tmp_path: Path) -> None:
    result = command(capture(tmp_path, recorded(wrong)), "--json")
    assert result.exit_code == 1
    fault, summary = map(json.loads, result.output.splitlines())
    assert (fault["event"], fault["rule"], fault["count"], fault["at"]) == ("conduct", "ack_branch", 2, 1.7e9 + 100)
    assert fault["message"].startswith("ACK sip:+49891@10.0.0.2:5060 SIP/2.0\n")
    assert summary == {
        "event": "summary",
        "carriers": {"10.0.0.2:5060": {"calls": 2, "messages": 8, "conduct": {"ack_branch": 2}}},
    }


def early(talk: Talk) -> None:
    """CANCEL before a provisional response, in the second of two calls."""
    talk.refused()
    talk.call_id = "second"
    talk.asks("INVITE")
    talk.wait(3)
    talk.asks("CANCEL")


def test_a_capture_of_one_direction_proves_no_absence(tmp_path: Path) -> None:
    both = recorded(early)
    assert "cancel_early" in command(capture(tmp_path, both)).output
    assert command(capture(tmp_path, [one for one in both if not one.sent])).exit_code == 0


def test_the_carrier_can_be_named(tmp_path: Path) -> None:
    file = capture(tmp_path, recorded(wrong))
    assert command(file, "--carrier", "10.0.0.2").exit_code == 1
    assert command(file, "--carrier", "10.0.0.2:5060").exit_code == 1
    nobody = command(file, "--carrier", "10.0.0.2:5061", "--carrier", "[2001:db8::1]:5060")
    assert nobody.exit_code == 2
    assert "no SIP messages to or from 10.0.0.2:5061, [2001:db8::1]:5060" in nobody.output


def test_a_proxy_is_a_carrier_to_one_and_a_caller_to_the_other() -> None:
    """The proxy's own branches and the dialler's, the same Call-ID on both sides, and a BYE from behind."""
    outer = recorded(lambda talk: talk.answered())
    messages = []
    for one in outer:
        source, destination = (HERE, one.remote) if one.sent else (one.remote, HERE)
        messages.append(Captured(one.at, source, destination, "UDP", one.data))
        inner = one.data.replace(b"branch=z9hG4bK", b"branch=z9hG4bKproxy")
        source, destination = (ELSEWHERE, HERE) if one.sent else (HERE, ELSEWHERE)
        messages.append(Captured(one.at, source, destination, "UDP", inner))
    bye = recorded(lambda talk: talk.carrier_asks("BYE"))[0].data
    messages.append(Captured(messages[-1].at + 1, ELSEWHERE, HERE, "UDP", bye))
    places = carriers_in(messages)
    assert list(map(str, places)) == ["10.0.0.2:5060", "10.0.0.9:5060"]
    for place in places:
        seen = CarrierSeen(place)
        for message in messages:
            seen.take(message)
        seen.finish()
        assert seen.conduct.messages > 5
        assert seen.conduct.counts == {}


def test_tls_written_as_tcp_is_no_fault(tmp_path: Path) -> None:
    messages = recorded(right, Transport.TLS)
    plain = [Passed(one.at, one.sent, "TCP", one.local, one.remote, one.data) for one in messages]
    assert command(capture(tmp_path, plain)).exit_code == 0


@pytest.mark.parametrize(("heard", "found"), [(("10.0.0.8", 5060), []), (THERE, ["ack_missing"])])
def test_connections_of_a_capture_do_not_tell_when_they_close(heard: Address, found: list[str]) -> None:
    """So a caller that is not heard again may be gone; one that is heard was there, and has not acknowledged."""

    def unacknowledged(talk: Talk) -> None:
        talk.invites()
        talk.says(486, tag="r1")
        talk.wait(10)
        talk.asks("OPTIONS", branch="alive", change={"Call-ID": "other"}, peer=heard)
        talk.wait(30)
        talk.asks("OPTIONS", branch="end", change={"Call-ID": "end"}, peer=("10.0.0.8", 5060))

    seen = CarrierSeen(Place("10.0.0.2"))
    for one in recorded(unacknowledged, Transport.TCP):
        source, destination = (HERE, one.remote) if one.sent else (one.remote, HERE)
        seen.take(Captured(one.at, source, destination, "TCP", one.data))
    seen.finish()
    assert sorted(seen.conduct.counts) == found


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (b"hello, I am no capture at all", "no capture"),
        (struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101), "has no call that begins in it"),
    ],
)
def test_files_that_are_of_no_use(data: bytes, says: str, tmp_path: Path) -> None:
    file = tmp_path / "x.pcap"
    file.write_bytes(data)
    result = command(file)
    assert result.exit_code == 2
    assert str(file) in result.output
    assert says.split()[0] in result.output


def test_wrong_usage(tmp_path: Path) -> None:
    missing = command(tmp_path / "missing.pcap")
    assert missing.exit_code == 2
    assert "No such file" in missing.output
    file = capture(tmp_path, recorded(right))
    for place in ("10.0.0.2:70000", ":5060", "10.0.0.2:x"):
        result = command(file, "--carrier", place)
        assert result.exit_code == 2
        assert "HOST:PORT" in result.output


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("10.0.0.2", Place("10.0.0.2")),
        ("10.0.0.2:5062", Place("10.0.0.2", 5062)),
        ("2001:db8::1", Place("2001:db8::1")),
        ("[2001:db8::1]:5060", Place("2001:db8::1", 5060)),
    ],
)
def test_places(text: str, place: Place) -> None:
    assert Place.parse(text) == place
    assert str(place) == text
    assert place.holds((place.host, place.port or 1))
    assert not place.holds(("10.0.0.3", place.port or 1))


@pytest.mark.parametrize("text", ["", ":1", "h:99999", "h:1x"])
def test_places_that_are_none(text: str) -> None:
    with pytest.raises(Malformed):
        Place.parse(text)


def test_a_connection_that_was_closed_by_the_time() -> None:
    """The same story live: the channel says whether the caller is still there."""
    talk = Talk(Transport.TCP)
    talk.invites(body=sdp())
    talk.says(486, tag="r1")
    assert talk.found(until=40) == ["ack_missing"]

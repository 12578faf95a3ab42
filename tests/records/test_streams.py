"""TCP connections made up for a capture: tshark finds nothing missing, nothing twice, and none half open."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from simcarrier.records import streams as streaming
from simcarrier.records.packets import Segment, dissect
from simcarrier.records.pcap import FILE_HEAD, framed
from simcarrier.records.streams import Streams
from tests.records.capture_kit import ACK, AT, FORBIDDEN, INVITE, THEM, US, complaints, read, tshark

FLAWS = "tcp.analysis.flags || _ws.malformed || _ws.expert.severity == warning || _ws.expert.severity == error"


def capture(*packets: bytes) -> bytes:
    return FILE_HEAD + b"".join(framed(AT + number / 100, one) for number, one in enumerate(packets))


def a_call(streams: Streams, name: object, client: tuple[str, int] = US) -> list[bytes]:
    passed = [(client, THEM, INVITE), (THEM, client, FORBIDDEN), (client, THEM, ACK)]
    return list(chain.from_iterable(streams.packets(name, *message) for message in passed))


def test_a_call_from_the_handshake_to_the_end(tmp_path: Path) -> None:
    streams = Streams()
    path = tmp_path / "call.pcap"
    path.write_bytes(capture(*a_call(streams, 1), *streams.end(1)))
    shown = tshark(
        path, "-T", "fields", "-e", "tcp.srcport", "-e", "tcp.flags.str", "-e", "tcp.len", "-e", "sip.Method"
    )
    flags = [line.split("\t")[1].replace("·", "") for line in shown]
    assert flags == ["S", "AS", "A", "AP", "AP", "AP", "AF", "AF", "A"]
    assert shown[0].startswith("40001\t")
    assert tshark(path, "-Y", FLAWS) == []
    assert complaints(path) == []
    assert len(streams) == 0
    found, reader = read(path.read_bytes())
    assert [one.data for one in found] == [INVITE, FORBIDDEN, ACK]
    assert reader.not_sip == 0


def test_who_speaks_first_has_opened_it() -> None:
    first = next(iter(Streams().packets(1, THEM, US, INVITE)))
    opening = dissect(101, first)
    assert isinstance(opening, Segment)
    assert (opening.begins, opening.source) == (True, THEM)


def test_many_messages_one_way_fill_no_window(tmp_path: Path) -> None:
    streams = Streams()
    path = tmp_path / "one-way.pcap"
    packets = chain.from_iterable(streams.packets(1, US, THEM, INVITE) for _ in range(500))
    path.write_bytes(capture(*packets))
    assert tshark(path, "-Y", FLAWS) == []


def test_a_pair_of_ports_that_is_used_again_is_another_connection(tmp_path: Path) -> None:
    streams = Streams()
    path = tmp_path / "twice.pcap"
    path.write_bytes(capture(*a_call(streams, 1), *streams.end(1), *a_call(streams, 2), *streams.end_all()))
    assert len(set(tshark(path, "-T", "fields", "-e", "tcp.stream"))) == 2
    assert tshark(path, "-Y", f"({FLAWS}) && !tcp.analysis.reused_ports") == []
    assert len(tshark(path, "-Y", "sip")) == 6


def test_the_oldest_connection_is_closed_when_there_are_too_many() -> None:
    most = streaming.MOST_CONNECTIONS
    streams = Streams()
    for number in range(most + 10):
        list(streams.packets(number, ("192.0.2.1", 1000), THEM, b""))
    assert len(streams) == most
    assert list(streams.end(9)) == []
    assert len(list(streams.end(10))) == 3


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 90_000)), max_size=12))
def test_numbers_go_on_where_they_were(messages: list[tuple[bool, int]]) -> None:
    streams = Streams()
    packets = [
        one
        for there, length in messages
        for one in streams.packets(1, *((US, THEM) if there else (THEM, US)), b"x" * length)
    ]
    expected: dict[tuple[str, int], int] = {}
    total = 0
    for packet in [*packets, *streams.end_all()]:
        seen = dissect(101, packet)
        assert isinstance(seen, Segment)
        assert expected.get(seen.source, seen.sequence) == seen.sequence
        flags = packet[33]
        expected[seen.source] = (seen.sequence + len(seen.payload) + bool(flags & 3)) % 2**32
        total += len(seen.payload)
    assert total == sum(length for _, length in messages)

"""From a trunk's name to its addresses: without DNS where none is needed, and by NAPTR, SRV and A where it is."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import dns.asyncresolver
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from simcarrier.probe import resolve as resolving
from simcarrier.probe.resolve import MOST_TARGETS, Unresolved, known_here, resolve
from simcarrier.probe.target import Target, TrunkAddress
from simcarrier.sip.transport import Transport

ZONE = {
    ("carrier.example.", "NAPTR"): [
        '20 50 "s" "SIP+D2T" "" _sip._tcp.carrier.example.',
        '10 50 "s" "SIP+D2U" "" _sip._udp.carrier.example.',
        '5 50 "s" "E2U+email" "" mail.carrier.example.',
        '30 50 "u" "SIP+D2U" "" _sip._udp.elsewhere.example.',
    ],
    ("_sip._udp.carrier.example.", "SRV"): ["20 0 5080 c.carrier.example.", "10 60 5070 a.carrier.example."],
    ("_sip._tcp.carrier.example.", "SRV"): ["10 0 5090 b.carrier.example."],
    ("a.carrier.example.", "A"): ["192.0.2.1"],
    ("a.carrier.example.", "AAAA"): ["2001:db8::1"],
    ("b.carrier.example.", "A"): ["192.0.2.2"],
    ("c.carrier.example.", "A"): ["192.0.2.3"],
    ("carrier.example.", "A"): ["192.0.2.99"],
    # No NAPTR: SRV is asked for each transport.
    ("_sip._tcp.plain.example.", "SRV"): ["10 0 5060 b.carrier.example."],
    ("_sips._tcp.secure.example.", "SRV"): ["10 0 5061 b.carrier.example."],
    ("secure.example.", "A"): ["192.0.2.5"],
    # Neither: A alone.
    ("bare.example.", "A"): ["192.0.2.6", "192.0.2.7"],
    # Decidedly not there (RFC 2782), and a server that has no address.
    ("_sip._udp.closed.example.", "SRV"): ["0 0 0 ."],
    ("_sip._udp.broken.example.", "SRV"): ["0 0 5060 nowhere.example."],
    ("_sip._udp.many.example.", "SRV"): [f"0 1 {5060 + number} b.carrier.example." for number in range(50)],
}


class Server(asyncio.DatagramProtocol):
    """A DNS server on loopback, with what `ZONE` holds."""

    def __init__(self, deaf: bool = False) -> None:
        self.asked: list[tuple[str, str]] = []
        self._deaf = deaf

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        name, kind = question.name.to_text(), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        if self._deaf:
            return
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        found = ZONE.get((name, kind))
        if found:
            reply.answer.append(dns.rrset.from_text_list(question.name, 300, "IN", kind, found))
        elif not any(known == name for known, _ in ZONE):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        self._transport.sendto(reply.to_wire(), address)  # type: ignore[attr-defined]  # a DatagramTransport


async def asked(trunk: str, *, seed: int = 1, deaf: bool = False) -> tuple[list[str], Server]:
    """The targets of a trunk as text, and the server that was asked."""
    transport, server = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Server(deaf), local_addr=("127.0.0.1", 0)
    )
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.port = transport.get_extra_info("sockname")[1]
    try:
        found = await resolve(TrunkAddress.parse(trunk), Random(seed), resolver, Path("/nonexistent"))
    finally:
        transport.close()
    return [f"{target.transport.lower()}:{target.text}" for target in found], server


def targets(trunk: str, *, seed: int = 1) -> list[str]:
    return asyncio.run(asked(trunk, seed=seed))[0]


@pytest.mark.parametrize(
    ("trunk", "found"),
    [
        ("192.0.2.1", "udp:192.0.2.1:5060"),
        ("tcp:192.0.2.1", "tcp:192.0.2.1:5060"),
        ("tls:192.0.2.1", "tls:192.0.2.1:5061"),
        ("TLS:192.0.2.1:6000", "tls:192.0.2.1:6000"),
        ("udp:[2001:db8::1]:5070", "udp:[2001:db8::1]:5070"),
        ("[::1]", "udp:[::1]:5060"),
    ],
)
def test_an_address_needs_no_dns(trunk: str, found: str) -> None:
    told, server = asyncio.run(asked(trunk))
    assert told == [found]
    assert server.asked == []


def test_names_that_this_machine_knows(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text(
        "127.0.0.1 localhost\n192.0.2.8\tpbx.test PBX2 # the old one\n2001:db8::8 pbx.test\nnonsense pbx.test\n"
    )
    found = asyncio.run(resolve(TrunkAddress.parse("tls:pbx.test"), Random(1), None, hosts))
    assert found == (
        Target(Transport.TLS, ("192.0.2.8", 5061), "pbx.test"),
        Target(Transport.TLS, ("2001:db8::8", 5061), "pbx.test"),
    )
    assert known_here("pbx2", hosts) == ["192.0.2.8"]
    assert known_here("old", hosts) == []
    assert known_here("pbx.test", tmp_path / "none") == []


def test_localhost() -> None:
    found = asyncio.run(resolve(TrunkAddress.parse("udp:localhost:5070"), Random(1)))
    assert found
    assert {target.address[0] for target in found} <= {"127.0.0.1", "::1"}


def test_naptr_then_srv_then_addresses() -> None:
    assert targets("carrier.example") == [
        "udp:192.0.2.1:5070",
        "udp:[2001:db8::1]:5070",
        "udp:192.0.2.3:5080",
    ]
    assert targets("tcp:carrier.example") == ["tcp:192.0.2.2:5090"]


def test_srv_without_naptr() -> None:
    assert targets("plain.example") == ["tcp:192.0.2.2:5060"]
    assert targets("tls:secure.example") == ["tls:192.0.2.2:5061"]


def test_the_certificate_must_name_the_domain_asked_for() -> None:
    async def run() -> None:
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Server, local_addr=("127.0.0.1", 0))
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
        resolver.port = transport.get_extra_info("sockname")[1]
        (target,) = await resolve(TrunkAddress.parse("tls:secure.example"), Random(1), resolver)
        transport.close()
        assert target.server_name == "secure.example"

    asyncio.run(run())


def test_a_port_rules_out_srv() -> None:
    told, server = asyncio.run(asked("udp:carrier.example:5099"))
    assert told == ["udp:192.0.2.99:5099"]
    assert {kind for _, kind in server.asked} == {"A", "AAAA"}


def test_addresses_alone() -> None:
    assert sorted(targets("bare.example")) == ["udp:192.0.2.6:5060", "udp:192.0.2.7:5060"]


@pytest.mark.parametrize("trunk", ["nowhere.example", "closed.example", "broken.example", "udp:nowhere.example:5060"])
def test_nothing_is_found(trunk: str) -> None:
    with pytest.raises(Unresolved, match=r"example: the DNS knows no address"):
        targets(trunk)


def test_a_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolving, "TIMEOUT", 0.05)
    began = time.monotonic()
    with pytest.raises(Unresolved):
        asyncio.run(asked("carrier.example", deaf=True))
    assert time.monotonic() - began < 3


def test_not_more_targets_than_are_ever_tried() -> None:
    told, server = asyncio.run(asked("udp:many.example"))
    assert len(told) == MOST_TARGETS
    assert len(server.asked) < 30


class Record:
    """An SRV record, as far as the order needs it."""

    def __init__(self, name: str, priority: int, weight: int) -> None:
        self.name, self.priority, self.weight = name, priority, weight


def test_order_by_priority_then_by_chance_after_weight() -> None:
    records = [Record("a", 10, 90), Record("b", 10, 10), Record("c", 5, 0), Record("d", 20, 100)]
    rng = Random(7)
    orders = Counter("".join(one.name for one in resolving.in_order(records, rng)) for _ in range(1000))
    assert set(orders) == {"cabd", "cbad"}
    assert 850 < orders["cabd"] < 950


def test_the_same_seed_gives_the_same_order() -> None:
    records = [Record(str(number), 1, 1) for number in range(20)]
    first, again, other = ([one.name for one in resolving.in_order(records, Random(seed))] for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":5060",
        "udp:",
        "udp:a b",
        "udp:host:0",
        "udp:host:65536",
        "udp:host:x",
        "[::1",
        "udp:[::1]x",
        "a" * 64,
        "ü.de",
    ],
)
def test_what_is_no_trunk(text: str) -> None:
    with pytest.raises(ValueError, match="must be a trunk"):
        TrunkAddress.parse(text)


@pytest.mark.parametrize("text", ["udp:[::1]:5060", "sip.example.com", "tls:sip.example.com:5061", "tcp:127.0.0.1"])
def test_a_trunk_is_told_as_it_was_written(text: str) -> None:
    assert str(TrunkAddress.parse(text)) == text

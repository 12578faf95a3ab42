"""From a trunk's name to addresses: numeric hosts, this machine's names, NAPTR, SRV, A and AAAA (RFC 3263).

A trunk is written ``udp:sip.example.com``, ``tls:192.0.2.1:5061`` or ``sip.example.com``. A port rules out NAPTR and
SRV, an address rules out DNS. Where several servers are told, they are put in the order in which they are to be tried:
by priority, and among equals by chance after their weights (RFC 2782).
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from simcarrier.sip.transport import Transport

from .target import Target, TrunkAddress

if TYPE_CHECKING:
    from dns.asyncresolver import Resolver

TIMEOUT = 5.0
"""Seconds for one question to the DNS, its repetitions included."""

MOST_TARGETS = 8
"""Addresses tried for one call."""

HOSTS = Path("/etc/hosts")
"""What this machine knows of names without asking anybody."""

_SERVICES = {"SIP+D2U": Transport.UDP, "SIP+D2T": Transport.TCP, "SIPS+D2T": Transport.TLS}
_SRV = {Transport.UDP: "_sip._udp", Transport.TCP: "_sip._tcp", Transport.TLS: "_sips._tcp"}


class Unresolved(Exception):
    """No address was found; the text says for what, and why."""


async def resolve(
    trunk: TrunkAddress, rng: Random, resolver: Resolver | None = None, hosts: Path = HOSTS
) -> tuple[Target, ...]:
    """The addresses of a trunk, in the order in which they are to be tried.

    Args:
        trunk: as written.
        rng: chooses among servers of the same priority.
        resolver: asks the DNS; the system's if None.
        hosts: the file of the names that this machine knows.

    Raises:
        Unresolved: there are none.
    """
    transport = trunk.transport or Transport.UDP
    port = trunk.port or transport.default_port
    try:
        host = str(ipaddress.ip_address(trunk.host))
        return (Target(transport, (host, port)),)
    except ValueError:
        pass
    known = known_here(trunk.host, hosts)
    if known:
        return tuple(Target(transport, (address, port), trunk.host) for address in known[:MOST_TARGETS])
    if trunk.port is None and "." in trunk.host.rstrip("."):
        found = await _by_service(trunk, rng, resolver)
        if found:
            return tuple(found[:MOST_TARGETS])
    addresses = await _addresses(trunk.host, resolver)
    return tuple(Target(transport, (address, port), trunk.host) for address in addresses[:MOST_TARGETS])


def known_here(host: str, hosts: Path = HOSTS) -> list[str]:
    """The addresses that a file such as /etc/hosts has for a name, in its order; none if there are none."""
    try:
        lines = hosts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    found: list[str] = []
    for line in lines:
        address, *names = line.partition("#")[0].split() or [""]
        if host.lower().rstrip(".") in map(str.lower, names):
            try:
                found.append(str(ipaddress.ip_address(address.partition("%")[0])))
            except ValueError:
                continue
    return list(dict.fromkeys(found))


async def _by_service(trunk: TrunkAddress, rng: Random, resolver: Resolver | None) -> list[Target]:
    """By NAPTR and SRV; empty if the domain has none."""
    services: list[tuple[Transport, str]] = []
    for record in sorted(await _ask(trunk.host, "NAPTR", resolver), key=lambda one: (one.order, one.preference)):
        transport = _SERVICES.get(record.service.decode("ascii", "replace").upper())
        if transport is not None and record.flags.lower() == b"s" and trunk.transport in (None, transport):
            services.append((transport, record.replacement.to_text(omit_final_dot=True)))
    if not services:
        wanted = [trunk.transport] if trunk.transport is not None else [Transport.UDP, Transport.TCP, Transport.TLS]
        services = [(transport, f"{_SRV[transport]}.{trunk.host}") for transport in wanted]
    targets: list[Target] = []
    for transport, name in services:
        for record in in_order(await _ask(name, "SRV", resolver), rng)[:MOST_TARGETS]:
            server = record.target.to_text(omit_final_dot=True)
            if not server:
                continue  # a single dot: the service is decidedly not there (RFC 2782)
            try:
                addresses = await _addresses(server, resolver)
            except Unresolved:
                continue
            # The certificate must name the domain asked for, not the server that the DNS led to (RFC 5922).
            targets += [Target(transport, (address, record.port), trunk.host) for address in addresses]
        if targets:
            break
    return targets


def in_order(records: Iterable[Any], rng: Random) -> list[Any]:
    """SRV records by priority, and among equals by chance after their weights (RFC 2782)."""
    ordered: list[Any] = []
    kept = list(records)
    for priority in sorted({record.priority for record in kept}):
        left = [record for record in kept if record.priority == priority]
        while left:
            (chosen,) = rng.choices(left, weights=[record.weight + 0.01 for record in left])
            left.remove(chosen)
            ordered.append(chosen)
    return ordered


async def _addresses(host: str, resolver: Resolver | None) -> Sequence[str]:
    """A name's addresses: what this machine knows of it first, then A and AAAA."""
    if resolver is None:
        try:
            found = await asyncio.wait_for(
                asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_DGRAM), TIMEOUT
            )
        except (OSError, TimeoutError) as error:
            why = "no answer in time" if isinstance(error, TimeoutError) else error.strerror or str(error)
            raise Unresolved(f"{host}: {why}") from None
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))
    found_records = [*await _ask(host, "A", resolver), *await _ask(host, "AAAA", resolver)]
    if not found_records:
        raise Unresolved(f"{host}: the DNS knows no address")
    return [record.address for record in found_records]


async def _ask(name: str, kind: str, resolver: Resolver | None) -> Sequence[Any]:
    """The records of a name; none if there are none, or if nobody answers."""
    try:
        import dns.asyncresolver
        import dns.exception
    except ImportError:
        raise Unresolved(
            f"{name}: looking it up needs the package dnspython: pip install 'simcarrier[probe]', or name an IP address"
        ) from None

    try:
        asked = resolver or dns.asyncresolver.get_default_resolver()
        answer = await asked.resolve(name, kind, lifetime=TIMEOUT)
    except (dns.exception.DNSException, OSError):
        return ()  # no such name, no such record, nobody answers: the next way is tried
    return list(answer)

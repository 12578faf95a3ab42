"""Customers: who is calling, by credentials, address or domain, and whether they are registered.

A caller is looked for in this order: the digest user, if the call brings credentials (the `Door` has checked them
then); the address that it comes from, the most specific network first; the host in its From. Each is found by looking
it up, so that a call costs the same whether the carrier has one customer or a thousand.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from simcarrier.conditions import Condition
from simcarrier.scenario.business.customers import CustomerModel, RegistrationModel
from simcarrier.scenario.models import CarrierConfig
from simcarrier.sip.errors import Malformed
from simcarrier.sip.message import Request
from simcarrier.sip.registration import Bindings, Terms, current
from simcarrier.sip.uri import SipUri

from ..call import Call
from .accounts import Account
from .door import Access, Door
from .finding import Finding
from .tariffs import Tariff, tariffs
from .words import legible

if TYPE_CHECKING:
    from . import Check, World

KNOWN_SOURCES = 10_000
"""Addresses whose customer is remembered, some 200 bytes each; beyond that the memory is begun anew."""

_FROM_HOST = re.compile(
    r'(?>(?:[^"<]*+<)?)sips?:(?>(?:[^@<>"\s]*+@)?)(\[[0-9A-Fa-f:.]++\]|[A-Za-z0-9_.\-]++)(?=[;:?>\s]|\Z)'
)


class Registration:
    """A customer's registration.

    Attributes:
        required: whether calls are taken only while there is one.
        terms: what is granted.
        bindings: its contacts, those that have run out included.
        granted: seconds since the carrier's start for which it counts as registered without having asked.
    """

    __slots__ = ("bindings", "granted", "required", "terms")

    def __init__(self, model: RegistrationModel | None) -> None:
        written = model or RegistrationModel(required=False)
        self.required = written.required
        self.terms = Terms(int(written.min_expires), int(written.max_expires))
        self.granted = written.max_expires if written.starts == "active" else 0.0
        self.bindings: Bindings = ()

    def renew(self, bindings: Bindings) -> None:
        """Bindings by a REGISTER; from here on they alone count."""
        self.bindings = bindings
        self.granted = 0.0

    def lack(self, now: float, since_start: float) -> str | None:
        """Why there is no active registration; None if there is one.

        Args:
            now: seconds on the exchange's clock.
            since_start: the same moment in seconds since the carrier's start.
        """
        if since_start < self.granted:
            return None
        last = max((binding.expires_at for binding in self.bindings), default=None)
        if last is None:
            return f"ran out {since_start - self.granted:.1f} s ago" if self.granted else "is not there"
        if last > now:
            return None
        return f"ran out {now - last:.1f} s ago"


class Customer:
    """A customer of the carrier, and the state it is in.

    Attributes:
        name: as in the scenario.
        config: all that the scenario says of it.
        account: its money; None if calls cost it nothing.
        registration: its contacts, and whether it needs any.
    """

    def __init__(self, config: CustomerModel, known: dict[str, Tariff]) -> None:
        self.name = config.name
        self.config = config
        self.account = None if config.tariff is None else Account(known[config.tariff], config.balance)
        self.registration = Registration(config.registration)

    def contacts(self, now: float) -> Bindings:
        """Where it can be reached; ``now`` is seconds on the exchange's clock."""
        return current(self.registration.bindings, now)


class Customers:
    """All customers of a scenario.

    Attributes:
        all: in the order of the scenario.
        by_user: those with a digest user.
        counters: what came of credentials and registrations.
        door: asks for credentials; None if no customer has any.
        sources: what `identify` found out about addresses; bounded.
    """

    def __init__(self, config: CarrierConfig) -> None:
        known = tariffs(config.tariffs)
        self.all = tuple(Customer(entry, known) for entry in config.customers)
        self.counters = Access()
        self.by_user = {customer.config.user: customer for customer in self.all if customer.config.user is not None}
        self.door = Door(self) if self.by_user else None
        self._domains = {domain: customer for customer in self.all for domain in customer.config.domain}
        self._networks: dict[tuple[int, int], dict[int, Customer]] = {}
        for customer in self.all:
            for network in customer.config.source or ():
                same = self._networks.setdefault((network.version, network.prefixlen), {})
                same[int(network.network_address)] = customer
        self._lengths = sorted(self._networks, key=lambda key: -key[1])
        self.sources: dict[str, Customer | None] = {}

    def identify(self, invite: Request, host: str) -> Customer | None:
        """Whose call it is by the looks of it, credentials aside.

        Args:
            invite: the request.
            host: the address that it came from.
        """
        try:
            found = self.sources[host]
        except KeyError:
            found = self._find_source(host)
            if len(self.sources) >= KNOWN_SOURCES:
                self.sources.clear()
            self.sources[host] = found
        if found is None and self._domains:
            return self._domains.get(from_host(invite))
        return found

    def _find_source(self, host: str) -> Customer | None:
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return None
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        number = int(address)
        for version, length in self._lengths:
            if version == address.version:
                unused = address.max_prefixlen - length
                found = self._networks[version, length].get(number >> unused << unused)
                if found is not None:
                    return found
        return None


def from_host(request: Request) -> str:
    """The host in a request's From, in lower case without brackets; empty if there is none or it can't be read."""
    value = request.get("from") or ""
    quick = _FROM_HOST.match(value)
    if quick is not None:
        return quick[1].strip("[]").lower()
    try:
        uri = request.from_.uri
    except Malformed:
        return ""
    return uri.host if isinstance(uri, SipUri) else ""


class Known:
    """Finds out who is calling, and that they may call at all."""

    def __init__(self, customers: Customers) -> None:
        self._customers = customers
        self._by_domain = any(customer.config.domain for customer in customers.all)

    def examine(self, call: Call, now: float) -> Finding | None:
        """Wrong credentials, nobody's call, or no registration."""
        customer = call.customer
        if customer is None:
            customers = self._customers
            found = None if customers.door is None else customers.door.finding_for(call.invite)
            if found is not None:
                return found
            host = call.session.peer[0]
            customer = customers.sources.get(host) or customers.identify(call.invite, host)
            call.customer = customer
            if customer is None:
                domain = f", From domain {legible(from_host(call.invite)) or 'missing'}" if self._by_domain else ""
                return Finding(Condition.NOT_A_CUSTOMER, f"nobody's address {host}{domain}")
        registration = customer.registration
        if registration.required:
            lack = registration.lack(call.received, now)
            if lack is not None:
                return Finding(Condition.REGISTRATION_INACTIVE, f"the registration of {customer.name} {lack}")
        return None


def check(config: CarrierConfig, world: World) -> Check | None:
    """The check that the caller is a customer, with the right password, and registered."""
    return Known(world.customers) if config.customers else None

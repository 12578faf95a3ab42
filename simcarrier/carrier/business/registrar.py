"""The registrar: takes REGISTERs, and keeps where customers can be reached (RFC 3261 section 10.3).

Who registers must have proven who it is; the rules for contacts are `simcarrier.sip.registration`'s. What is kept
belongs to the customer, and a customer keeps few contacts, so it is bounded by the scenario.
"""

from __future__ import annotations

from typing import NamedTuple

from simcarrier.sip.check import Refusal
from simcarrier.sip.errors import Malformed
from simcarrier.sip.message import Request
from simcarrier.sip.registration import contact_lines, update

from .customers import Customers
from .door import Door


class Answer(NamedTuple):
    """The response to a REGISTER: status, phrase, header lines with their CRLF; if granted, whose, with how many
    contacts.
    """

    status: int
    phrase: str | None
    lines: str
    customer: str = ""
    contacts: int = 0


class Registrar:
    """Grants registrations.

    Args:
        customers: those of the scenario.
        door: knows who is who.
    """

    def __init__(self, customers: Customers, door: Door) -> None:
        self._customers = customers
        self._door = door

    def register(self, request: Request, now: float) -> Answer:
        """Answer a REGISTER.

        Args:
            request: out of any dialog.
            now: seconds on the exchange's clock.
        """
        admitted = self._door.admit_registration(request, now)
        customer = admitted.customer
        if customer is None:
            return _as_answer(admitted.challenge or Refusal(403))
        registration = customer.registration
        owner = self._customers.by_user.get(_address_of_record(request), customer)
        made = update(registration.bindings, request, registration.terms, now) if owner is customer else Refusal(403)
        if isinstance(made, Refusal):
            self._customers.counters.refused_registrations += 1
            return _as_answer(made)
        self._customers.counters.registrations += 1
        if request.get("contact") is not None:
            registration.renew(made)
        contacts = customer.contacts(now)
        return Answer(200, None, contact_lines(contacts, now), customer.name, len(contacts))


def _as_answer(refusal: Refusal) -> Answer:
    return Answer(refusal.status, refusal.phrase, refusal.extra)


def _address_of_record(request: Request) -> str:
    """The user that is registered, by To. One that is nobody's user may be a telephone number of the customer's."""
    try:
        return request.to.uri.user or ""
    except Malformed:
        return ""

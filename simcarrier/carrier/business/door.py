"""The door: who wants in, and can they prove it? Digest authentication of calls and registrations.

A customer with a digest user is challenged before there is a call: 407, or 401 if the scenario says so, which costs no
memory and stands in no journal. With the right password the call is that customer's, from wherever it comes. With a
wrong one it is a call, and what happens to it is *credentials_wrong*, for the dialect to say. An old nonce, or one that
was used up, gets a new challenge marked stale. ACK, CANCEL and requests within a dialog are never challenged (RFC 3261
section 22.1).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, NamedTuple

from simcarrier.conditions import Condition
from simcarrier.sip.check import Refusal
from simcarrier.sip.digest import Algorithm, Credentials, DigestServer, Outcome, Secret
from simcarrier.sip.errors import Malformed
from simcarrier.sip.message import Request

from ..challenge import CHALLENGE, challenge_lines
from .finding import Finding
from .words import legible

if TYPE_CHECKING:
    from .customers import Customer, Customers

MOST_FIELDS = 8
"""Credentials looked at in one request: a client answers the realms on its way, and those are few."""


@dataclass(slots=True)
class Access:
    """What came of credentials and registrations, in requests since the start."""

    challenged: int = 0
    """Requests that brought no credentials of ours, and were asked for them."""
    stale: int = 0
    """Right ones with an old nonce: asked again."""
    replayed: int = 0
    """Right ones that had been used before: asked again."""
    wrong: int = 0
    """A wrong password, or none that can be read."""
    unknown_users: int = 0
    """A user that there is not."""
    registrations: int = 0
    """REGISTERs that were granted."""
    refused_registrations: int = 0
    """REGISTERs with the right password that were not granted, by 403, 423, 400 or 500."""

    def as_dict(self) -> dict[str, int]:
        """Names and figures."""
        return {entry.name: getattr(self, entry.name) for entry in fields(self)}


class Admission(NamedTuple):
    """What the door says of a request.

    Attributes:
        customer: who it is, with the password proven where there is one.
        challenge: the response that asks for credentials; the request goes no further.
        finding: what is wrong with the credentials that it brought.
    """

    customer: Customer | None = None
    challenge: Refusal | None = None
    finding: Finding | None = None


NOBODY = Admission()


class Door:
    """Asks for credentials and judges them.

    Args:
        customers: those of the scenario.
    """

    def __init__(self, customers: Customers) -> None:
        self._customers = customers
        self._counters = customers.counters
        self._users = customers.by_user
        # Nonces are sealed with what nobody can guess; it decides on nothing that a seed should repeat.
        secret = os.urandom(32)
        # One server for each realm and list of algorithms, so that no two customers' nonces are the same.
        servers: dict[tuple[str, tuple[Algorithm, ...]], DigestServer] = {}
        self._servers: dict[str, DigestServer] = {}
        self._secrets: dict[str, Secret] = {}
        for user, customer in self._users.items():
            config = customer.config
            key = config.realm, config.algorithms
            self._servers[user] = servers.setdefault(key, DigestServer(config.realm, secret, config.algorithms))
            hashes = {
                algorithm.base: algorithm.digest(user, config.realm, config.secret or "")
                for algorithm in config.algorithms
            }
            self._secrets[user] = Secret(hashes=hashes)
        self._realms = {realm: server for (realm, _), server in reversed(servers.items())}
        self._first = next(iter(self._users.values()))
        self._refused: tuple[Request, Finding] | None = None

    def admit(self, invite: Request, host: str, now: float) -> Admission:
        """Look at an INVITE before there is a call.

        Args:
            invite: the request.
            host: the address that it came from.
            now: seconds on the exchange's clock.

        Returns:
            The customer, a challenge, or neither: then the call is made, and `finding_for` tells what is wrong with it.
        """
        judged = self._judge(invite, now, None)
        if judged is None:
            customer = self._customers.identify(invite, host)
            if customer is not None and customer.config.user is None:
                return Admission(customer)
            self._counters.challenged += 1
            return Admission(challenge=self._challenge(customer or self._asked_for(invite.from_user), None, now))
        if judged.finding is not None:
            self._refused = invite, judged.finding
        return judged

    def admit_registration(self, request: Request, now: float) -> Admission:
        """Look at a REGISTER: the customer, or a challenge, which is always 401 (RFC 3261 section 22.2)."""
        judged = self._judge(request, now, 401)
        if judged is None:
            self._counters.challenged += 1
            return Admission(challenge=self._challenge(self._asked_for(request.from_user), 401, now))
        if judged.finding is not None:
            # A client must not try again what was just refused, so asking once more makes no loop (section 22.3).
            return Admission(challenge=self._challenge(self._asked_for(request.from_user), 401, now))
        return judged

    def finding_for(self, invite: Request) -> Finding | None:
        """What was wrong with the credentials of an INVITE that has just been admitted."""
        refused, self._refused = self._refused, None
        return refused[1] if refused is not None and refused[0] is invite else None

    def _asked_for(self, user: str) -> Customer:
        """Whose challenge a stranger gets: that of the user in From, else of the first customer with a user."""
        return self._users.get(user, self._first)

    def _challenge(self, customer: Customer, status: int | None, now: float, *, stale: bool = False) -> Refusal:
        status = status or customer.config.challenge
        server = self._servers[customer.config.user or ""]
        return Refusal(status, extra=challenge_lines(status, server.challenges(now, stale)))

    def _judge(self, request: Request, now: float, status: int | None) -> Admission | None:
        """What the request's credentials for a realm of ours are worth; None if it has none."""
        found = self._credentials(request)
        if found is None:
            return None
        value, credentials = found
        if credentials is None:
            self._counters.wrong += 1
            return self._wrong(self._first, "credentials that can't be read", now)
        user = credentials.username
        customer = self._users.get(user)
        server = self._realms[credentials.realm] if customer is None else self._servers[user]
        verdict = server.verify(value, method=request.method, body=request.body, lookup=self._secrets.get, now=now)
        outcome = verdict.outcome
        if outcome is Outcome.OK:
            return Admission(customer)
        if customer is None:
            self._counters.unknown_users += 1
            return self._wrong(self._first, f"no user {legible(user)}", now)
        if outcome in (Outcome.STALE, Outcome.REPLAYED):
            if outcome is Outcome.STALE:
                self._counters.stale += 1
            else:
                self._counters.replayed += 1
            return Admission(challenge=self._challenge(customer, status, now, stale=True))
        self._counters.wrong += 1
        what = "wrong password" if outcome is Outcome.WRONG else "credentials that were not asked for"
        return self._wrong(customer, f"user {legible(user)}, {what}", now)

    def _wrong(self, customer: Customer, why: str, now: float) -> Admission:
        challenges = self._servers[customer.config.user or ""].challenges(now)
        return Admission(finding=Finding(Condition.CREDENTIALS_WRONG, why, {CHALLENGE: "\n".join(challenges)}))

    def _credentials(self, request: Request) -> tuple[str, Credentials | None] | None:
        """The first Digest credentials for a realm of ours, as text and read; unread ones if there are no others."""
        unread: tuple[str, None] | None = None
        for name in ("proxy-authorization", "authorization"):
            for value in request.get_all(name)[:MOST_FIELDS]:
                if value[:7].lower() != "digest ":
                    continue
                try:
                    credentials = Credentials.parse(value)
                except Malformed:
                    unread = value, None
                    continue
                if credentials.realm in self._realms:
                    return value, credentials
        return unread

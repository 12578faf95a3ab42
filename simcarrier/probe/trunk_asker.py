"""Asking the trunk itself: OPTIONS (RFC 3261 section 11) and REGISTER, without a call. Sans-IO.

Both are sent to the trunk's first address, answer one challenge, and come back as an observation without a called
number: only the final response is in it, none if none came in time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from simcarrier.records.observation import Observation, Outcome, Seen, telling
from simcarrier.sip.agent import UserAgent, new_call_id
from simcarrier.sip.authentication import CHALLENGES, Authenticator
from simcarrier.sip.message import Response, make_request
from simcarrier.sip.repeater import Alarm
from simcarrier.sip.transaction import ClientTransaction, new_tag
from simcarrier.sip.transport import Channel

from .campaign import Wanted
from .invite import domain_of
from .plan import Plan
from .registration import Registration
from .target import Target

Answered = Callable[[Observation, float], None]
"""Told of what came, and when."""


class TrunkAsker:
    """Sends requests to trunks, one at a time.

    Args:
        plan: has the trunks.
        agent: the user agent.
        targets: the addresses of each trunk.
        credentials: user and password of each trunk; None for none.
        open_channel: gives the channel to a target.
        wall_offset: what to add to ``now`` to have seconds since 1970.
    """

    def __init__(
        self,
        plan: Plan,
        agent: UserAgent,
        targets: Mapping[str, tuple[Target, ...]],
        credentials: Mapping[str, tuple[str, str] | None],
        open_channel: Callable[[Target], Channel],
        wall_offset: float = 0.0,
    ) -> None:
        self._plan = plan
        self._agent = agent
        self._targets = targets
        self._credentials = credentials
        self._open_channel = open_channel
        self._wall_offset = wall_offset
        self._open: _Options | _Register | None = None

    def options(self, about: Wanted, answered: Answered, now: float) -> None:
        """Send OPTIONS to the trunk of a call."""
        self._send(_Options, about, answered, now)

    def register(self, about: Wanted, answered: Answered, now: float) -> None:
        """Register with the trunk of a call, until `close`."""
        self._send(_Register, about, answered, now)

    def close(self, now: float) -> None:
        """Wait for no answer any more; a registration is withdrawn."""
        asked, self._open = self._open, None
        if asked is not None:
            asked.close(now)

    def _send(self, kind: type[_Options | _Register], about: Wanted, answered: Answered, now: float) -> None:
        self.close(now)
        seen = Observation(about.number, about.trunk, "", "", "", "", started=now + self._wall_offset)
        seen.outcome = Outcome.SILENT
        target = next(iter(self._targets.get(about.trunk, ())), None)
        if target is None:
            seen.outcome = Outcome.UNRESOLVED
            answered(seen, now)
            return
        seen.transport, seen.remote = target.transport.value, target.text
        seen.targets.append(target.text)
        try:
            channel = self._open_channel(target)
        except OSError as error:
            seen.outcome, seen.trouble = Outcome.TRANSPORT_FAILED, f"{target.text}: {error.strerror or error}"
            answered(seen, now)
            return
        domain = domain_of(self._plan.trunks[about.trunk])
        way = _Way(self._agent, domain, about.caller, self._credentials.get(about.trunk), channel, target)
        self._open = asked = kind(way, seen)
        asked.send(answered, self._plan.no_response, now)


class _Way(NamedTuple):
    """From whom, to whom and how a request goes; user and password, if there are any."""

    agent: UserAgent
    domain: str
    caller: str
    credentials: tuple[str, str] | None
    channel: Channel
    target: Target


class _Noted:
    """What an answer becomes: told once, with the final response if there was one."""

    def __init__(self, seen: Observation) -> None:
        self.seen = seen
        self._answered: Answered | None = None
        self._began = 0.0
        self._alarm: Alarm | None = None

    def begin(self, agent: UserAgent, answered: Answered, within: float, now: float) -> None:
        self._answered = answered
        self._began = now
        self._alarm = Alarm(agent.endpoint.timers, now + within, self.over)

    def came(self, response: Response, now: float) -> None:
        seen = Seen(now - self._began, response.status, response.phrase, telling(response.fields()))
        if self.seen.final is not None:
            self.seen.earlier.append(self.seen.final)  # a challenge that was answered
        self.seen.final = seen

    def over(self, now: float) -> None:
        answered = self.stop()
        if answered is not None:
            final = self.seen.final
            if final is not None:
                self.seen.outcome = Outcome.ANSWERED if final.code < 300 else Outcome.REFUSED
            self.seen.ended = now - self._began
            answered(self.seen, now)

    def stop(self) -> Answered | None:
        answered, self._answered = self._answered, None
        if self._alarm is not None:
            self._alarm.stop()
            self._alarm = None
        return answered


class _Options:
    """One OPTIONS, with credentials if it is asked for them."""

    def __init__(self, way: _Way, seen: Observation) -> None:
        self._agent = way.agent
        self._uri = f"sip:{way.domain}"
        self._from = f"<sip:{way.caller}@{way.domain}>;tag={new_tag()}"
        self._channel = way.channel
        self._target = way.target
        self._authenticator = None if way.credentials is None else Authenticator(*way.credentials)
        self._call_id = new_call_id()
        self._seq = 0
        self._noted = _Noted(seen)

    def send(self, answered: Answered, within: float, now: float) -> None:
        self._noted.seen.call_id = self._call_id
        self._noted.begin(self._agent, answered, within, now)
        self._request([], now)

    def close(self, now: float) -> None:
        self._noted.stop()

    def _request(self, more: list[tuple[str, str]], now: float) -> None:
        self._seq += 1
        agent, peer = self._agent, self._target.address
        fields = [
            ("Via", agent.new_via(self._channel, peer)),
            ("Max-Forwards", "70"),
            ("From", self._from),
            ("To", f"<{self._uri}>"),
            ("Call-ID", self._call_id),
            ("CSeq", f"{self._seq} OPTIONS"),
            ("Accept", "application/sdp"),
            *more,
        ]
        if agent.name:
            fields.append(("User-Agent", agent.name))
        agent.endpoint.send_request(make_request("OPTIONS", self._uri, fields), peer, self._channel, self, now)

    # ClientUser

    def response_received(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        """A response to the OPTIONS."""
        if response.status < 200:
            return
        self._noted.came(response, now)
        fields = None
        if response.status in CHALLENGES and self._authenticator is not None:
            fields = self._authenticator.answer(response, method="OPTIONS", uri=self._uri)
        if fields is None:
            self._noted.over(now)
        else:
            self._request(fields, now)

    def timed_out(self, transaction: ClientTransaction, now: float) -> None:
        """No response."""
        self._noted.over(now)

    def transport_failed(self, transaction: ClientTransaction, now: float) -> None:
        """It could not be sent."""
        self._noted.seen.trouble = "the OPTIONS could not be sent"
        self._noted.over(now)


class _Register(Registration):
    """A registration whose responses are noted."""

    def __init__(self, way: _Way, seen: Observation) -> None:
        username, password = way.credentials or ("", "")
        super().__init__(way.agent, way.domain, username, password, way.channel, way.target, self._settle)
        self._noted = _Noted(seen)
        self._now = 0.0
        self._closed = False

    def send(self, answered: Answered, within: float, now: float) -> None:
        self._now = now
        self._noted.begin(self._agent, answered, within, now)
        self.register(now)

    def close(self, now: float) -> None:
        self._noted.stop()
        self._closed = True
        self.withdraw(now)

    def response_received(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        """A response to a REGISTER."""
        self._now = now
        if response.status >= 200:
            self._noted.came(response, now)
        super().response_received(transaction, response, now)
        if self._closed and self.active and not self._withdrawing:
            self.withdraw(now)  # granted when nobody wanted it any more

    def timed_out(self, transaction: ClientTransaction, now: float) -> None:
        """No response."""
        self._now = now
        super().timed_out(transaction, now)

    def transport_failed(self, transaction: ClientTransaction, now: float) -> None:
        """It could not be sent."""
        self._now = now
        super().transport_failed(transaction, now)

    def _settle(self, why: str | None) -> None:
        self._noted.over(self._now)

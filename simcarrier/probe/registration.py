"""Registering with a trunk before calling, and staying so (RFC 3261 section 10.2). Sans-IO.

REGISTER, answered challenges, 423 obeyed once, refreshed when half of what was granted has passed, and withdrawn at
the end.
"""

from __future__ import annotations

from collections.abc import Callable

from simcarrier.sip.agent import UserAgent, new_call_id
from simcarrier.sip.authentication import CHALLENGES, Authenticator
from simcarrier.sip.message import Response, make_request
from simcarrier.sip.repeater import Alarm
from simcarrier.sip.transaction import ClientTransaction, new_tag
from simcarrier.sip.transport import Channel, host_for_uri

from .target import Target

ASKED = 300
"""Seconds asked for: short enough that a probe which dies is forgotten soon."""

LONGEST = 86_400
AGAIN = 30.0
"""Seconds after which a refresh that failed is tried again."""


class Registration:
    """A registration with one trunk.

    Args:
        agent: the user agent.
        domain: the registrar's domain.
        username, password: the credentials.
        channel, target: the way there.
        settled: told when the first attempt has succeeded (None) or failed (why, in words).

    Attributes:
        active: the registrar has us.
    """

    def __init__(
        self,
        agent: UserAgent,
        domain: str,
        username: str,
        password: str,
        channel: Channel,
        target: Target,
        settled: Callable[[str | None], None],
    ) -> None:
        self.active = False
        self._agent = agent
        self._domain = domain
        self._user = username
        self._password = password
        self._channel = channel
        self._target = target
        self._settled: Callable[[str | None], None] | None = settled
        self._call_id = new_call_id()
        self._tag = new_tag()
        self._seq = 0
        self._expires = ASKED
        self._authenticator = Authenticator(username, password)
        self._fields: list[tuple[str, str]] = []
        self._too_brief = False
        self._alarm: Alarm | None = None
        self._withdrawing = False

    @property
    def _uri(self) -> str:
        return f"sip:{self._domain}"

    def register(self, now: float) -> None:
        """Register, or refresh the registration."""
        self._authenticator = Authenticator(self._user, self._password)
        self._send(now)

    def withdraw(self, now: float) -> None:
        """Take the registration back; nothing is told of it any more."""
        self._stop()
        if self.active:
            self._withdrawing = True
            self._expires = 0
            self.register(now)

    def _send(self, now: float) -> None:
        self._seq += 1
        agent, peer = self._agent, self._target.address
        host, port = agent.reachable_at(self._channel, peer)
        transport = f";transport={self._channel.transport.lower()}" if self._channel.reliable else ""
        address = f"<sip:{self._user}@{self._domain}>"
        fields = [
            ("Via", agent.new_via(self._channel, peer)),
            ("Max-Forwards", "70"),
            ("From", f"{address};tag={self._tag}"),
            ("To", address),
            ("Call-ID", self._call_id),
            ("CSeq", f"{self._seq} REGISTER"),
            ("Contact", f"<sip:{self._user}@{host_for_uri(host)}:{port}{transport}>"),
            ("Expires", str(self._expires)),
            *self._fields,
        ]
        if agent.name:
            fields.append(("User-Agent", agent.name))
        agent.endpoint.send_request(make_request("REGISTER", self._uri, fields), peer, self._channel, self, now)

    # ClientUser

    def response_received(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        """A response to the REGISTER."""
        status = response.status
        if status < 200:
            return
        if status < 300:
            self._granted(response, now)
        elif status in CHALLENGES:
            fields = self._authenticator.answer(response, method="REGISTER", uri=self._uri)
            if fields is None:
                self._failed(f"the registrar refuses the credentials of {self._user}", now)
            else:
                self._fields = fields
                self._send(now)
        elif status == 423 and not self._too_brief:
            self._too_brief = True
            least = response.get("min-expires") or ""
            if least.isascii() and least.isdecimal() and len(least) < 8 and self._expires:
                self._expires = min(max(int(least), ASKED), LONGEST)
                self._send(now)
            else:
                self._failed("the registrar finds the registration too brief and does not say why", now)
        else:
            self._failed(f"the registrar says {status} {response.phrase}", now)

    def timed_out(self, transaction: ClientTransaction, now: float) -> None:
        """No response."""
        self._failed("the registrar does not answer", now)

    def transport_failed(self, transaction: ClientTransaction, now: float) -> None:
        """It could not be sent."""
        self._failed("the registrar can't be reached", now)

    def unreachable(self, why: str, now: float) -> None:
        """There is no connection to send it on."""
        self._failed(f"the registrar can't be reached{why and ': '}{why}", now)

    def _granted(self, response: Response, now: float) -> None:
        self.active = not self._withdrawing
        if self._withdrawing:
            return
        granted = self._granted_seconds(response)
        self._stop()
        self._alarm = Alarm(self._agent.endpoint.timers, now + max(granted / 2, 1.0), self.register)
        self._tell(None)

    def _granted_seconds(self, response: Response) -> float:
        contact = response.contact
        said = None if contact is None else contact.params.get("expires")
        text = (said or response.get("expires") or str(self._expires)).strip()
        return float(min(int(text), LONGEST)) if text.isascii() and text.isdecimal() and len(text) < 12 else ASKED

    def _failed(self, why: str, now: float) -> None:
        self.active = False
        if not self._withdrawing:
            self._stop()
            self._alarm = Alarm(self._agent.endpoint.timers, now + AGAIN, self.register)
        self._tell(why)

    def _tell(self, why: str | None) -> None:
        settled, self._settled = self._settled, None
        if settled is not None:
            settled(why)

    def _stop(self) -> None:
        if self._alarm is not None:
            self._alarm.stop()
            self._alarm = None

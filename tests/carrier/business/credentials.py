"""What the tests of customers share: a client that registers and answers challenges."""

from __future__ import annotations

from simcarrier.sip.digest import Challenge, authorize, choose
from simcarrier.sip.message import Response
from simcarrier.testing import CallOut
from simcarrier.testing.phone import Peer
from tests.carrier.kit import Exchange


def challenge_in(response: Response) -> Challenge:
    """The topmost challenge of a 401 or 407."""
    found = choose(response.get_all("www-authenticate" if response.status == 401 else "proxy-authenticate"))
    assert found is not None, response.head
    return found


def credentials(
    challenge: Challenge, user: str = "alice", password: str = "secret", method: str = "INVITE", count: int = 1
) -> tuple[str, str]:
    """The header field that answers a challenge of a proxy's."""
    value = authorize(
        challenge,
        username=user,
        password=password,
        method=method,
        uri="sip:carrier.example",
        cnonce="c0ffee",
        nonce_count=count,
    )
    return ("Proxy-Authorization" if method == "INVITE" else "Authorization"), value


def call_with_password(
    carrier: Exchange, user: str = "alice", password: str = "secret", to: str = "+4930123456", caller: str = "+4940999"
) -> CallOut:
    """Call, be challenged, and call again with credentials; nothing has arrived of that yet."""
    asked = carrier.dial(to, caller)
    carrier.wire.run(0.1)
    assert asked.codes[-1] in (401, 407), asked.codes
    return carrier.dial(to, caller, [credentials(challenge_in(asked.responses[-1]), user, password)])


class Gateway:
    """A client that registers.

    Args:
        carrier: where.
        host: its address.
        user, password: its credentials.
    """

    def __init__(
        self, carrier: Exchange, host: str = "10.0.0.7", user: str = "alice", password: str = "secret"
    ) -> None:
        self.carrier = carrier
        self.peer = Peer(carrier.wire, host, name="gateway")
        self.user = user
        self.password = password
        self.call_id = "registration"
        self.cseq = 0
        self.challenge: Challenge | None = None
        self.count = 0

    def send(self, *fields: str, authorization: str | None = None, cseq: int | None = None, to: str = "") -> Response:
        """Send a REGISTER and give its response."""
        if cseq is None:
            self.cseq = cseq = self.cseq + 1
        host = self.peer.channel.local[0]
        lines = [
            "REGISTER sip:carrier.example SIP/2.0",
            f"Via: SIP/2.0/UDP {host}:5060;branch=z9hG4bK{self.call_id}{len(self.peer.received)}{self.cseq}",
            f"From: <sip:{self.user}@carrier.example>;tag=1",
            f"To: <sip:{to or self.user}@carrier.example>",
            f"Call-ID: {self.call_id}",
            f"CSeq: {cseq} REGISTER",
            *([] if authorization is None else [f"Authorization: {authorization}"]),
            *fields,
        ]
        before = len(self.peer.received)
        self.peer.send("\n".join(lines), self.carrier.channel.local)
        self.carrier.wire.run(0.1)
        (response,) = self.peer.received[before:]
        assert isinstance(response, Response)
        return response

    def authorization(self) -> str:
        """Credentials for the next request, for the challenge that came last."""
        assert self.challenge is not None
        self.count += 1
        return credentials(self.challenge, self.user, self.password, "REGISTER", self.count)[1]

    def register(self, *fields: str, cseq: int | None = None, to: str = "") -> Response:
        """Send a REGISTER with credentials, and be challenged before if need be."""
        if self.challenge is None:
            asked = self.send()
            assert asked.status == 401
            self.challenge, self.count = challenge_in(asked), 0
        return self.send(*fields, authorization=self.authorization(), cseq=cseq, to=to)

    def bind(self, expires: int = 60, host: str = "") -> Response:
        """Register a contact."""
        contact = f"<sip:gw@{host or self.peer.channel.local[0]}:5060>"
        return self.register(f"Contact: {contact};expires={expires}")

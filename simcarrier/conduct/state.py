"""What is remembered of a call: its transactions, its dialogs, and what the carrier has asked and said.

Everything is seen from the carrier's side: a transaction is a request of the caller's with the responses that the
carrier sent, a question is a request of the carrier's own. All of it is bounded; a call in which a bound was met is
`partial`, and then nothing is concluded from what is missing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from simcarrier.sip.dialog import contact_uri
from simcarrier.sip.message import Request, Response
from simcarrier.sip.transport import Address, Channel

MOST_TRANSACTIONS = 64
"""In one call. Real calls have a handful; a session refreshed for a day has more, and loses the oldest."""

MOST_TIMES = 32
"""Times kept of one message: RFC 3261 sends nothing more often than a dozen times."""

MOST_TAGS = 16
"""Dialogs in one call: a forking network makes a few."""


@dataclass(slots=True)
class Heard:
    """A message, and how it passed.

    Attributes:
        message: the message.
        channel: where it passed.
        peer: the other side's address.
        at: when, seconds.
    """

    message: Request | Response
    channel: Channel
    peer: Address
    at: float


@dataclass(slots=True)
class Sent:
    """A response that the carrier sent to a request.

    Attributes:
        status: its code.
        at: when, seconds.
        tag: of its To.
        rseq: its RSeq, if it was sent reliably (RFC 3262); else empty.
        sdp: its session description, if it has one.
    """

    status: int
    at: float
    tag: str
    rseq: str
    sdp: bytes


class Transaction:
    """A request of the caller's and what came of it.

    Attributes:
        heard: its first copy.
        request: the same as a message.
        number: of CSeq.
        key: branch and sent-by.
        direct: no proxy is in between: it has a single Via.
        copies: how often it was heard.
        times: when it was heard, oldest first.
        sent: the responses to it.
        acked: when the first ACK to its final response was heard.
        given_up: when the first CANCEL for it was heard, or the first PRACK: either shows that the caller has heard a
            provisional response.
        pracked: the RSeq numbers that PRACKs have named.
        body: its session description, if it has one.
        route: its Route values.
    """

    __slots__ = (
        "acked",
        "body",
        "copies",
        "direct",
        "given_up",
        "heard",
        "key",
        "number",
        "pracked",
        "request",
        "route",
        "sent",
        "times",
    )

    def __init__(self, heard: Heard, request: Request, number: int, key: str, *, direct: bool) -> None:
        self.heard = heard
        self.request = request
        self.number = number
        self.key = key
        self.direct = direct
        self.copies = 1
        self.times = [heard.at]
        self.sent: list[Sent] = []
        self.acked: float | None = None
        self.given_up: float | None = None
        self.pracked: set[str] = set()
        self.body = b""
        self.route: list[str] = []

    @property
    def method(self) -> str:
        """The request's method."""
        return self.request.method

    @property
    def began(self) -> float:
        """When it was heard first."""
        return self.times[0]

    @property
    def reliable(self) -> bool:
        """It came by a transport that loses nothing."""
        return self.heard.channel.reliable

    @property
    def final(self) -> Sent | None:
        """The first final response."""
        return next((sent for sent in self.sent if sent.status >= 200), None)

    @property
    def answered(self) -> bool:
        """A 2xx was sent."""
        return any(200 <= sent.status < 300 for sent in self.sent)

    def sent_in(self, after: float, until: float) -> int:
        """How many responses were sent in that time."""
        return sum(after <= sent.at <= until for sent in self.sent)


@dataclass(slots=True)
class Question:
    """A request of the carrier's own.

    Attributes:
        request: the request.
        channel: where it went.
        times: when it was sent.
        answered: when its final response was heard.
    """

    request: Request
    channel: Channel
    times: list[float]
    answered: float | None = None


@dataclass(slots=True)
class DialogSeen:
    """A dialog that the carrier's response with that tag has made.

    Attributes:
        tag: the carrier's.
        invite: the INVITE that made it.
        targets: every Contact URI that the carrier has named in it, as text.
        numbers: CSeq numbers used in it by the caller, with method and key.
        highest: the highest of them that came over a stream, with the channel.
        description: the caller's last session description in it.
        over: a BYE has passed, in either direction.
    """

    tag: str
    invite: Transaction
    targets: set[str] = field(default_factory=set)
    numbers: dict[int, tuple[str, str]] = field(default_factory=dict)
    highest: tuple[int, Channel] | None = None
    description: bytes = b""
    over: bool = False


class Call:
    """All that has one Call-ID.

    Attributes:
        call_id: the Call-ID.
        began, last: when its first and its last message passed.
        source: the caller's host.
        partial: not all of it was seen, or not all is remembered.
        counted: it has an INVITE, and so is one of the calls that were asked for.
        transactions: the caller's requests but for ACK and CANCEL, by key and method.
        cancels: keys of the CANCELs heard.
        dialogs: by the carrier's tag.
        tags: every tag that the carrier has given itself.
        questions: the carrier's own requests by branch and method.
        refused: how often credentials were refused though their nonce was not stale, by user and realm.
        stale: nonces that were refused as stale, with the CSeq number of the request.
        told: rules and methods that were told already.
    """

    __slots__ = (
        "began",
        "call_id",
        "cancels",
        "counted",
        "dialogs",
        "last",
        "partial",
        "questions",
        "refused",
        "source",
        "stale",
        "tags",
        "told",
        "transactions",
    )

    def __init__(self, call_id: str, at: float, source: str) -> None:
        self.call_id = call_id
        self.began = at
        self.last = at
        self.source = source
        self.partial = False
        self.counted = False
        self.transactions: dict[tuple[str, str], Transaction] = {}
        self.cancels: set[str] = set()
        self.dialogs: dict[str, DialogSeen] = {}
        self.tags: set[str] = set()
        self.questions: dict[tuple[str, str], Question] = {}
        self.refused: dict[tuple[str, str], int] = {}
        self.stale: dict[str, int] = {}
        self.told: set[tuple[str, str]] = set()

    def invites(self) -> list[Transaction]:
        """The INVITEs, oldest first."""
        return [one for one in self.transactions.values() if one.request.method == "INVITE"]

    def add(self, transaction: Transaction) -> None:
        """Remember a request."""
        if len(self.transactions) >= MOST_TRANSACTIONS:
            self.partial = True
            del self.transactions[next(iter(self.transactions))]
        self.transactions[transaction.key, transaction.method] = transaction

    def dialog_made(self, transaction: Transaction, response: Response) -> None:
        """The carrier has sent a response that makes a dialog, or that tells of one."""
        tag = response.to_tag
        dialog = self.dialogs.get(tag)
        if dialog is None:
            if transaction.request.to_tag or len(self.dialogs) >= MOST_TAGS:
                return
            dialog = self.dialogs[tag] = DialogSeen(tag, transaction)
        target = contact_uri(response)
        if target and len(dialog.targets) < MOST_TAGS:
            dialog.targets.add(target)
        if response.status >= 200 and transaction.body:
            dialog.description = transaction.body

    @property
    def up(self) -> bool:
        """Something of it goes on: an INVITE without a final response, or a dialog that nobody has ended."""
        for one in self.transactions.values():
            if one.request.method == "INVITE" and one.final is None and one.sent:
                return True
        return any(dialog.invite.answered and not dialog.over for dialog in self.dialogs.values())

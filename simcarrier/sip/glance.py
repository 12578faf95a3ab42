"""The usual request, read at a glance.

A dialler's INVITEs have the same fields in the same order, call after call; only the values change. So do its ACKs and
BYEs. Once a layout has been met a few times it is made into one regular expression, and the next request of that layout
is taken apart and checked in a single pass in C, which costs half of reading it field by field. Whatever is not just so
(another order, a folded line, a quoted name, a tag in the To of an INVITE) does not match, and is read with care as
ever. The glance takes nothing that the careful reading refuses (`check.framing_fault`, `check.refusal`), and reads
nothing otherwise: a test holds the two against each other.

What is learned is little and bounded, so a peer that shuffles its fields costs no more than the careful reading.
"""

from __future__ import annotations

import re
from operator import itemgetter

from .field_names import canonical
from .message import Request
from .transport import Address
from .via import Sent, Via, sent_before

KEPT = 4
"""Layouts kept for each method, the one met last first: as many kinds of diallers as call at the same time."""

FAMILIAR = 8
"""Times that a layout must have been met before it is learned."""

STRANGERS = 32
"""Layouts met and not yet learned that are counted; then counting starts anew."""

MOST = 64
"""Layouts learned at most while the process lives: one costs a millisecond, which no peer may ask for at will."""

LONGEST = 4096
"""Characters of a head that is worth a glance."""

# Classes of what is visible in ASCII, written out: the engine tests those much faster than \s, \S and \d.
_NUMBER = r"[A-Za-z0-9+_.!~*'()-]++"
_TAG = r"[!#-+\--:=?-~]++"
_NAME = r"(?:[A-Za-z0-9][A-Za-z0-9 ]*+)?"
_ADDRESS = r"[!#-$&-;=?-\[\]-~]++"  # no quote, per cent, bracket, backslash
_PART = r"[!#-+\--:<-~]"  # of a Via: no quote, comma, semicolon
_PARAMS = rf"(?>(?:;(?!branch=){_PART}++)*)"
_VIA = rf"((Via: SIP/2\.0/[A-Z]++ {_PART}++{_PARAMS});branch=((z9hG4bK{_PART}*+){_PARAMS}))"
_WITH_NUMBER = rf"({_NUMBER})@[!#-;=?-~]++"
_HOST = r"[A-Za-z0-9](?>(?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::[1-5]?[0-9]{1,4})?(?:;transport=[a-z]{3})?"

_URI = {"INVITE": rf"sips?:{_WITH_NUMBER}", "ACK": rf"sips?:(?:{_WITH_NUMBER}|{_HOST})"}
_URI["BYE"] = _URI["ACK"]
METHODS = tuple(_URI)
"""Methods whose requests are worth a glance."""

_VALUES = {
    "from": rf"({_NAME}<sips?:({_NUMBER})@{_ADDRESS}>;tag=({_TAG}))",
    "call-id": r"([!-~]++)",
    "max-forwards": r"([0-9]{1,3}+)",
    "content-type": r"(application/sdp)",
    "content-length": r"([0-9]{1,5}+)",
}
_OTHER = r"([^ \t\r\n][^\r\n]*+(?<![ \t]))"
_NEEDED = frozenset({"via", "from", "to", "call-id", "cseq", "content-length"})
_SPECIAL = frozenset({"require", "content-encoding", "timestamp"})
"""Fields that ask for more than a glance."""


def _value(key: str, method: str) -> str:
    """The expression for a value, in a group of its own."""
    if key == "to":
        return rf"({_NAME}<sips?:{_ADDRESS}>)" if method == "INVITE" else rf"({_NAME}<sips?:{_ADDRESS}>;tag=({_TAG}))"
    if key == "cseq":
        return rf"([0-9]{{1,9}}+ {method})"
    return _VALUES.get(key, _OTHER)


class Layout:
    """A method and its fields in their order.

    Attributes:
        method: the method.
        names: the names of the fields as spelt.
        length: picks the Content-Length.
        keys: the canonical names of its fields.
    """

    __slots__ = ("_keys", "_match", "_parts", "_to_tag", "_values", "keys", "length", "method", "names")

    def __init__(self, method: str, names: tuple[str, ...]) -> None:
        self.method = method
        self.names = names
        self._keys = keys = [canonical(name) for name in names]
        self.keys = frozenset(keys)
        places: dict[str, int] = {}
        pieces = [rf"{method} ({_URI[method]}) SIP/2\.0"]
        for name, key in zip(names, keys, strict=True):
            places[key] = re.compile("".join(pieces)).groups
            if key == "via":
                pieces.append(rf"\r\n{_VIA}")
            else:
                pieces.append(rf"\r\n{re.escape(name)}:[ \t]*+{_value(key, method)}")
        if "content-type" not in keys:
            pieces = [piece.replace(_VALUES["content-length"], "(0)") for piece in pieces]
        self._match = re.compile("".join(pieces) + r"\Z", re.ASCII).match
        self._values = itemgetter(*(places[key] for key in keys))
        via, caller = places["via"], places["from"]
        self.length = itemgetter(places["content-length"])
        self._to_tag = None if method == "INVITE" else places["to"] + 1
        self._parts = itemgetter(
            *(via + 1, via + 2, via + 3, places["content-length"]),
            *(0, 1, caller + 1, caller + 2),
            *(caller, places["to"], places["call-id"], places["cseq"]),
        )

    def read(self, data: bytes, head: str, body_at: int) -> Glanced | None:
        """The request, if its head is of this layout and its body whole; else None."""
        match = self._match(head)
        if match is None:
            return None
        found = match.groups()
        before, rest, branch, length, uri, user, from_user, from_tag, caller, called, call_id, cseq = self._parts(found)
        if int(length) > len(data) - body_at:
            return None
        sent = sent_before(before)
        if sent is None:
            return None
        request = _new(Glanced)  # one is made for nearly every datagram: no __init__ with all this as arguments
        request.raw = data
        request._body_at = body_at
        request._layout = self
        request._found = found
        request._sent = sent
        request._rest = rest
        request._branch = branch
        request._lines = request._first = request._more = request._via = request._cseq = request.defect = None
        request.method = self.method
        request.uri = uri
        request.version = "SIP/2.0"
        request._user = user
        request._from_user = from_user
        request._copied = caller, called, call_id, cseq
        request.key = f"{branch} {sent.sent_by}"
        to_tag = self._to_tag
        if to_tag is None:
            request._tags = from_tag, ""
            request.mark = f"{call_id} {cseq} {from_tag}"
        else:
            request._tags = from_tag, found[to_tag]
            request.mark = ""
        return request

    def index(self, found: tuple[str, ...]) -> dict[str, str]:
        """The values of all fields by their canonical names."""
        first = dict(zip(self._keys, self._values(found), strict=True))
        first["via"] = first["via"].removeprefix("Via: ")
        return first


class Glanced(Request):
    """A request that was read at a glance: found whole, and with nothing in it that a user agent would refuse.

    Its index of header fields is made at the first question, as with any other, but of the parts that were found.
    `Layout.read` makes it.

    Attributes:
        key: what `Via.key` is.
        mark: what a merged request is told by, see `endpoint.merge_mark`.
    """

    __slots__ = ("_branch", "_found", "_layout", "_rest", "_sent", "key", "mark")
    glanced = True
    _branch: str
    _found: tuple[str, ...]
    _layout: Layout
    _rest: str
    _sent: Sent
    key: str
    mark: str

    @property
    def via(self) -> Via:
        """The topmost Via."""
        via = self._via
        if via is None:
            via = self._via = self._sent.with_branch(self._rest, self._branch)
        return via

    def reply_to(self, source: Address) -> tuple[bytes, Address] | None:
        """What every response copies, as `reply_head` has it, and where it goes over UDP.

        None if the Via has parameters behind its branch: that is left to the careful way.
        """
        branch = self._branch
        if self._rest != branch:
            return None
        before, after, destination = self._sent.way_back(source)
        caller, called, call_id, cseq = self._copied or self.copied
        head = (
            f"\r\nVia: {before}{branch}{after}\r\nFrom: {caller}\r\nCall-ID: {call_id}\r\nCSeq: {cseq}\r\nTo: {called}"
        )
        return head.encode(), destination

    def get(self, name: str) -> str | None:
        """The value of a header field; of one that its layout lacks, None without an index."""
        first = self._first
        if first is None:
            if name not in self._layout.keys:
                return None
            first = self.index()
        return first.get(name)

    def index(self) -> dict[str, str]:
        """See `Message.index`."""
        first = self._first
        if first is None:
            first = self._first = self._layout.index(self._found)
        return first

    @property
    def call_id(self) -> str:
        """The Call-ID."""
        return (self._copied or self.copied)[2]

    def _read_cseq(self) -> tuple[int, str]:
        return int(self.copied[3].partition(" ")[0]), self.method

    @property
    def content_length(self) -> int:
        """The Content-Length."""
        return int(self._layout.length(self._found))


_new = object.__new__

_layouts: dict[str, tuple[Layout, ...]] = {}
"""By the first letters of the method. What is there is replaced, never changed: carriers on several threads read it."""
_strangers: dict[tuple[str, ...], int] = {}
_learned: list[tuple[str, ...]] = []


def glance(data: bytes, head: str, body_at: int) -> Request | None:
    """A request of a layout that was learned, or None.

    Args:
        data: the whole message.
        head: its head as text.
        body_at: where its body begins.
    """
    layouts = _layouts.get(head[:3])
    if layouts is None:
        return None
    for at, layout in enumerate(layouts):
        request = layout.read(data, head, body_at)
        if request is not None:
            if at:
                _layouts[head[:3]] = (layout, *layouts[:at], *layouts[at + 1 :])
            return request
    return None


def learn(request: Request) -> None:
    """Note the layout of a request that was read with care, and learn it once it is familiar."""
    method, names = request.method, request.names
    if method not in METHODS:
        return
    kind = (method, *names)
    met = _strangers.get(kind, 0) + 1
    if len(_strangers) >= STRANGERS and met == 1:
        _strangers.clear()
    _strangers[kind] = met
    layouts = _layouts.get(method[:3], ())
    if met != FAMILIAR or len(_learned) >= MOST or any(layout.names == names for layout in layouts):
        return
    keys = {canonical(name) for name in names}
    if len(keys) == len(names) and keys >= _NEEDED and not keys & _SPECIAL and names[0] == "Via":
        _layouts[method[:3]] = (Layout(method, names), *layouts)[:KEPT]
        _learned.append(kind)

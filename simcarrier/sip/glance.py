"""The usual INVITE, read at a glance.

A dialler's INVITEs have the same fields in the same order, call after call; only the values change. So once a layout
has been met a few times it is made into one regular expression, and the next INVITE of that layout is taken apart and
checked in a single pass in C, which costs half of reading it field by field. Whatever is not just so (another order, a
folded line, a quoted name, a tag in To) does not match, and is read with care as ever. The glance takes nothing that
the careful reading refuses, and reads nothing otherwise: a test holds the two against each other.

What is learned is little and bounded, so a peer that shuffles its fields costs no more than the careful reading.
"""

from __future__ import annotations

import re
from operator import itemgetter

from .field_names import canonical
from .message import Request
from .via import Via, sent_by_text

KEPT = 4
"""Layouts kept, the one met last first: as many kinds of diallers as call at the same time."""

FAMILIAR = 8
"""Times that a layout must have been met before it is learned."""

STRANGERS = 32
"""Layouts met and not yet learned that are counted; then counting starts anew."""

MOST = 64
"""Layouts learned at most while the process lives: one costs a millisecond, which no peer may ask for at will."""

LONGEST = 4096
"""Characters of a head that is worth a glance."""

_NUMBER = r"[A-Za-z0-9+_.!~*'()-]++"
_START = rf"INVITE (sips?:({_NUMBER})@[^\s<>\"]++) SIP/2\.0"
_VALUES = {
    "via": r"(SIP/2\.0/([A-Z]++) (\[[0-9A-Fa-f:.]++\]|[^\s;:,\[\]\"]++)(?::(\d{1,4}))?+"
    r"((?:;(?!branch=)[^;,\s\"]++)*+;branch=(z9hG4bK[^;,\s\"]*+)(?:;(?!branch=)[^;,\s\"]++)*+))",
    "from": rf"((?:[A-Za-z0-9][A-Za-z0-9 ]*+)?+<sips?:({_NUMBER})@[^\s<>\"%\\]++>;tag=([^\s;,\"<>]++))",
    "to": r"((?:[A-Za-z0-9][A-Za-z0-9 ]*+)?+<sips?:[^\s<>\"%\\]++>)",
    "call-id": r"(\S++)",
    "cseq": r"(\d{1,9} INVITE)",
    "max-forwards": r"(\d{1,3})",
    "content-length": r"(\d{1,5})",
}
_OTHER = r"(\S(?:[^\r\n]*\S)?)"
_NEEDED = frozenset(_VALUES) - {"max-forwards"}


class Layout:
    """The fields of an INVITE in their order."""

    __slots__ = ("_keys", "_match", "_parts", "_values", "names")

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        keys = [canonical(name) for name in names]
        pieces = [_START]
        place = 3
        places: dict[str, int] = {}
        for name, key in zip(names, keys, strict=True):
            value = _VALUES.get(key, _OTHER)
            pieces.append(rf"\r\n{re.escape(name)}: {value}")
            places[key] = place
            place += re.compile(value).groups
        self._match = re.compile("".join(pieces) + r"\Z", re.ASCII).match
        self._keys = keys
        self._values = itemgetter(*(places[key] - 1 for key in keys))
        via, caller = places["via"], places["from"]
        # Transport, host, port, parameters and branch; user and tag of From; the length of the body.
        self._parts = itemgetter(*range(via, via + 5), caller, caller + 1, places["content-length"] - 1)

    def read(self, data: bytes, head: str, body_at: int) -> Request | None:
        """The request, if its head is of this layout and its body whole; else None."""
        match = self._match(head)
        if match is None:
            return None
        found = match.groups()
        transport, host, digits, tail, branch, from_user, from_tag, length = self._parts(found)
        if int(length) > len(data) - body_at:
            return None
        request = Request(data, None, body_at, "INVITE", found[0])
        port = None if digits is None else int(digits)
        via = Via(transport, host, port, tail, branch, sent_by_text(host, port))
        request.take_glance(dict(zip(self._keys, self._values(found), strict=True)), via, found[1], from_user, from_tag)
        return request


_layouts: list[Layout] = []
_strangers: dict[tuple[str, ...], int] = {}
_learned: list[tuple[str, ...]] = []


def glance(data: bytes, head: str, body_at: int) -> Request | None:
    """An INVITE of a layout that was learned, or None.

    Args:
        data: the whole message.
        head: its head as text, beginning with ``INVITE``.
        body_at: where its body begins.
    """
    for at, layout in enumerate(_layouts):
        request = layout.read(data, head, body_at)
        if request is not None:
            if at:
                _layouts.insert(0, _layouts.pop(at))
            return request
    return None


def learn(request: Request) -> None:
    """Note the layout of an INVITE that was read with care and found whole, and learn it once it is familiar."""
    names = request.names
    met = _strangers.get(names, 0) + 1
    if len(_strangers) >= STRANGERS and met == 1:
        _strangers.clear()
    _strangers[names] = met
    if met != FAMILIAR or len(_learned) >= MOST or any(layout.names == names for layout in _layouts):
        return
    keys = [canonical(name) for name in names]
    if len(set(keys)) == len(keys) and set(keys) >= _NEEDED and keys[0] == "via":
        _learned.append(names)
        _layouts.insert(0, Layout(names))
        del _layouts[KEPT:]

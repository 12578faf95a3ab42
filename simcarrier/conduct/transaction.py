"""Transactions: branches, and the ACK (RFC 3261 sections 8.1.1.7, 13.2.2.4 and 17.1.1.3).

A carrier finds the transaction of a message by its branch. So a branch that is used twice makes a second call look like
a repetition of the first, and an ACK with a branch of its own is not found: the refusal is repeated for 32 seconds.

Behind a proxy the branch is the proxy's, and not every proxy that keeps no state makes them as the RFC asks for. So
what is asked of branches here is asked only of callers that speak to the carrier without one.
"""

from __future__ import annotations

from simcarrier.sip.address import NameAddr
from simcarrier.sip.errors import Malformed
from simcarrier.sip.transport import Transport
from simcarrier.sip.via import MAGIC_COOKIE

from .rule import Check, Moment, Rule
from .scene import Scene, quoted
from .state import Transaction

TIMER_B = 30.0
"""Seconds after which a caller may well have given up and tries anew, a little less than Timer B."""

BRANCH_COOKIE = Rule(
    "branch_cookie",
    "RFC 3261 section 8.1.1.7",
    "a Via without a branch, or with one that does not begin with z9hG4bK",
    "begin every branch with z9hG4bK",
)
BRANCH_REUSED = Rule(
    "branch_reused",
    "RFC 3261 section 8.1.1.7",
    "a new request with the branch of an earlier one",
    "draw a new branch for every request but CANCEL and the ACK to a refusal; check that it is not made only once",
)
BRANCH_CHANGED = Rule(
    "branch_changed",
    "RFC 3261 sections 17.1.1.2 and 17.1.2.2",
    "a request is repeated with another branch, so that it looks like a second one",
    "repeat the very bytes that were sent first",
)
REPEAT_CHANGED = Rule(
    "repeat_changed",
    "RFC 3261 sections 17.1.1.2 and 17.1.2.2",
    "a repeated request is not the one that was sent first",
    "repeat the very bytes that were sent first",
)
VIA_TRANSPORT = Rule(
    "via_transport",
    "RFC 3261 section 8.1.1.7",
    "Via names another transport than the one that the request came by",
    "write UDP, TCP or TLS into Via as the request is sent",
)
ACK_BRANCH = Rule(
    "ack_branch",
    "RFC 3261 section 17.1.1.3",
    "the ACK to a refusal has another branch than the INVITE",
    "copy the topmost Via of the INVITE into this ACK",
)
ACK_URI = Rule(
    "ack_uri",
    "RFC 3261 section 17.1.1.3",
    "the ACK to a refusal has another Request-URI than the INVITE",
    "copy the Request-URI of the INVITE; only the ACK to a 2xx goes to the Contact",
)
ACK_TO_TAG = Rule(
    "ack_to_tag",
    "RFC 3261 section 17.1.1.3",
    "the To of the ACK to a refusal is not that of the response",
    "copy To from the response, with its tag",
)
ACK_ROUTE = Rule(
    "ack_route",
    "RFC 3261 section 17.1.1.3",
    "the INVITE had Route fields, the ACK to its refusal has others or none",
    "copy the Route fields of the INVITE into this ACK",
)
ACK_CSEQ = Rule(
    "ack_cseq",
    "RFC 3261 sections 13.2.2.4 and 17.1.1.3",
    "the number in the CSeq of an ACK is that of no INVITE",
    "take the number of the INVITE; an ACK does not count on",
)
ACK_2XX_BRANCH = Rule(
    "ack_2xx_branch",
    "RFC 3261 sections 8.1.1.7 and 13.2.2.4",
    "the ACK to a 2xx has the branch of the INVITE",
    "draw a new branch for it: this ACK is a transaction of its own",
)


def branch_cookie(scene: Scene) -> str | None:
    """The topmost Via's branch."""
    request = scene.request
    if request.glanced:
        return None
    try:
        branch = request.via.branch
    except Malformed:
        return None  # told as malformed, or as missing
    if branch.startswith(MAGIC_COOKIE):
        return None
    return f"the branch of {quoted(request.method)} is {quoted(branch) or 'missing'}, it should begin with z9hG4bK"


def via_transport(scene: Scene) -> str | None:
    """Against the transport that it came by."""
    try:
        said = scene.request.via.transport
    except Malformed:
        return None
    came_by = scene.heard.channel.transport
    if not scene.live and came_by == Transport.TCP and said != Transport.UDP:
        return None  # a capture may hold what was said under TLS, without the TLS
    return None if said == came_by else f"Via says {quoted(said)}, the request came by {came_by}"


def branch_reused(scene: Scene) -> str | None:
    """The branch of an earlier request, of this call or another one."""
    transaction = scene.transaction
    if transaction is None or not scene.direct or not transaction.key.startswith(MAGIC_COOKIE):
        return None
    request, memory = scene.request, scene.memory
    mine = request.call_id, transaction.number, request.method
    first = memory.branches.get(transaction.key)
    if first is None:
        memory.note_branch(transaction.key, *mine)
        return None
    if first == mine:
        return None
    branch = quoted(transaction.key.partition(" ")[0])
    call = "this call" if first[0] == mine[0] else f"call {quoted(first[0])}"
    return f"{quoted(request.method)} has the branch {branch} of {quoted(first[2])} {first[1]} of {call}"


def branch_changed(scene: Scene) -> str | None:
    """The same request as before but for its branch, while the first one still waits."""
    mine = scene.transaction
    if mine is None or not scene.direct:
        return None
    request = scene.request
    for other in scene.call.transactions.values():
        if (
            other is not mine
            and other.number == mine.number
            and other.method == request.method
            and other.direct
            and other.request.from_tag == request.from_tag
            and other.request.uri == request.uri
            and other.final is None
            and scene.now - other.began < TIMER_B
            and other.heard.channel.local == scene.heard.channel.local
            and other.heard.peer == scene.heard.peer
        ):
            branches = [quoted(one.key.partition(" ")[0]) for one in (mine, other)]
            return f"{quoted(request.method)} {mine.number} is repeated with the branch {branches[0]}, " + (
                f"it should be {branches[1]}"
            )
    return None


def repeat_changed(scene: Scene) -> str | None:
    """Not the bytes of the first copy."""
    first = scene.transaction
    if first is None or not scene.direct or first.request.raw == scene.request.raw:
        return None
    was, now = first.request, scene.request
    what = next(
        (
            f"{quoted(name)} is {quoted(value)}, it was {quoted(old)}"
            for (name, value), (_, old) in zip(now.fields(), was.fields(), strict=False)
            if value != old
        ),
        "its length or its body differs",
    )
    return f"{quoted(now.method)} repeated, but {what}"


def ack_branch(scene: Scene) -> str | None:
    """Of the ACK to a refusal. Its INVITE is found by its number, if not by its branch."""
    if scene.transaction is not None or not scene.direct or scene.call.partial:
        return None
    request = scene.request
    meant = [one for one in scene.call.invites() if one.number == scene.number]
    if not meant or not all(one.direct for one in meant):
        return None
    if any(one.answered or one.final is None for one in meant):
        return None
    branch, wanted = request.via.branch, meant[-1].key.partition(" ")[0]
    sent_by = request.via.sent_by
    if branch == wanted:
        return f"Via of the ACK to {_status(meant[-1])} says {quoted(sent_by)}, that of the INVITE another address"
    return f"the branch of the ACK to {_status(meant[-1])} is {quoted(branch)}, that of the INVITE {quoted(wanted)}"


def ack_cseq(scene: Scene) -> str | None:
    """A number that no INVITE had."""
    invite, number = scene.transaction, scene.number
    if invite is not None:
        return None if invite.number == number else f"CSeq is {number} ACK, the INVITE had {invite.number}"
    call = scene.call
    invites = call.invites()
    if call.partial or not scene.direct or not invites or any(one.number == number for one in invites):
        return None
    return f"CSeq is {number} ACK, the INVITE had {' or '.join(str(one.number) for one in invites)}"


def ack_2xx_branch(scene: Scene) -> str | None:
    """The INVITE's branch, though it was answered."""
    invite = scene.transaction
    if invite is None or not scene.direct or not invite.answered:
        return None
    branch = quoted(invite.key.partition(" ")[0])
    return f"the ACK to {_status(invite)} has the INVITE's branch {branch}, it should have a new one"


def ack_uri(scene: Scene) -> str | None:
    """The Request-URI of the ACK to a refusal."""
    invite = _refused(scene)
    if invite is None or invite.request.uri == scene.request.uri:
        return None
    return (
        f"the ACK to {_status(invite)} goes to {quoted(scene.request.uri)}, "
        f"it should go to {quoted(invite.request.uri)} as the INVITE did"
    )


def ack_to_tag(scene: Scene) -> str | None:
    """The tag in To of the ACK to a refusal."""
    invite = _refused(scene)
    if invite is None:
        return None
    tag = scene.request.to_tag
    tags = {sent.tag for sent in invite.sent if sent.status >= 300 and sent.tag}
    if not tags or tag in tags:
        return None
    wanted = quoted(next(iter(tags)))
    return (
        f"To of the ACK to {_status(invite)} has {f'the tag {quoted(tag)}' if tag else 'no tag'}, it should be {wanted}"
    )


def ack_route(scene: Scene) -> str | None:
    """The Route of the ACK to a refusal."""
    invite = _refused(scene)
    if invite is None or not invite.route:
        return None
    route = scene.request.values("route")
    if _uris(route) == _uris(invite.route):
        return None
    wanted = quoted(", ".join(invite.route))
    return f"Route of the ACK to {_status(invite)} is {quoted(', '.join(route)) or 'missing'}, it should be {wanted}"


def _refused(scene: Scene) -> Transaction | None:
    """The refused INVITE that an ACK has found by its branch, if no proxy is in between."""
    invite = scene.transaction
    if invite is None or not scene.direct or not invite.direct or invite.answered or invite.final is None:
        return None
    return invite


def _status(invite: Transaction) -> int:
    final = invite.final
    return 0 if final is None else final.status


def _uris(values: list[str]) -> list[str]:
    try:
        return [NameAddr.parse(value).uri_text for value in values]
    except Malformed:
        return values


CHECKS = (
    Check(Moment.FORM, BRANCH_COOKIE, branch_cookie),
    Check(Moment.FORM, VIA_TRANSPORT, via_transport),
    Check(Moment.REQUEST, BRANCH_REUSED, branch_reused),
    Check(Moment.REQUEST, BRANCH_CHANGED, branch_changed),
    Check(Moment.REPEATED, REPEAT_CHANGED, repeat_changed),
    Check(Moment.ACK, ACK_BRANCH, ack_branch),
    Check(Moment.ACK, ACK_URI, ack_uri),
    Check(Moment.ACK, ACK_TO_TAG, ack_to_tag),
    Check(Moment.ACK, ACK_ROUTE, ack_route),
    Check(Moment.ACK, ACK_CSEQ, ack_cseq),
    Check(Moment.ACK, ACK_2XX_BRANCH, ack_2xx_branch),
)

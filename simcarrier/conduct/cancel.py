"""CANCEL (RFC 3261 section 9.1)."""

from __future__ import annotations

from simcarrier.sip.address import NameAddr
from simcarrier.sip.errors import Malformed
from simcarrier.sip.via import MAGIC_COOKIE

from .doubt import HELD_BACK, LOSS
from .rule import Check, Moment, Rule
from .scene import Scene, quoted
from .timing import copies_by

CANCEL_EARLY = Rule(
    "cancel_early",
    "RFC 3261 section 9.1",
    "CANCEL before any provisional response",
    "wait for a 1xx before CANCEL; if none comes, give the INVITE up when Timer B fires",
)
CANCEL_LATE = Rule(
    "cancel_late",
    "RFC 3261 section 9.1",
    "CANCEL for an INVITE whose final response has been acknowledged",
    "do not send it: it has no effect any more; to end an answered call send BYE",
)
CANCEL_BRANCH = Rule(
    "cancel_branch",
    "RFC 3261 section 9.1",
    "CANCEL with a branch that no INVITE of the call had: it cancels nothing",
    "copy the topmost Via of the INVITE",
)
CANCEL_FIELDS = Rule(
    "cancel_fields",
    "RFC 3261 section 9.1",
    "Request-URI, From, To, the CSeq number or Route of CANCEL are not those of the INVITE",
    "copy them from the INVITE, tags included; CANCEL has no To tag unless the INVITE had one",
)
CANCEL_REQUIRE = Rule(
    "cancel_require",
    "RFC 3261 section 9.1",
    "CANCEL with Require or Proxy-Require",
    "leave both out",
)


def cancel_early(scene: Scene) -> str | None:
    """Nothing was sent to the INVITE before."""
    invite = scene.transaction
    if invite is None or not scene.whole or scene.call.partial:
        return None
    if any(sent.status < 200 for sent in invite.sent):
        return None
    waited = scene.now - invite.began
    sent = "no response at all" if not invite.sent else f"only {invite.sent[0].status}"
    return f"CANCEL {waited:.3f} s after INVITE, to which {sent} was sent; it should wait for a provisional response"


def cancel_late(scene: Scene) -> str | None:
    """Behind the ACK. Over UDP its earlier copies may have been lost, so there it takes more than one such call."""
    invite, call = scene.transaction, scene.call
    if invite is None:
        return None
    acked, final = invite.acked, invite.final
    if acked is None or final is None:
        scene.doubts.clear(CANCEL_LATE.name, call.source)
        return None
    late = scene.now - acked
    if invite.reliable:
        # In order, if it came by the same connection.
        if scene.heard.channel is not invite.heard.channel:
            return None
    elif late < HELD_BACK or not scene.doubts.suspect(
        CANCEL_LATE.name, call.source, LOSS ** (copies_by(late, invite=False) - 1)
    ):
        return None
    return f"CANCEL {late:.3f} s after the ACK to {final.status}"


def cancel_branch(scene: Scene) -> str | None:
    """It matches no INVITE."""
    call = scene.call
    if scene.transaction is not None or not scene.direct or call.partial:
        return None
    invites = call.invites()
    branch = scene.request.via.branch
    if not invites or not branch.startswith(MAGIC_COOKIE) or not all(one.direct for one in invites):
        return None
    wanted = " or ".join(quoted(one.key.partition(" ")[0]) for one in invites)
    return f"the branch of CANCEL is {quoted(branch)}, that of the INVITE {wanted}"


def cancel_fields(scene: Scene) -> str | None:
    """The first field that differs."""
    invite = scene.transaction
    if invite is None or not scene.direct or not invite.direct:
        return None
    ours, theirs = scene.request, invite.request
    if ours.uri != theirs.uri:
        return f"CANCEL goes to {quoted(ours.uri)}, the INVITE went to {quoted(theirs.uri)}"
    if scene.number != invite.number:
        return f"CSeq is {scene.number} CANCEL, the INVITE had {invite.number}"
    for name, mine, wanted in (
        ("From", ours.from_tag, theirs.from_tag),
        ("To", ours.to_tag, theirs.to_tag),
    ):
        if mine != wanted:
            tag = f"the tag {quoted(mine)}" if mine else "no tag"
            return f"{name} of CANCEL has {tag}, that of the INVITE {quoted(wanted) or 'none'}"
    for name in ("from", "to"):
        mine, wanted = _uri(ours.get(name) or ""), _uri(theirs.get(name) or "")
        if mine != wanted:
            return f"{name.title()} of CANCEL is {quoted(mine)}, that of the INVITE {quoted(wanted)}"
    route = ours.values("route")
    if [_uri(value) for value in route] != [_uri(value) for value in invite.route]:
        told = [quoted(", ".join(values)) or "missing" for values in (route, invite.route)]
        return f"Route of CANCEL is {told[0]}, that of the INVITE {told[1]}"
    return None


def cancel_require(scene: Scene) -> str | None:
    """Require, Proxy-Require."""
    for name in ("Require", "Proxy-Require"):
        value = scene.request.get(name.lower())
        if value is not None:
            return f"CANCEL with {name}: {quoted(value)}"
    return None


def _uri(value: str) -> str:
    try:
        return NameAddr.parse(value).uri_text
    except Malformed:
        return value


CHECKS = (
    Check(Moment.CANCEL, CANCEL_EARLY, cancel_early),
    Check(Moment.CANCEL, CANCEL_LATE, cancel_late),
    Check(Moment.CANCEL, CANCEL_BRANCH, cancel_branch),
    Check(Moment.CANCEL, CANCEL_FIELDS, cancel_fields),
    Check(Moment.CANCEL, CANCEL_REQUIRE, cancel_require),
)

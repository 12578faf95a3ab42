"""Dialogs: requests within them, and what has to come but does not (RFC 3261 sections 12.2.1.1, 13.2.2.4 and 15).

Tags, numbers and the Request-URI are plain facts. That an ACK or a response is missing is one only where nothing can
have been lost: over a stream that is still open. Over UDP it is told when it has happened in several calls, see
`doubt`.
"""

from __future__ import annotations

from simcarrier.sip.errors import Malformed
from simcarrier.sip.uri import SipUri, parse_uri

from .doubt import THERE_AND_BACK
from .rule import Check, Moment, Rule
from .scene import Scene, quoted
from .state import DialogSeen, Transaction
from .timing import T64

TO_TAG_MISSING = Rule(
    "to_tag_missing",
    "RFC 3261 section 12.2.1.1",
    "a request within a dialog has no To tag: the carrier does not find the call",
    "copy the To of the response that made the dialog, with its tag",
)
TO_TAG_WRONG = Rule(
    "to_tag_wrong",
    "RFC 3261 section 12.2.1.1",
    "the To tag of a request within a dialog is none that the carrier has given",
    "copy the To of the response that made the dialog, with its tag",
)
FROM_TAG_CHANGED = Rule(
    "from_tag_changed",
    "RFC 3261 section 12.2.1.1",
    "the From tag of a request within a dialog is not that of the INVITE",
    "keep the From of the INVITE for the whole call",
)
CSEQ_ORDER = Rule(
    "cseq_order",
    "RFC 3261 section 12.2.1.1",
    "the CSeq number of a request within a dialog was used before, or is lower",
    "count on by one for every request but ACK and CANCEL",
)
CSEQ_RETRY = Rule(
    "cseq_retry",
    "RFC 3261 sections 8.1.3.5 and 22.2",
    "a request is tried again in the same call, with credentials for instance, and its CSeq number is not higher",
    "count on by one when a request is sent again with changes",
)
REQUEST_URI = Rule(
    "request_uri",
    "RFC 3261 section 12.2.1.1",
    "a request within a dialog does not go to the Contact of the carrier's response",
    "take the Request-URI of ACK to a 2xx, BYE and the others from that Contact, not from the INVITE",
)
ROUTE_SET = Rule(
    "route_set",
    "RFC 3261 section 12.2.1.1",
    "the Route of a request within a dialog is not the route set that Record-Route has made",
    "build Route from the Record-Route of the response, in reverse; without Record-Route send none",
)
ACK_MISSING = Rule(
    "ack_missing",
    "RFC 3261 section 17.1.1.2",
    "no ACK to a refusal in 64 T1",
    "acknowledge every final response, each time that it comes, whatever the dialler thinks of it",
)
ACK_2XX_MISSING = Rule(
    "ack_2xx_missing",
    "RFC 3261 section 13.2.2.4",
    "no ACK to a 2xx in 64 T1",
    "acknowledge every 2xx, each time that it comes, also if the call is not wanted any more; then send BYE",
)
BYE_UNANSWERED = Rule(
    "bye_unanswered",
    "RFC 3261 section 15.1.2",
    "no response to the carrier's BYE in 64 T1",
    "answer BYE with 200, also for calls that the dialler has ended already (481)",
)
RESPONSE_COPIES = Rule(
    "response_copies",
    "RFC 3261 section 8.2.6.2",
    "From, To or Call-ID of the caller's response are not those of the request",
    "copy them from the request; a To that has a tag stays as it is",
)

NEED_TAG = ("BYE", "PRACK", "UPDATE", "ACK")
"""Methods that make sense within a dialog only."""

FEW = 4
"""Times that a response was sent over UDP before its missing ACK counts at all, and seconds that this takes."""


PATIENCE = T64 - 2.0
"""Seconds for which a caller surely waits for a response, a little less than Timer B."""


def to_tag_missing(scene: Scene) -> str | None:
    """In a call in which the carrier has given a tag."""
    request, tags = scene.request, scene.call.tags
    if request.to_tag or request.method not in NEED_TAG or not tags:
        return None
    return f"{quoted(request.method)} without a To tag, it should be {quoted(next(iter(tags)))}"


def to_tag_wrong(scene: Scene) -> str | None:
    """None of those that the carrier has given in this call."""
    request, call = scene.request, scene.call
    tag = request.to_tag
    if not tag or call.partial or not call.tags or tag in call.tags or not call.invites():
        return None
    return f"the To tag of {quoted(request.method)} is {quoted(tag)}, it should be {quoted(next(iter(call.tags)))}"


def from_tag_changed(scene: Scene) -> str | None:
    """Another one than the INVITE's."""
    if scene.dialog is None:
        return None
    tag, wanted = scene.request.from_tag, scene.dialog.invite.request.from_tag
    if tag == wanted:
        return None
    method = quoted(scene.request.method)
    return f"the From tag of {method} is {quoted(tag) or 'missing'}, that of the INVITE {quoted(wanted)}"


def cseq_order(scene: Scene) -> str | None:
    """Not higher than the INVITE's, or used already. Over UDP a lower number may just be late, but for those two."""
    dialog, request = scene.dialog, scene.request
    if dialog is None or request.method == "ACK" or scene.transaction is None:
        return None
    number = scene.number
    method = quoted(request.method)
    if request.from_tag != dialog.invite.request.from_tag:
        return None
    if number <= dialog.invite.number:
        return f"CSeq is {number} {method}, it should be above the INVITE's {dialog.invite.number}"
    known = dialog.numbers.get(number)
    if known is not None and known != (request.method, scene.transaction.key):
        return f"CSeq is {number} {method}, but {quoted(known[0])} had this number"
    if dialog.highest is not None and scene.heard.channel is dialog.highest[1] and number < dialog.highest[0]:
        return f"CSeq is {number} {method}, but {dialog.highest[0]} came before it on this connection"
    return None


def cseq_retry(scene: Scene) -> str | None:
    """A request outside of a dialog after one of the same call has got its final response."""
    mine, request = scene.transaction, scene.request
    if mine is None or not scene.direct or request.to_tag:
        return None
    for other in scene.call.transactions.values():
        final = other.final
        if (
            other is not mine
            and final is not None
            and other.method == request.method
            and other.direct
            and other.number >= mine.number
            and other.request.from_tag == request.from_tag
            # A copy that was held back can't be told from a new one by its time, but its branch is the old one.
            and other.key != mine.key
            and final.at < mine.began
        ):
            return (
                f"{quoted(request.method)} again after {final.status} with CSeq {mine.number}, "
                f"it should be {other.number + 1}"
            )
    return None


def request_uri(scene: Scene) -> str | None:
    """The host and port of the Contact, and its user if it has one."""
    dialog, request = scene.dialog, scene.request
    if dialog is None or not scene.direct or not dialog.targets or request.uri in dialog.targets:
        return None
    if _routed(dialog) or dialog.invite.route:
        return None
    try:
        uri = parse_uri(request.uri)
        targets = [parse_uri(target) for target in dialog.targets]
    except Malformed:
        return None
    if not all(isinstance(target, SipUri) for target in targets):
        return None
    if isinstance(uri, SipUri):
        for target in targets:
            assert isinstance(target, SipUri)  # for the type checker: looked at just before
            if _place(uri) == _place(target) and (not target.user or uri.user == target.user):
                return None
    wanted = " or ".join(quoted(target) for target in sorted(dialog.targets))
    return f"{quoted(request.method)} goes to {quoted(request.uri)}, it should go to the Contact {wanted}"


def _place(uri: SipUri) -> tuple[str, int]:
    secure = uri.scheme == "sips" or (uri.param("transport") or "").lower() == "tls"
    return uri.host.lower(), uri.port or (5061 if secure else 5060)


def _routed(dialog: DialogSeen) -> bool:
    return dialog.invite.request.get("record-route") is not None


def route_set(scene: Scene) -> str | None:
    """Past proxies that wanted to stay in the path, or by way of some that did not."""
    dialog, request = scene.dialog, scene.request
    if dialog is None or not scene.direct:
        return None
    route = request.get("route")
    if _routed(dialog):
        if dialog.invite.direct or route is not None:
            return None
        wanted = quoted(dialog.invite.request.get("record-route") or "")
        return f"{quoted(request.method)} came past the proxy of Record-Route {wanted}, without Route"
    if route is None or not dialog.invite.direct:
        return None
    return f"{quoted(request.method)} with Route {quoted(route)}, though there was no Record-Route"


def ack_missing(scene: Scene) -> str | None:
    """To a refusal."""
    invite = scene.transaction
    if invite is None or invite.method != "INVITE" or invite.answered:
        return None
    return _unacknowledged(scene, ACK_MISSING, invite)


def ack_2xx_missing(scene: Scene) -> str | None:
    """To a 2xx."""
    invite = scene.transaction
    if invite is None or invite.method != "INVITE" or not invite.answered:
        return None
    return _unacknowledged(scene, ACK_2XX_MISSING, invite)


def _unacknowledged(scene: Scene, rule: Rule, invite: Transaction) -> str | None:
    final, call = invite.final, scene.call
    if final is None or call.partial or not expected(invite, final.at):
        return None
    who = f"{call.source} {final.status}"
    if invite.acked is not None:
        scene.doubts.clear(rule.name, who)
        return None
    waited = scene.now - final.at
    times = sum(sent.status == final.status for sent in invite.sent)
    if not may_be_told(scene, rule, who, waited, times, invite.heard.channel.reliable):
        return None
    often = "" if times == 1 else f", which was sent {times} times"
    return f"no ACK in {min(waited, T64):.0f} s to {final.status}{often}"


def expected(invite: Transaction, at: float) -> bool:
    """Whether the caller still waited for a response at that time.

    Without any response it gives up when Timer B fires, and 64 T1 after its CANCEL (section 9.1).
    """
    if invite.sent[0].at - invite.began > PATIENCE:
        return False
    return invite.given_up is None or at - invite.given_up < PATIENCE


def may_be_told(scene: Scene, rule: Rule, who: str, waited: float, times: int, reliable: bool) -> bool:
    """Whether it was the caller that let something stay out for so long though it was asked so many times."""
    if reliable:
        return waited > T64 - 0.001 and not scene.heard.channel.closed and (scene.live or _there(scene, waited))
    if times < FEW or not _there(scene, waited):
        return False
    return scene.doubts.suspect(rule.name, who, THERE_AND_BACK**times)


def _there(scene: Scene, waited: float) -> bool:
    """Whether the caller has been heard some time later; if not it may be gone."""
    return scene.memory.heard.get(scene.call.source, 0.0) >= scene.now - waited + FEW


def bye_unanswered(scene: Scene) -> str | None:
    """To the carrier's own BYE."""
    question = scene.question
    if question is None or question.request.method != "BYE":
        return None
    who = scene.call.source
    if question.answered is not None:
        scene.doubts.clear(BYE_UNANSWERED.name, who)
        return None
    waited, times = scene.now - question.times[0], len(question.times)
    if not may_be_told(scene, BYE_UNANSWERED, who, waited, times, question.channel.reliable):
        return None
    return f"no response in {min(waited, T64):.0f} s to the carrier's BYE, which was sent {times} times"


def response_copies(scene: Scene) -> str | None:
    """What every response copies."""
    question = scene.question
    if question is None:
        return None
    response, request = scene.response, question.request
    what = f"the {response.status} to {request.method}"
    for name, got, wanted in (
        ("From tag", response.from_tag, request.from_tag),
        ("To tag", response.to_tag, request.to_tag),
        ("Call-ID", response.call_id, request.call_id),
    ):
        if wanted and got != wanted:
            return f"{name} of {what} is {quoted(got) or 'missing'}, it should be {quoted(wanted)}"
    return None


CHECKS = (
    Check(Moment.WITHIN, TO_TAG_MISSING, to_tag_missing),
    Check(Moment.WITHIN, TO_TAG_WRONG, to_tag_wrong),
    Check(Moment.WITHIN, FROM_TAG_CHANGED, from_tag_changed),
    Check(Moment.WITHIN, CSEQ_ORDER, cseq_order),
    Check(Moment.REQUEST, CSEQ_RETRY, cseq_retry),
    Check(Moment.WITHIN, REQUEST_URI, request_uri),
    Check(Moment.WITHIN, ROUTE_SET, route_set),
    Check(Moment.UNACKNOWLEDGED, ACK_MISSING, ack_missing),
    Check(Moment.UNACKNOWLEDGED, ACK_2XX_MISSING, ack_2xx_missing),
    Check(Moment.UNANSWERED, BYE_UNANSWERED, bye_unanswered),
    Check(Moment.ANSWER, RESPONSE_COPIES, response_copies),
)

"""Repetition: when a request is sent again, and when no more (RFC 3261 sections 17.1.1 and 17.1.2).

Over UDP a request goes out at 0, 0.5, 1.5, 3.5, 7.5 s and so on, until something is received. What the carrier hears of
it is not that: copies get lost, one is brought twice, another is held back. So a single interval proves nothing. What
is judged is how many copies came in how much time: more than twice as many as a caller may have sent by then can't be
explained by a network that doubles every one of them. And a caller that goes on though it was answered is told only
where lost responses do not explain it, see `doubt`.
"""

from __future__ import annotations

from bisect import bisect_right

from .doubt import HELD_BACK, LOSS
from .rule import Check, Moment, Rule
from .scene import Scene, quoted
from .state import Transaction

T1 = 0.5
T2 = 4.0
T64 = 64 * T1

SPREAD = 0.5
"""Seconds by which the network may shorten the time between two copies: the first was held back by so much more."""

SOON = 1.5
"""Seconds after a response by which a caller that has not heard it has sent its request again."""

_INVITE = (0.0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5)
_OTHERS = (0.0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5)

INVITE_INTERVAL = Rule(
    "invite_interval",
    "RFC 3261 section 17.1.1.2",
    "an INVITE is repeated over UDP more often than Timer A allows",
    "repeat it after 0.5 s, and double the interval each time",
)
REQUEST_INTERVAL = Rule(
    "request_interval",
    "RFC 3261 section 17.1.2.2",
    "another request is repeated over UDP more often than Timer E allows",
    "repeat it after 0.5 s, double the interval each time up to 4 s",
)
INVITE_AFTER_PROVISIONAL = Rule(
    "invite_after_provisional",
    "RFC 3261 section 17.1.1.2",
    "an INVITE is repeated though a provisional response was sent",
    "stop Timer A at the first 1xx, 100 included",
)
REPEATED_AFTER_FINAL = Rule(
    "repeated_after_final",
    "RFC 3261 sections 17.1.1.2 and 17.1.2.2",
    "a request is repeated though its final response was sent",
    "stop repeating when a final response comes; look whether responses are matched to their requests",
)
REPEATED_ON_STREAM = Rule(
    "repeated_on_stream",
    "RFC 3261 sections 17.1.1.2 and 17.1.2.2",
    "a request is sent again over the same TCP or TLS connection",
    "leave repetition to the transport; only the timeouts, Timers B and F, run there",
)
NEVER_REPEATED = Rule(
    "never_repeated",
    "RFC 3261 section 17.1.1.2",
    "an INVITE is not repeated over UDP though nothing was sent back for seconds",
    "start Timer A with each INVITE: one lost datagram loses the call otherwise",
)


def copies_by(age: float, *, invite: bool) -> int:
    """How many copies of a request a caller has sent at most when its first is so many seconds old."""
    if age < 0:
        return 1
    return bisect_right(_INVITE if invite else _OTHERS, age)


def invite_interval(scene: Scene) -> str | None:
    """Too many copies of an INVITE."""
    return _too_often(scene) if scene.request.method == "INVITE" else None


def request_interval(scene: Scene) -> str | None:
    """Too many copies of another request."""
    return _too_often(scene) if scene.request.method != "INVITE" else None


def _too_often(scene: Scene) -> str | None:
    first = scene.transaction
    if first is None or first.reliable:
        return None
    age = scene.now - first.began
    if age > T64:
        return None
    allowed = copies_by(age + SPREAD, invite=first.method == "INVITE")
    if first.copies <= 2 * allowed:
        return None
    intervals = ", ".join(f"{after - before:.3f}" for before, after in zip(first.times, first.times[1:8], strict=False))
    return (
        f"{quoted(first.method)} came {first.copies} times in {age:.3f} s, after {intervals} s; "
        f"it should be {allowed} times at most, after 0.5, 1, 2, 4 s"
    )


def repeated_on_stream(scene: Scene) -> str | None:
    """The same bytes again by the same connection. There nothing is lost, and nothing doubled."""
    first = scene.transaction
    if first is None or not first.reliable or scene.heard.channel is not first.heard.channel:
        return None
    return f"{quoted(first.method)} again {scene.now - first.began:.3f} s later over {scene.heard.channel.transport}"


def after_provisional_known(scene: Scene) -> str | None:
    """An INVITE that comes again though its CANCEL, or a PRACK, has shown that a provisional response was heard."""
    first = scene.transaction
    if first is None or first.method != "INVITE" or first.reliable or first.given_up is None:
        return None
    late = scene.now - first.given_up
    if late <= HELD_BACK or first.acked is not None:
        return None
    return f"INVITE again {late:.3f} s after the caller's CANCEL or PRACK: it has heard the provisional response"


def after_final_known(scene: Scene) -> str | None:
    """An INVITE that comes again though its ACK has shown that the final response was heard."""
    first = scene.transaction
    if first is None or first.method != "INVITE" or first.reliable or first.acked is None:
        return None
    late, final = scene.now - first.acked, first.final
    if late <= HELD_BACK or final is None:
        return None
    return f"INVITE again {late:.3f} s after the caller's own ACK to {final.status}"


def after_provisional(scene: Scene) -> str | None:
    """Copies that came though provisional responses were sent; judged once, some seconds after the first of them."""
    first = scene.transaction
    if first is None or first.method != "INVITE" or first.reliable or not first.sent:
        return None
    begin = first.sent[0].at
    if first.sent[0].status >= 200:
        return None
    final = first.final
    end = min(scene.now, final.at if final is not None else scene.now, first.given_up or scene.now)
    return _went_on(scene, INVITE_AFTER_PROVISIONAL, first, begin, end, f"{first.sent[0].status} was sent")


def after_final(scene: Scene) -> str | None:
    """Copies that came though the final response was sent; judged once, some seconds after it."""
    first = scene.transaction
    final = None if first is None else first.final
    if first is None or first.reliable or final is None:
        return None
    end = min(scene.now, first.acked or scene.now)
    if first.method == "INVITE" and first.acked is not None and end - final.at < SOON:
        if not any(time > final.at + SPREAD for time in first.times):
            scene.doubts.clear(REPEATED_AFTER_FINAL.name, f"{scene.call.source} {first.method}")
        return None
    return _went_on(scene, REPEATED_AFTER_FINAL, first, final.at, end, f"{final.status} was sent")


def _went_on(scene: Scene, rule: Rule, first: Transaction, begin: float, end: float, why: str) -> str | None:
    """Each copy that comes well after a response was sent means that the response was lost, or ignored."""
    if end - begin < SOON:
        return None
    chance, ignored, before = 1.0, 0, begin
    for time in first.times:
        if begin < time <= end and first.sent_in(before, time - SPREAD):
            chance *= LOSS
            ignored += 1
            before = time
    who = f"{scene.call.source} {first.method}"
    if not ignored:
        scene.doubts.clear(rule.name, who)
        return None
    if not scene.doubts.suspect(rule.name, who, chance):
        return None
    times = "once" if ignored == 1 else f"{ignored} times"
    return f"{quoted(first.method)} came {times} more in {end - begin:.1f} s after {why}, as in the calls before"


def never_repeated(scene: Scene) -> str | None:
    """The caller still cares for an INVITE that it has sent but once, though nothing came back for seconds."""
    first = scene.transaction
    if first is None or first.reliable or not first.sent or first.method != "INVITE":
        return None
    silence = first.sent[0].at - first.began
    due = copies_by(silence, invite=True) - 1
    if due < 2 or not scene.whole or scene.call.partial:
        return None
    if first.acked is None and first.given_up is None:
        return None  # maybe it is not there any more
    if sum(time <= first.sent[0].at for time in first.times) > 1:
        scene.doubts.clear(NEVER_REPEATED.name, scene.call.source)
        return None
    if not scene.doubts.suspect(NEVER_REPEATED.name, scene.call.source, LOSS**due):
        return None
    return f"one INVITE in {silence:.1f} s without a response, as in the calls before; it should be {due + 1}"


CHECKS = (
    Check(Moment.REPEATED, INVITE_INTERVAL, invite_interval),
    Check(Moment.REPEATED, REQUEST_INTERVAL, request_interval),
    Check(Moment.REPEATED, INVITE_AFTER_PROVISIONAL, after_provisional_known),
    Check(Moment.REPEATED, REPEATED_AFTER_FINAL, after_final_known),
    Check(Moment.REPEATED, REPEATED_ON_STREAM, repeated_on_stream),
    Check(Moment.SETTLED, INVITE_AFTER_PROVISIONAL, after_provisional),
    Check(Moment.ENDED, REPEATED_AFTER_FINAL, after_final),
    Check(Moment.ENDED, NEVER_REPEATED, never_repeated),
)

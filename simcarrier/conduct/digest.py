"""Digest: what the caller answers to the carrier's challenges (RFC 3261 section 22, RFC 7616 section 3.4, RFC 8760).

Passwords are not known here and need not be. What is judged is what can be seen: whose challenge is answered, whether
the count goes up, and whether refused credentials are tried again and again. A nonce that the carrier was not seen to
send, say before the run began, is left alone. That the ``uri`` is another one than the Request-URI is no fault in SIP.
"""

from __future__ import annotations

import re

from simcarrier.sip.digest.challenge import Challenge, split_challenges
from simcarrier.sip.digest.response import Credentials
from simcarrier.sip.errors import Malformed
from simcarrier.sip.message import Request, Response

from .memory import MOST_COUNTS, ChallengeSeen, Memory
from .rule import Check, Moment, Rule
from .scene import Scene, quoted
from .state import Call, Transaction

DIGEST_MALFORMED = Rule(
    "digest_malformed",
    "RFC 3261 section 22.4",
    "credentials that cannot be read: a parameter is missing, or uri is not in quotes",
    "send username, realm, nonce, uri and response in quotes; with qop also cnonce, and nc with eight digits",
)
DIGEST_REALM = Rule(
    "digest_realm",
    "RFC 7616 section 3.4",
    "the realm of the credentials is not that of the challenge whose nonce they use",
    "copy the realm from the challenge",
)
DIGEST_QOP = Rule(
    "digest_qop",
    "RFC 3261 section 22.4",
    "the challenge offers qop, the credentials have none",
    "send qop=auth with cnonce and nc; without them every nonce is good for one request only",
)
DIGEST_COUNT = Rule(
    "digest_count",
    "RFC 7616 section 3.4",
    "a nonce is used for another request with the same nonce count",
    "count nc up with every request that uses the nonce; this looks like a replay",
)
DIGEST_STALE = Rule(
    "digest_stale",
    "RFC 7616 section 3.3",
    "a nonce is used again though the carrier has said that it is stale",
    "answer the new challenge, with the nonce in it",
)
DIGEST_RETRY = Rule(
    "digest_retry",
    "RFC 3261 section 22.1",
    "credentials that were refused are tried again and again",
    "give up when a challenge without stale=true follows credentials: the password is wrong",
)

CREDENTIALS = ("authorization", "proxy-authorization")
CHALLENGES = ("www-authenticate", "proxy-authenticate")

REFUSALS = 2
"""Times that credentials were refused before a further try counts: the first may have been an old nonce's fault."""

_BARE_URI = re.compile(r"[, \t]uri[ \t]*=[ \t]*[^\" \t]")


def _answers(request: Request) -> list[str]:
    return [value for name in CREDENTIALS for value in request.get_all(name) if value[:7].lower() == "digest "]


def _credentials(request: Request) -> list[Credentials]:
    found = []
    for value in _answers(request):
        try:
            found.append(Credentials.parse(value))
        except Malformed:
            continue
    return found


def digest_malformed(scene: Scene) -> str | None:
    """Not to be read."""
    for value in _answers(scene.request):
        try:
            Credentials.parse(value)
        except Malformed as fault:
            return f"the credentials of {quoted(scene.request.method)} cannot be read: {fault.why}"
        if _BARE_URI.search(value):
            return f"uri in the credentials of {quoted(scene.request.method)} is not in quotes"
    return None


def digest_realm(scene: Scene) -> str | None:
    """Against the challenge with that nonce."""
    for one in _credentials(scene.request):
        challenge = scene.memory.challenges.get(one.nonce)
        if challenge is not None and challenge.realm != one.realm:
            return f"the realm is {quoted(one.realm)}, that of the challenge {quoted(challenge.realm)}"
    return None


def digest_qop(scene: Scene) -> str | None:
    """Against the challenge with that nonce."""
    for one in _credentials(scene.request):
        challenge = scene.memory.challenges.get(one.nonce)
        if challenge is not None and challenge.qop and one.qop is None:
            return f"credentials of {quoted(scene.request.method)} without qop, the challenge offers it"
    return None


def digest_count(scene: Scene) -> str | None:
    """The count that another request has used."""
    request = scene.request
    found = None
    for one in _credentials(request):
        challenge = scene.memory.challenges.get(one.nonce)
        if challenge is None or one.qop is None:
            continue
        mine, key = (request.call_id, scene.number), (one.username, one.nc.lower())
        first = challenge.used.get(key)
        if first is None:
            if len(challenge.used) >= MOST_COUNTS:
                del challenge.used[next(iter(challenge.used))]
            challenge.used[key] = mine
        elif first != mine:
            found = (
                f"nc is {quoted(one.nc)} again with the same nonce; CSeq {first[1]} of call {quoted(first[0])} had it"
            )
    return found


def digest_stale(scene: Scene) -> str | None:
    """The nonce that a request of this call was refused with."""
    for one in _credentials(scene.request):
        number = scene.call.stale.get(one.nonce)
        if number is not None and scene.number > number:
            return f"the nonce of CSeq {number} is used again in CSeq {scene.number}, though it was refused as stale"
    return None


def digest_retry(scene: Scene) -> str | None:
    """The same user in the same realm."""
    for one in _credentials(scene.request):
        refused = scene.call.refused.get((one.username, one.realm), 0)
        if refused >= REFUSALS:
            return (
                f"{quoted(scene.request.method)} with credentials of {quoted(one.username)}, "
                f"which were refused {refused} times in this call"
            )
    return None


def note_challenge(response: Response, transaction: Transaction, call: Call, memory: Memory) -> None:
    """The carrier has sent a 401 or 407, for the first time to this request."""
    stale = False
    for name in CHALLENGES:
        for value in response.get_all(name):
            try:
                challenges = [Challenge.parse(text) for text in split_challenges(value)]
            except Malformed:
                continue
            for challenge in challenges:
                stale = stale or challenge.stale
                memory.note_challenge(challenge.nonce, ChallengeSeen(challenge.realm, bool(challenge.qop)))
    for one in _credentials(transaction.request):
        if stale:
            call.stale[one.nonce] = transaction.number
        elif one.nonce in memory.challenges:
            key = one.username, one.realm
            call.refused[key] = call.refused.get(key, 0) + 1


CHECKS = (
    Check(Moment.CREDENTIALS, DIGEST_MALFORMED, digest_malformed),
    Check(Moment.CREDENTIALS, DIGEST_REALM, digest_realm),
    Check(Moment.CREDENTIALS, DIGEST_QOP, digest_qop),
    Check(Moment.CREDENTIALS, DIGEST_COUNT, digest_count),
    Check(Moment.CREDENTIALS, DIGEST_STALE, digest_stale),
    Check(Moment.CREDENTIALS, DIGEST_RETRY, digest_retry),
)

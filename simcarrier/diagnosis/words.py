"""Evidence in words: a sentence for each thing that a call has shown, as in ``no phone rang before the refusal``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from simcarrier.conditions import MEANINGS, Condition, Party
from simcarrier.sip.isup import LOCATIONS
from simcarrier.sip.reason import Q850_CAUSES
from simcarrier.sip.status import phrase_for

from .causes import Retry
from .evidence import MOST_DIGITS, Evidence
from .hints import Topic

_FARTHER: Final = frozenset({Party.CALLEE, Party.NETWORK})

_TOPICS: Final = {
    Topic.BALANCE: "money",
    Topic.CALLER_ID: "the caller ID",
    Topic.ANONYMOUS: "a hidden number",
    Topic.IDENTITY: "who vouches for the caller",
    Topic.LINES: "lines and channels",
    Topic.RATE: "the rate of calls",
    Topic.ROUTE: "routes and capacity",
    Topic.REGISTRATION: "registration",
    Topic.CREDENTIALS: "credentials",
    Topic.CUSTOMER: "who the customer is",
    Topic.DIRECTION: "the direction of the call",
    Topic.NUMBER: "the number",
    Topic.FORMAT: "the form of the number",
    Topic.GONE: "a number that was given up",
    Topic.PORTED: "porting",
    Topic.BLOCKED: "blocking",
    Topic.UNWANTED: "an unwanted caller",
    Topic.CODEC: "media",
    Topic.FAULT: "a fault",
    Topic.AWAY: "a phone that can't be reached",
}

_RETRIES: Final = {
    Retry.OTHER_ROUTE: "by another route",
    Retry.OTHER_NUMBER_FORM: "with the number in another form",
    Retry.OTHER_CALLER_ID: "with another caller ID",
}
"""Ways of calling again that need more than one word."""

_FORMS: Final = {
    "plus": "the number was dialled with a plus, which nearly every carrier takes",
    "international_prefix": "the number was dialled with an international prefix",
    "seven": "the number was dialled with 7, and some carriers know it with 8 only",
    "eight": "the number was dialled with 8, and some carriers know it with 7 only",
    "zero": "the number was dialled in national form",
    "digits": "the number was dialled without a plus",
    "name": "a name was called, no number",
}

_REGIONS: Final = {
    "49": "the call goes to Germany",
    "7": "the call goes to a country of the CIS",
    "1": "the call goes to North America",
    "other": "the call goes neither to Germany, nor to North America, nor to the CIS",
}


def name_of(evidence: Evidence) -> str:
    """What came back, in short: ``403 Forbidden``, ``nothing after 100``."""
    if evidence.code is not None and evidence.code >= 300:
        return f"{evidence.code} {_legible(evidence.phrase) or phrase_for(evidence.code)}"
    return _ANSWERS.get(evidence.answer, evidence.answer)


_ANSWERS: Final = {
    "answered": "an answered call",
    "answered+607": "an answered call, hung up as unwanted (607)",
    "silent": "no response at all",
    "stalled": "nothing after 100",
    "rang_out": "ringing without end",
    "transport_failed": "an INVITE that could not be delivered",
    "unresolved": "a trunk without an address",
    "unauthorised": "a challenge that was not passed",
    "interrupted": "a call that we ended ourselves",
}


def retry_in_words(retry: Retry, after: int | None) -> str:
    """Whether calling again makes sense, and how.

    Args:
        retry: as the diagnosis has it.
        after: the seconds that the carrier named; None if it did not.
    """
    way = _RETRIES.get(retry, str(retry))
    return way if after is None else f"{way}, after {after} s"


def answer_in_words(evidence: Evidence, often: bool) -> str:
    """How well the answer fits, where the table has no note of it."""
    said = name_of(evidence)
    return f"{said} is often what is heard then" if often else f"{said} is seldom what is heard then"


def cause_in_words(evidence: Evidence) -> str:
    """The Q.850 cause."""
    cause = evidence.cause or 0
    return f"the network's own cause is {cause}: {Q850_CAUSES.get(cause, 'unknown').lower()}"


def in_words(evidence: Evidence, feature: str, value: str, condition: Condition) -> str:
    """A feature of a call, and what it means for a condition."""
    if value == "quick" and MEANINGS[condition].refused_by in _FARTHER:
        return f"a {evidence.code} within {_seconds(evidence.seconds)}: no phone was asked"
    return _SAID[feature](evidence, value)


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return "some time"
    return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s"


def _legible(text: str) -> str:
    short = text if len(text) <= 80 else f"{text[:77]}..."
    return short if short.isprintable() else ascii(short)[1:-1]


def _rang(evidence: Evidence, value: str) -> str:
    if evidence.answer.startswith("answered"):
        return "it rang before it was answered" if value == "yes" else "it was answered without ringing"
    return "a phone rang before the end" if value == "yes" else "no phone rang before the refusal"


def _refused_after(evidence: Evidence, value: str) -> str:
    after, code = _seconds(evidence.seconds), evidence.code
    return {
        "at_the_door": f"a {code} after {after} without 100: refused at the door, before anybody else was asked",
        "quick": f"a {code} within {after}: the carrier itself decided",
        "usual": f"a {code} after {after}, as long as it takes to ask a further network or a phone",
        "slow": f"a {code} only after {after}: somebody was looked for",
        "late": f"a {code} as late as after {after}",
    }[value]


def _rang_for(evidence: Evidence, value: str) -> str:
    for_so_long = _seconds(evidence.rang_for)
    return {
        "a_moment": f"it rang for {for_so_long}, too short for a person",
        "pushed_away": f"it rang for {for_so_long}, as long as it takes to look at the display",
        "some_rings": f"it rang for {for_so_long}, as long as it takes to come to the phone",
        "many_rings": f"it rang for {for_so_long}",
        "mailbox_time": f"it rang for {for_so_long}, when mailboxes take over",
        "rung_out": f"it rang for {for_so_long}, as long as a network lets it",
    }[value]


_HEARD: Final = {
    "sit": "a special information tone, which announces why a call does not go through",
    "sit_number": "the tone of a vacant circuit, which says that there is no such number",
    "sit_gone": "the intercept tone, which says that the number has changed or is out of service",
    "sit_reorder": "the tone of a call that has failed in the network",
    "sit_no_circuit": "the tone for no free circuit in the network",
    "unobtainable": "the tone of a number that cannot be reached",
    "congestion": "the congestion tone: no line or route was free",
    "busy": "the busy tone",
    "ringback": "ringing",
    "speech": "speech or other sound, as of an announcement",
    "silence": "silence, where early media was promised",
}


def _heard(evidence: Evidence, value: str) -> str:
    told = f" ({_legible(evidence.sound)})" if evidence.sound and value != "silence" else ""
    return f"before the end was heard {_HEARD[value]}{told}"


def _topic(evidence: Evidence, value: str) -> str:
    text = next((text for topic, text in evidence.topics if topic == value), "")
    return f'the carrier\'s words speak of {_TOPICS[Topic(value)]}: "{_legible(text)}"'


def _retry_after(evidence: Evidence, value: str) -> str:
    if value == "no":
        return "the carrier names no time to call again"
    if evidence.retry_after is None:
        return "the carrier names a time to call again, but it can't be read"
    return f"the carrier names a time to call again, {evidence.retry_after} s"


def _location(evidence: Evidence, value: str) -> str:
    return f"the refusal arose at {value}: {LOCATIONS[value][1]}"


def _pairs(**said: str) -> Callable[[Evidence, str], str]:
    return lambda evidence, value: said[value]


_SAID: Final[dict[str, Callable[[Evidence, str], str]]] = {
    "rang": _rang,
    "refused_after": _refused_after,
    "rang_for": _rang_for,
    "announcement": _pairs(
        yes="media came before the refusal: an announcement is likely", no="no announcement came before the refusal"
    ),
    "heard": _heard,
    "retry_after": _retry_after,
    "warning": _pairs(
        media="a Warning speaks of the media", other="a Warning speaks of something else than media", none="no Warning"
    ),
    "stir": _pairs(yes="a Reason tells of STIR", no="no Reason tells of STIR"),
    "new_contact": _pairs(yes="a Contact leads to another number", no="no Contact leads to another number"),
    "location": _location,
    "topic": _topic,
    "number_form": lambda evidence, value: _FORMS[value],
    "number_length": _pairs(
        short="the number has few digits",
        usual="the number has as many digits as numbers have",
        long=f"the number has more than {MOST_DIGITS} digits",
    ),
    "region": lambda evidence, value: _REGIONS[value],
    "caller": _pairs(shown="a caller ID was shown", hidden="the caller ID was hidden"),
    "challenged": _pairs(
        yes="the call was sent to one address more than once, as after a challenge", no="there was no challenge"
    ),
    "load": _pairs(
        alone="no other call of this run was up",
        some="some other calls of this run were up",
        many="many other calls of this run were up",
    ),
    "hung_up_by": _pairs(us="we hung up", peer_at_once="the other side hung up at once", peer="the other side hung up"),
}

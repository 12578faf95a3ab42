"""From what was seen of a call to what tells something: a few features, each with one of a few stated values.

A diagnosis has no use for "final response 0.183 s after the INVITE"; it wants "refused quickly, with 100 before". So
each feature has bands or kinds, listed in `FEATURES`; the table of causes says how likely each is for each cause. A
feature that a call cannot show (how long it rang, where nothing rang) is left out rather than guessed.

Code, phrase and what a 603 says of blocking depend on each other so closely that they make one feature, `answer`.
Times are measured so that the distance to the carrier drops out: from the first response, where there was one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from simcarrier.records.audio import Sound, What
from simcarrier.records.observation import Observation, Outcome
from simcarrier.sip.block_codes import Block, BlockKind, find_card, read_block
from simcarrier.sip.reason import Q850_CAUSES, Reasons, parse_reason
from simcarrier.sip.status import PHRASES

from .hints import Topic, is_own_field, topics_in
from .numbers import form_of, market_of

FEATURES: Final[Mapping[str, tuple[str, ...]]] = {
    "rang": ("yes", "no"),
    "refused_after": ("at_the_door", "quick", "usual", "slow", "late"),
    "rang_for": ("a_moment", "pushed_away", "some_rings", "many_rings", "mailbox_time", "rung_out"),
    "announcement": ("yes", "no"),
    "heard": (
        "sit",
        "sit_number",
        "sit_gone",
        "sit_reorder",
        "sit_no_circuit",
        "unobtainable",
        "congestion",
        "busy",
        "ringback",
        "speech",
        "silence",
    ),
    "retry_after": ("yes", "no"),
    "warning": ("media", "other", "none"),
    "new_contact": ("yes", "no"),
    "stir": ("yes", "no"),
    "location": ("U", "LPN", "LN", "TN", "RLN", "RPN", "INTL", "BI"),
    "topic": tuple(Topic),
    "number_form": ("plus", "international_prefix", "seven", "eight", "zero", "digits", "name"),
    "number_length": ("short", "usual", "long"),
    "region": ("49", "7", "1", "other"),
    "caller": ("shown", "hidden"),
    "challenged": ("yes", "no"),
    "load": ("alone", "some", "many"),
    "hung_up_by": ("us", "peer_at_once", "peer"),
}
"""The features beside `answer` and the Q.850 cause, and their values."""

OUTCOMES: Final = ("answered", "answered+607", "silent", "stalled", "rang_out", "transport_failed", "unresolved",
                   "unauthorised", "interrupted")  # fmt: skip
"""Answers that are no codes. ``answered+607``: answered, and hung up as unwanted (RFC 8197)."""

BLOCKS: Final = {BlockKind.CONFORMANT: "603+", BlockKind.PARTIAL: "603~"}
"""Answers that say more than the code: a 603+ as the standard has it, or damaged."""

AT_THE_DOOR: Final = 0.5
"""Seconds: refused sooner, without 100, is refused before anybody else was asked. RFC 3261 section 17.2.1 has 100 sent
after 200 ms if nothing else is said; the rest is for the way."""

REFUSAL_BANDS: Final = ((0.25, "quick"), (1.2, "usual"), (5.0, "slow"))
"""Seconds from the first response to the refusal, and the band up to there; later is ``late``. A database at hand
answers within a quarter of a second, a further network within one; five seconds are a search for a phone."""

RINGING_BANDS: Final = (
    (1.0, "a_moment"), (3.6, "pushed_away"), (9.0, "some_rings"), (18.0, "many_rings"), (28.0, "mailbox_time"),
)  # fmt: skip
"""Seconds of ringing, and the band up to there; longer is ``rung_out``. An app decides within a second or three, a
person needs a ring or two, mailboxes take over after 15 to 30 s, exchanges end a call after half a minute or more."""

SHORT_TALK: Final = 3.0
"""Seconds: hung up by the other side sooner, nobody has listened."""

FEWEST_DIGITS: Final = 8
"""A number with its country code that has fewer digits is short; E.164 allows them, few countries have them."""
MOST_DIGITS: Final = 15

SOME_CALLS: Final = 2
MANY_CALLS: Final = 10

HIDDEN: Final = frozenset({"anonymous", "restricted", "unavailable", "unknown", "private", "withheld"})
"""User parts that stand for a hidden number (RFC 3323 has the first)."""

_REFUSING: Final = frozenset({Outcome.REFUSED, Outcome.REDIRECTED, Outcome.UNAUTHORISED})


@dataclass(frozen=True, slots=True)
class Evidence:
    """What tells something.

    Attributes:
        answer: a code, one of `OUTCOMES`, or a code with what a 603 says of blocking.
        code, phrase: of the final response; None and empty if there was none.
        usual_phrase: the phrase is the one that RFCs have for the code.
        block: what the final response says of blocking, contacts included.
        cause: the Q.850 cause of the Reason, 1 to 127; None if none was told.
        location: where in the network that arose.
        sip_cause: the SIP cause of the Reason; None if none was told.
        card: where the signed card of a 608 is to be found.
        new_contact: the number or address that a Contact leads to instead; None if there is none.
        retry_after: seconds; None if the carrier did not say.
        sound: what was heard before the end, in words; empty if nothing was.
        topics: what words of the carrier speak of, each with the text.
        seconds: to the final response.
        rang_for: seconds of ringing before the end; None if nothing rang.
        known: the features and their values, for the table.
    """

    answer: str
    code: int | None
    phrase: str
    usual_phrase: bool
    block: Block
    cause: int | None
    location: str | None
    sip_cause: int | None
    card: str | None
    new_contact: str | None
    retry_after: int | None
    topics: tuple[tuple[Topic, str], ...]
    seconds: float | None
    rang_for: float | None
    sound: str
    known: tuple[tuple[str, str], ...]

    def value(self, feature: str) -> str | None:
        """The value of a feature; None if the call does not show it."""
        return next((value for name, value in self.known if name == feature), None)

    @property
    def key(self) -> tuple[object, ...]:
        """All that the table looks at: two calls with the same key get the same diagnosis."""
        return self.answer, self.cause, self.known

    def __hash__(self) -> int:
        return hash(self.key)


def read_evidence(seen: Observation, *, timed: bool = True) -> Evidence:
    """What an observation shows; never raises, whatever a carrier has sent.

    Args:
        seen: the call.
        timed: whether its times are real ones; without, features of time are left out.
    """
    final = seen.final
    rang_at = _rang_at(seen)
    fields: Mapping[str, tuple[str, ...]] = {} if final is None else final.headers
    reasons = parse_reason(fields.get("reason", ()))
    code = None if final is None else final.code
    phrase = "" if final is None else final.phrase
    block = _block(code, phrase, fields)
    by_cause = None if block.kind in BLOCKS else next(
        (value for value in reasons.values if value.protocol == "Q.850" and value.cause in Q850_CAUSES), None
    )  # fmt: skip
    sip = reasons.of("SIP")
    cause = None if by_cause is None else by_cause.cause
    usual = code is not None and (not phrase or phrase.strip().lower() == PHRASES.get(code, "").lower())
    topics = topics_in(_texts(seen, fields, "" if usual or block.is_block else phrase, reasons))
    known: list[tuple[str, str]] = []
    _timing(seen, rang_at, timed, known)
    if by_cause is not None and by_cause.location in FEATURES["location"]:
        known.append(("location", by_cause.location or ""))
    retry_after = elsewhere = None
    if code is not None and code >= 300 and seen.outcome in _REFUSING:
        retry_after = _retry_after(fields)
        known.append(("retry_after", "yes" if "retry-after" in fields else "no"))
        known.append(("warning", _warning(fields)))
        known.append(("stir", "no" if reasons.of("STIR") is None else "yes"))
        if code < 400 or "contact" in fields:
            elsewhere = _leads_elsewhere(fields, seen.called)
            known.append(("new_contact", "no" if elsewhere is None else "yes"))
    known += [("topic", topic) for topic, _ in topics]
    _parties(seen, known)
    rang_for = None
    if rang_at is not None:
        end = final.at if final is not None else seen.gave_up
        rang_for = None if end is None or not timed else max(0.0, end - rang_at)
    return Evidence(
        _answer(seen, block, code),
        code,
        phrase,
        usual,
        block,
        cause,
        None if by_cause is None else by_cause.location,
        None if sip is None else sip.cause,
        find_card(fields.get("call-info", ()))[0] if block.kind is BlockKind.REJECTED else None,
        elsewhere,
        retry_after,
        topics,
        final.at if final is not None and timed else None,
        rang_for,
        ", ".join(dict.fromkeys(str(one) for one in early_sounds(seen) if one.what is not What.SILENCE)),
        tuple(known),
    )


def _block(code: int | None, phrase: str, fields: Mapping[str, tuple[str, ...]]) -> Block:
    if code is None or code < 300:
        return Block(BlockKind.NONE)
    return read_block(code, phrase, fields.get("reason", ()), fields.get("call-info", ()))


def _answer(seen: Observation, block: Block, code: int | None) -> str:
    outcome = seen.outcome
    if outcome is Outcome.ANSWERED:
        said = parse_reason(seen.bye.get("reason", ()))
        return "answered+607" if any(value.cause == 607 for value in said.values) else "answered"
    if outcome is Outcome.UNAUTHORISED or (outcome is not None and (code is None or outcome not in _REFUSING)):
        return outcome.value
    if code is None or code < 200:
        return Outcome.INTERRUPTED.value
    if code < 300:
        return "answered"
    if block.kind is BlockKind.REJECTED:
        return "608"
    return BLOCKS.get(block.kind, str(code))


_SIT: Final = {
    "VC": "sit_number", "IC": "sit_gone", "RO'": "sit_reorder", "RO''": "sit_reorder", "NC'": "sit_no_circuit",
    "NC''": "sit_no_circuit",
}  # fmt: skip
"""What the classes of special information tones tell; the others tell only that an announcement follows."""

_SOUNDS: Final = {
    What.UNOBTAINABLE: "unobtainable", What.CONGESTION: "congestion", What.BUSY: "busy", What.RINGBACK: "ringback",
    What.SOUND: "speech", What.SILENCE: "silence",
}  # fmt: skip
"""Sounds beside those tones, the most telling first. A dial tone tells nothing of a call."""


def early_sounds(seen: Observation) -> tuple[Sound, ...]:
    """What was heard before the call was answered; nothing if nobody listened."""
    return () if seen.audio is None else seen.audio.before(seen.answered)


def _rang_at(seen: Observation) -> float | None:
    """When it began to ring: as 180 says, or as was heard."""
    said = [one.at for one in seen.provisionals if one.code == 180]
    heard = [one.begin for one in early_sounds(seen) if one.what is What.RINGBACK]
    return min((*said, *heard), default=None)


def _heard(sounds: Sequence[Sound]) -> str | None:
    """The most telling of what was heard; None if nothing was."""
    classes = [_SIT.get(one.sit or "", "sit") for one in sounds if one.what is What.SIT]
    if classes:
        return classes[0]
    kinds = {one.what for one in sounds}
    return next((name for what, name in _SOUNDS.items() if what in kinds), None)


def _timing(seen: Observation, rang_at: float | None, timed: bool, known: list[tuple[str, str]]) -> None:
    """Whether and how long it rang, how soon it was refused, an announcement."""
    final = seen.final
    if final is None and seen.outcome is not Outcome.RANG_OUT:
        return
    rang = rang_at is not None
    # Where the calls cross the telephone network it may ring as early media: 183 for seconds before the end.
    early = next((one.at for one in seen.provisionals if one.sdp and one.code != 180), None)
    end = final.at if final is not None else seen.gave_up
    if not timed:
        if rang or seen.provisionals:
            known.append(("rang", "yes" if rang else "no"))
        return
    known.append(("rang", "yes" if rang else "no"))
    if end is None:
        return
    refused = final is not None and final.code >= 300
    heard = None if seen.outcome is Outcome.ANSWERED else _heard(early_sounds(seen))
    if rang_at is not None:
        known.append(("rang_for", _band(end - rang_at, RINGING_BANDS, "rung_out")))
    elif refused and final is not None:
        # With an announcement the refusal waits for its end: it was decided when that began.
        decided = final.at if heard is None or early is None else early
        known.append(("refused_after", _refused_after(seen, final.at, decided)))
    if heard is not None:
        known.append(("heard", heard))
    elif not rang and refused:
        known.append(("announcement", "no" if early is None else "yes"))
    if seen.outcome is Outcome.ANSWERED and seen.hung_up_by is not None:
        talked = None if seen.ended is None or seen.answered is None else seen.ended - seen.answered
        if seen.hung_up_by == "us":
            known.append(("hung_up_by", "us"))
        else:
            known.append(("hung_up_by", "peer_at_once" if talked is not None and talked < SHORT_TALK else "peer"))


def _refused_after(seen: Observation, final: float, decided: float) -> str:
    first = seen.provisionals[0].at if seen.provisionals else None
    if first is None and final <= AT_THE_DOOR:
        return "at_the_door"
    return _band(decided - (first or 0.0), REFUSAL_BANDS, "late")


def _band(seconds: float, bands: Iterable[tuple[float, str]], last: str) -> str:
    return next((name for limit, name in bands if seconds < limit), last)


def _texts(seen: Observation, fields: Mapping[str, tuple[str, ...]], phrase: str, reasons: Reasons) -> Iterable[str]:
    """Where carriers write what they like."""
    if phrase:
        yield phrase
    for value in reasons.values:
        # The name of the cause itself says no more than its number.
        if value.text and value.text.lower() != Q850_CAUSES.get(value.cause or 0, "").lower():
            yield value.text
    for name, values in fields.items():
        if is_own_field(name) or name in ("warning", "error-info"):
            yield from values
    for value in parse_reason(seen.bye.get("reason", ())).values:
        if value.text:
            yield value.text


def _retry_after(fields: Mapping[str, tuple[str, ...]]) -> int | None:
    for value in fields.get("retry-after", ()):
        digits = value.strip().split(";")[0].split("(")[0].strip()
        if digits.isascii() and digits.isdigit() and len(digits) <= 9:
            return int(digits)
    return None


def _warning(fields: Mapping[str, tuple[str, ...]]) -> str:
    codes = [value.strip()[:3] for value in fields.get("warning", ())]
    if not codes:
        return "none"
    # RFC 3261 section 20.43: 300 to 307 and 370 speak of media, 399 of anything.
    return "media" if any(code[:2] == "30" or code == "370" for code in codes) else "other"


def _leads_elsewhere(fields: Mapping[str, tuple[str, ...]], called: str) -> str | None:
    """The number in a Contact, if it is another than the one called."""
    digits = "".join(character for character in called if character in "0123456789")
    for value in fields.get("contact", ()):
        user = value.partition(":")[2].partition("@")[0].partition(";")[0]
        other = "".join(character for character in user if character in "0123456789")
        if other and other != digits:
            return user
    return None


def _parties(seen: Observation, known: list[tuple[str, str]]) -> None:
    """What is known of the numbers, of the caller's set-up, and of the load."""
    called = seen.called
    if called:
        form, digits = form_of(called)
        known.append(("number_form", form))
        if form != "name":
            length = "short" if digits < FEWEST_DIGITS else "long" if digits > MOST_DIGITS else "usual"
            known.append(("number_length", length))
            known.append(("region", market_of(called, form)))
    if seen.caller:
        known.append(("caller", "hidden" if seen.caller.lower() in HIDDEN else "shown"))
    targets = seen.targets
    if targets and seen.outcome is not Outcome.UNAUTHORISED:
        # Where what came before is not known, the same address twice tells of it.
        again = not seen.earlier and any(one == other for one, other in pairwise(targets))
        again = again or any(one.code in (401, 407) for one in seen.earlier)
        known.append(("challenged", "yes" if again else "no"))
    load = "alone" if seen.concurrent < SOME_CALLS else "some" if seen.concurrent < MANY_CALLS else "many"
    known.append(("load", load))

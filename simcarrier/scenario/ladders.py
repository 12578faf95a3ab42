"""Which steps can follow which.

A ladder is what the carrier sends for one call, in order and in time. RFC 3261 section 17.2.1 allows any
number of provisional responses and then one final; what would be sent after that, or never takes effect, is
a slip in the scenario and better told when it is read. Only the keywords are needed for that, so a ladder
whose steps have faults of their own is checked all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

PROVISIONAL = frozenset({"trying", "ringing", "progress"})
FINAL = frozenset({"respond", "answer", "silence"})
SENDING = PROVISIONAL | {"respond", "answer"}

UNDESCRIBED = {"progress": "mute progress", "answer": "mute answer"}
"""What stands for these steps if they have no session description."""

AFTER_RESPOND = frozenset({"wait", "duplicate", "drop", "lose"})
"""After a failure response only losses and repetitions still have a meaning."""

AFTER_ANSWER = frozenset({"wait", "duplicate", "drop", "lose", "hang_up", "play"})


def ladder_faults(keywords: Sequence[str | None]) -> Iterator[tuple[int, str]]:
    """The places (counted from 0) and faults of a ladder.

    Args:
        keywords: the steps' keywords; ``lose`` stands for ``drop: N``, those of `UNDESCRIBED` for responses
            without a session description, None for a step that could not be read.
    """
    ended: str | None = None
    sent = answered = described = False
    for place, seen in enumerate(keywords):
        keyword = None if seen is None else _WRITTEN.get(seen, seen)
        described = described or seen in UNDESCRIBED or seen is None
        if ended in ("silence", "drop"):
            said = "nothing is ever sent" if ended == "silence" else "every message is lost"
            yield place, f"is never reached: after {ended} {said}"
            return
        if ended == "hang_up":
            yield place, "is never reached: hang_up ends the call"
            return
        if keyword == "play" and not described and ended != "respond":
            yield place, "play needs a progress or an answer with a session description before it"
        if keyword == "hang_up" and not answered:
            yield place, "hang_up needs an answer before it: a call that was not answered cannot be hung up"
        elif ended == "respond" and keyword is not None and keyword not in AFTER_RESPOND:
            yield place, f"{_named(keyword)} cannot come after respond, which ends the call"
        elif ended == "answer" and keyword is not None and keyword not in AFTER_ANSWER:
            yield place, f"{_named(keyword)} cannot come after answer: the call is up"
        elif keyword == "duplicate" and not sent and None not in keywords[:place]:
            yield place, "duplicate needs a response before it to send again"
        if keyword == "wait" and place == len(keywords) - 1:
            yield place, "waits for nothing: no step follows; add one, or silence if nothing is to follow"
        sent = sent or keyword in SENDING
        answered = answered or keyword == "answer"
        if keyword in FINAL or keyword in ("drop", "hang_up"):
            ended = keyword
    if keywords and ended is None and None not in keywords and keywords[-1] != "wait":
        yield (
            len(keywords) - 1,
            "leaves the call open: end the ladder with answer, respond, silence or drop",
        )


_WRITTEN = {mute: written for written, mute in UNDESCRIBED.items()}


def _named(keyword: str) -> str:
    return "drop" if keyword == "lose" else keyword

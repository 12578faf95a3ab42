"""One probed call as it was seen on the wire: facts and no opinion.

What a diagnosis is made of, what `simcarrier probe --json` tells, and what an evidence file keeps. Times are seconds
since the INVITE, save `started`. Only what was received counts as a response: a call that we gave up, or that could not
be sent, has an `outcome` that says so and no code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from simcarrier.sip.field_names import canonical

from .audio import Audio

TELLING = frozenset(
    {
        "allow",
        "call-info",
        "contact",
        "content-type",
        "error-info",
        "feature-caps",
        "identity",
        "proxy-authenticate",
        "reason",
        "require",
        "retry-after",
        "server",
        "user-agent",
        "warning",
        "www-authenticate",
    }
)
"""Header fields worth keeping, by canonical name; beside them every one of `OWN_FIELDS`."""

OWN_FIELDS = ("x-", "p-")
"""How the names of fields begin that carriers have made up."""

MOST_FIELDS = 32
LONGEST_VALUE = 4096
"""Characters of one value: a 608 may carry its jCard as a data: URI."""


class Outcome(StrEnum):
    """How a probed call went, as far as its messages tell."""

    ANSWERED = "answered"
    REFUSED = "refused"
    REDIRECTED = "redirected"
    STALLED = "stalled"
    """A provisional response, then nothing for longer than the stall limit."""
    SILENT = "silent"
    """No response at all."""
    RANG_OUT = "rang_out"
    """It rang longer than the ringing limit."""
    UNAUTHORISED = "unauthorised"
    """The credentials were refused, or there were none."""
    TRANSPORT_FAILED = "transport_failed"
    UNRESOLVED = "unresolved"
    """No address was found for the trunk."""
    INTERRUPTED = "interrupted"
    """Given up because the probe was told to stop."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A response as it came.

    Attributes:
        at: seconds since the INVITE.
        code, phrase: the status line.
        headers: the fields that tell something, by canonical lower-case name.
        sdp: it had a session description; before the answer that is early media.
        reliable: it asked for a PRACK.
    """

    at: float
    code: int
    phrase: str
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sdp: bool = False
    reliable: bool = False

    def values(self, name: str) -> tuple[str, ...]:
        """The values of a field."""
        return self.headers.get(name, ())

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        told: dict[str, Any] = {"at": round(self.at, 6), "code": self.code, "phrase": self.phrase}
        if self.headers:
            told["headers"] = {name: list(values) for name, values in self.headers.items()}
        if self.sdp:
            told["sdp"] = True
        if self.reliable:
            told["reliable"] = True
        return told

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Seen:
        """Back from JSON.

        Raises:
            ValueError: it is not what `as_dict` makes.
        """
        try:
            headers = {str(name): tuple(map(str, values)) for name, values in told.get("headers", {}).items()}
            return cls(
                float(told["at"]),
                int(told["code"]),
                str(told["phrase"]),
                headers,
                bool(told.get("sdp", False)),
                bool(told.get("reliable", False)),
            )
        except (AttributeError, KeyError, TypeError) as fault:
            raise ValueError(f"not a response as simcarrier writes it: {fault}") from None


def telling(fields: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """The header fields worth keeping, out of all of a message, by canonical name."""
    kept: dict[str, tuple[str, ...]] = {}
    count = 0
    for spelt, value in fields:
        name = canonical(spelt)
        if name in TELLING or name.startswith(OWN_FIELDS):
            count += 1
            if count > MOST_FIELDS:
                break
            kept[name] = (*kept.get(name, ()), value[:LONGEST_VALUE])
    return kept


@dataclass(slots=True)
class Observation:
    """One probed call.

    Attributes:
        number: its number within the run, from 1.
        trunk: the trunk's name.
        transport: UDP, TCP or TLS.
        remote: the address called, HOST:PORT; empty if none was found.
        caller, called: the numbers, as sent.
        call_id: its Call-ID.
        started: when the INVITE went out, seconds since 1970 UTC.
        outcome: how it went.
        provisionals: the responses of class 1, 100 included, in order.
        earlier: final responses that the call got over: challenges that were answered, a 503 after which the next
            target was tried, redirects that were followed.
        final: the final response; None if none was received before we gave up.
        after: what came after our CANCEL, the final response included.
        gave_up: when we sent CANCEL, or stopped waiting; None if we did not.
        answered: when the 200 came.
        ended: when the call was over.
        hung_up_by: ``us`` or ``peer`` for an answered call; None for others, or while nobody has.
        bye: header fields of the peer's BYE.
        targets: the addresses tried, in order.
        rounds: how many times the INVITE went out with other credentials or to another target.
        concurrent: how many calls of the run were up on this trunk when it began, itself included.
        forks: how many further 2xx with other tags came.
        trouble: what went wrong on our side of the wire, in words.
        audio: what was heard; None if nobody listened.
        notes: what was out of order and did not decide the call, in words, such as a response that was no answer.
    """

    number: int
    trunk: str
    transport: str
    remote: str
    caller: str
    called: str
    call_id: str = ""
    started: float = 0.0
    outcome: Outcome | None = None
    provisionals: list[Seen] = field(default_factory=list)
    earlier: list[Seen] = field(default_factory=list)
    final: Seen | None = None
    after: list[Seen] = field(default_factory=list)
    gave_up: float | None = None
    answered: float | None = None
    ended: float | None = None
    hung_up_by: str | None = None
    bye: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    targets: list[str] = field(default_factory=list)
    rounds: int = 1
    concurrent: int = 1
    forks: int = 0
    trouble: str = ""
    audio: Audio | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def post_dial_delay(self) -> float | None:
        """Seconds from the INVITE to the first response that says more than 100."""
        for seen in self.provisionals:
            if seen.code > 100:
                return seen.at
        return None if self.final is None else self.final.at

    @property
    def rang(self) -> bool:
        """Whether a phone was said to ring, before any final response."""
        return any(seen.code == 180 for seen in self.provisionals)

    @property
    def early_media(self) -> bool:
        """Whether a provisional response had a session description: an announcement, or a ringing tone."""
        return any(seen.sdp for seen in self.provisionals)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "number": self.number,
            "trunk": self.trunk,
            "transport": self.transport,
            "remote": self.remote,
            "from": self.caller,
            "to": self.called,
            "call_id": self.call_id,
            "started": round(self.started, 6),
            "outcome": self.outcome,
            "provisionals": [seen.as_dict() for seen in self.provisionals],
            "earlier": [seen.as_dict() for seen in self.earlier],
            "final": None if self.final is None else self.final.as_dict(),
            "after": [seen.as_dict() for seen in self.after],
            "gave_up": _rounded(self.gave_up),
            "answered": _rounded(self.answered),
            "ended": _rounded(self.ended),
            "hung_up_by": self.hung_up_by,
            "bye": {name: list(values) for name, values in self.bye.items()},
            "targets": self.targets,
            "rounds": self.rounds,
            "concurrent": self.concurrent,
            "forks": self.forks,
            "trouble": self.trouble,
            "audio": None if self.audio is None else self.audio.as_dict(),
            "notes": self.notes,
        }

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Observation:
        """Back from JSON; what is missing is taken for unknown.

        Raises:
            ValueError: it is not what `as_dict` makes.
        """
        try:
            made = cls(
                int(told["number"]),
                str(told["trunk"]),
                str(told["transport"]),
                str(told["remote"]),
                str(told["from"]),
                str(told["to"]),
                str(told.get("call_id", "")),
                float(told.get("started", 0.0)),
            )
            if told.get("outcome") is not None:
                made.outcome = Outcome(told["outcome"])
            made.provisionals = [Seen.from_dict(seen) for seen in told.get("provisionals", ())]
            made.earlier = [Seen.from_dict(seen) for seen in told.get("earlier", ())]
            made.final = None if told.get("final") is None else Seen.from_dict(told["final"])
            made.after = [Seen.from_dict(seen) for seen in told.get("after", ())]
            for name in ("gave_up", "answered", "ended"):
                setattr(made, name, None if told.get(name) is None else float(told[name]))
            made.hung_up_by = told.get("hung_up_by")
            made.bye = {str(name): tuple(map(str, values)) for name, values in told.get("bye", {}).items()}
            made.targets = [str(target) for target in told.get("targets", ())]
            for name in ("rounds", "concurrent"):
                setattr(made, name, int(told.get(name, 1)))
            made.forks = int(told.get("forks", 0))
            made.trouble = str(told.get("trouble", ""))
            if told.get("audio") is not None:
                made.audio = Audio.from_dict(told["audio"])
            made.notes = [str(note) for note in told.get("notes", ())]
        except (AttributeError, KeyError, TypeError) as fault:
            raise ValueError(f"not a probed call as simcarrier writes it: {fault}") from None
        return made


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)

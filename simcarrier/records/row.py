"""One call as a row of a table: the same for a call that was simulated, probed, or imported from a dialler's records.

Times are integers, milliseconds since 1970 UTC, so that every database compares and subtracts them alike; yes and no
are 1 and 0. What is not known is None, and never guessed. `COLUMNS` is the one list of what a row holds: the tables,
the documents and the exports are made from it. Its version goes up when a column comes, goes, or means something else.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from simcarrier.sip.block_codes import BlockKind, read_block
from simcarrier.sip.session import Ending

from .model import CallRecord
from .observation import Outcome

VERSION: Final = 1
"""The version of the row."""

SOURCES: Final = ("carrier", "simulate", "probe", "import")
"""Where rows come from."""

OUTCOMES: Final = ("answered", "refused", "cancelled", "stalled", "silent", "failed")
"""How calls end: a call with provisional responses and no final one has stalled; one without any response is silent;
one that never got to the other side, or whose connection broke, has failed."""

CLASSES_603: Final = ("conformant", "partial", "plain")
"""What a 603 says of blocking: see `simcarrier.sip.block_codes`."""

Value = str | int | None
"""What stands in a column."""


class Column(NamedTuple):
    """A column of the table.

    Attributes:
        name: as in `Row`.
        type: TEXT, BIGINT or INTEGER, which every database knows.
        meaning: in words.
        required: it is never NULL.
    """

    name: str
    type: str
    meaning: str
    required: bool = False


COLUMNS: Final = (
    Column("uid", "TEXT", "what tells the call from all others: the same call again has the same", True),
    Column("source", "TEXT", "`carrier`, `simulate`, `probe` or `import`", True),
    Column("run", "TEXT", "the run that it was part of; of an imported call the mapping"),
    Column("call_id", "TEXT", "its Call-ID, or what the dialler calls it by"),
    Column("attempt", "INTEGER", "which attempt at this number it was, from 1"),
    Column("began", "BIGINT", "when the INVITE went out or came in", True),
    Column("first_response", "BIGINT", "when the first response came, 100 included"),
    Column("ringing", "BIGINT", "when the first of 101 to 199 came"),
    Column("final", "BIGINT", "when the final response came"),
    Column("answered", "BIGINT", "when it was answered"),
    Column("ended", "BIGINT", "when it was over"),
    Column("caller", "TEXT", "the number shown: E.164 with `+` where it is known to be that, else as written"),
    Column("called", "TEXT", "the number called, likewise"),
    Column("dialled", "TEXT", "the number called as it stood on the wire"),
    Column("code", "INTEGER", "the final response's code; NULL if none came, or if it was not told"),
    Column("phrase", "TEXT", "its phrase"),
    Column("reason", "TEXT", 'its Reason header fields, joined by ", "'),
    Column("class_603", "TEXT", "what a 603 says of blocking: `conformant`, `partial` or `plain`"),
    Column("rang", "INTEGER", "1 if a 180 came before the final response, 0 if none did"),
    Column("outcome", "TEXT", "`answered`, `refused`, `cancelled`, `stalled`, `silent` or `failed`"),
    Column("post_dial_delay", "INTEGER", "milliseconds from the INVITE to the first response beyond 100"),
    Column("talk", "INTEGER", "milliseconds from the answer to the end"),
    Column("retry_after", "INTEGER", "seconds of the final response's Retry-After"),
    Column("trunk", "TEXT", "the trunk that it took"),
    Column("customer", "TEXT", "the carrier's customer whose call it was"),
    Column("terminating_carrier", "TEXT", "the carrier of the number called"),
    Column("market", "TEXT", "the market of the number called"),
    Column("condition", "TEXT", "what really happened, where that is known"),
    Column("cause", "TEXT", "what probably happened: the first of the diagnosis"),
    Column("attestation", "TEXT", "A, B or C: how well the caller's network knows the caller"),
)
"""Every column, in order."""

NAMES: Final = tuple(column.name for column in COLUMNS)
"""Their names."""


class Row(NamedTuple):
    """One call; see `COLUMNS` for what each attribute holds."""

    uid: str
    source: str
    run: str | None
    call_id: str | None
    attempt: int | None
    began: int
    first_response: int | None = None
    ringing: int | None = None
    final: int | None = None
    answered: int | None = None
    ended: int | None = None
    caller: str | None = None
    called: str | None = None
    dialled: str | None = None
    code: int | None = None
    phrase: str | None = None
    reason: str | None = None
    class_603: str | None = None
    rang: int | None = None
    outcome: str | None = None
    post_dial_delay: int | None = None
    talk: int | None = None
    retry_after: int | None = None
    trunk: str | None = None
    customer: str | None = None
    terminating_carrier: str | None = None
    market: str | None = None
    condition: str | None = None
    cause: str | None = None
    attestation: str | None = None

    def as_dict(self) -> dict[str, Value]:
        """By the columns' names."""
        return dict(zip(NAMES, values_of(self), strict=True))

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Row:
        """Back from `as_dict`; what is missing is not known, what is more is left out.

        Raises:
            ValueError: a value is not of its column's type, or a required one is missing.
        """
        return row_of(tuple([told.get(name) for name in NAMES]))


values_of: Final[Callable[[Row], tuple[Value, ...]]] = tuple
"""A row's values, in the order of `COLUMNS`."""

_LARGEST: Final = {"TEXT": 0, "INTEGER": 2**31, "BIGINT": 2**63}
_LIMITS: Final = tuple(_LARGEST[column.type] for column in COLUMNS)
"""What whole numbers must be below; 0 for text."""


def row_of(values: tuple[Any, ...]) -> Row:
    """The row with these values, in the order of `COLUMNS`.

    Raises:
        ValueError: there are too few or too many, one is not of its column's type, or a required one is missing.
    """
    if len(values) != len(COLUMNS):
        raise ValueError(f"{len(values)} values where a row has {len(COLUMNS)}")
    for value, limit, column in zip(values, _LIMITS, COLUMNS, strict=True):
        if value is None:
            if column.required:
                raise ValueError(f"{column.name} is missing")
        elif limit:
            if type(value) is not int:
                raise ValueError(f"{column.name} must be a whole number, not {value!r:.60}")
            if not -limit <= value < limit:
                raise ValueError(f"{column.name} is too large: {value!r:.60}")
        elif not isinstance(value, str):
            raise ValueError(f"{column.name} must be text, not {value!r:.60}")
        elif text_for_table(value) is not value:
            raise ValueError(f"{column.name} has a character in it that no table takes: {value!r:.60}")
    return Row(*values)


def uid_of(began: int, *what: object) -> str:
    """What tells a call from all others.

    It begins with the time, so that the indexes of a database grow at their end, where they are quick.

    Args:
        began: milliseconds since 1970.
        what: whatever else identifies the call; the same call must always bring the same.
    """
    told = "\x1f".join([str(part) for part in what]).encode("utf-8", "surrogateescape")
    return f"{began & 0xFFFFFFFFFFF:011x}{hashlib.blake2b(told, digest_size=10).hexdigest()}"


_E164: Final = re.compile(r"\+[1-9][0-9]{1,14}")


def is_e164(number: str) -> bool:
    """Whether a number is written in E.164, its ``+`` included."""
    return _E164.fullmatch(number) is not None


_UNPRINTED: Final = re.compile(r"[\0\ud800-\udfff]")


def text_for_table(text: str) -> str:
    """Text as every database takes it: NUL and what was no UTF-8 on the wire become U+FFFD."""
    if text.isascii() and "\0" not in text:
        return text
    return _UNPRINTED.sub("�", text) if _UNPRINTED.search(text) else text


_TOLD: Final = {BlockKind.CONFORMANT: "conformant", BlockKind.PARTIAL: "partial", BlockKind.PLAIN: "plain"}


def class_of_603(code: int | None, phrase: str | None, reason: tuple[str, ...]) -> str | None:
    """The class of a final response whose Reason header fields are known; None if it is no 603 nor looks like one."""
    return None if code is None else _TOLD.get(read_block(code, phrase or "", reason).kind)


_FAILED: Final = frozenset({Ending.TRANSPORT_FAILED})


def row_of_call(record: CallRecord, run: str | None, source: str = "carrier") -> Row:
    """The row of a call that our own carrier has taken.

    Args:
        record: as its journal has it.
        run: what the run is called; with the call's number it identifies the call.
        source: ``carrier``, or ``simulate``.
    """
    began = round(record.started * 1000)

    def at(after: float | None) -> int | None:
        return None if after is None else round((record.started + after) * 1000)

    code, responded, ended = record.code, record.responded_after, record.ended_after
    answered = code is not None and code < 300
    beyond_100 = [after for after in (record.progress_after, responded) if after is not None]
    first = [after for after in (record.trying_after, *beyond_100) if after is not None]
    caller, called = text_for_table(record.caller), text_for_table(record.called)
    return Row(
        uid_of(began, source, run, record.number, record.call_id),
        source,
        run,
        text_for_table(record.call_id),
        None,
        began,
        at(min(first, default=None)),
        at(record.progress_after),
        at(responded),
        at(responded) if answered else None,
        at(ended),
        caller,
        called,
        called,
        code,
        None if record.phrase is None else text_for_table(record.phrase),
        text_for_table(", ".join(record.reason)) or None,
        class_of_603(code, record.phrase, record.reason),
        int(180 in record.provisional),
        _outcome_of_call(record, bool(first)),
        None if not beyond_100 else round(min(beyond_100) * 1000),
        round((ended - responded) * 1000) if answered and ended is not None and responded is not None else None,
        None if record.retry_after is None else round(record.retry_after),
        record.trunk,
        record.customer,
        None,
        None,
        None if record.condition is None else str(record.condition),
        None,
        record.attestation,
    )


def outcome_of(record: CallRecord) -> str:
    """How a call that our own carrier has taken ended: one of `OUTCOMES`."""
    heard = record.trying_after, record.progress_after, record.responded_after
    return _outcome_of_call(record, heard != (None, None, None))


def _outcome_of_call(record: CallRecord, heard: bool) -> str:
    code = record.code
    if record.cancelled_after is not None and (code is None or code >= 300):
        return "cancelled"
    if code is not None:
        return "answered" if code < 300 else "refused"
    if record.ending in _FAILED:
        return "failed"
    return "stalled" if heard else "silent"


_OUTCOMES: Final = {
    Outcome.ANSWERED: "answered",
    Outcome.REFUSED: "refused",
    Outcome.REDIRECTED: "refused",
    Outcome.UNAUTHORISED: "refused",
    Outcome.STALLED: "stalled",
    Outcome.SILENT: "silent",
    Outcome.RANG_OUT: "cancelled",
    Outcome.INTERRUPTED: "cancelled",
    Outcome.TRANSPORT_FAILED: "failed",
    Outcome.UNRESOLVED: "failed",
}
"""The outcome of a probed call, as rows have it."""


def row_of_probe(told: Mapping[str, Any], run: str | None) -> Row | None:
    """The row of a probed call.

    Args:
        told: what `simcarrier probe --json` tells of it.
        run: what the run is called; with the call's number and Call-ID it identifies the call.

    Returns:
        None if no INVITE went out: the guard refused it, or no address was found for the trunk.

    Raises:
        ValueError: it is not what a probe tells.
    """
    seen = told.get("observation")
    if seen is None:
        return None
    try:
        return _row_of_probe(told, seen, run)
    except (AttributeError, KeyError, TypeError, IndexError, OverflowError) as fault:
        raise ValueError(f"not a probed call as simcarrier tells it: {fault}") from None


def _row_of_probe(told: Mapping[str, Any], seen: Mapping[str, Any], run: str | None) -> Row | None:
    started = float(seen["started"])
    if not started:
        return None
    began = round(started * 1000)

    def at(after: float | None) -> int | None:
        return None if after is None else round((started + after) * 1000)

    provisionals, final = seen["provisionals"], seen["final"]
    code = None if final is None else int(final["code"])
    reasons = () if final is None else tuple(map(str, final.get("headers", {}).get("reason", ())))
    ringing = next((one["at"] for one in provisionals if one["code"] > 100), None)
    responses = [*provisionals, *seen.get("earlier", ()), *([] if final is None else [final])]
    beyond_100 = ringing if ringing is not None else None if final is None else final["at"]
    answered, ended = seen["answered"], seen["ended"]
    retry = None if final is None else _seconds(final.get("headers", {}).get("retry-after", ()))
    causes = told.get("causes") or ()
    called = text_for_table(str(seen["to"]))
    phrase = None if final is None else text_for_table(str(final["phrase"]))
    return Row(
        uid_of(began, "probe", run, seen["number"], seen["call_id"]),
        "probe",
        run,
        text_for_table(str(seen["call_id"])) or None,
        None,
        began,
        at(min((one["at"] for one in responses), default=None)),
        at(ringing),
        None if final is None else at(final["at"]),
        at(answered),
        at(ended),
        text_for_table(str(seen["from"])),
        called,
        called,
        code,
        phrase,
        text_for_table(", ".join(reasons)) or None,
        class_of_603(code, phrase, reasons),
        int(any(one["code"] == 180 for one in provisionals)),
        None if seen["outcome"] is None else _OUTCOMES[Outcome(seen["outcome"])],
        None if beyond_100 is None else round(beyond_100 * 1000),
        None if answered is None or ended is None else round((ended - answered) * 1000),
        retry,
        text_for_table(str(seen["trunk"])),
        None,
        None,
        None,
        None,
        str(causes[0]["condition"]) if causes else None,
        None,
    )


def _seconds(values: tuple[str, ...] | list[str]) -> int | None:
    """The seconds of a Retry-After (RFC 3261 section 20.33); a comment and parameters may follow."""
    found = re.match(r"[ \t]*([0-9]{1,9})(?![0-9])", values[0]) if values else None
    return None if found is None else int(found[1])

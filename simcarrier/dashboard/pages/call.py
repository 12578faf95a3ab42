"""One call: what happened, who decided it and why, its messages, and what a dialler would make of it."""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simcarrier.artefacts.pcap import capture_of
from simcarrier.records.model import CallRecord
from simcarrier.records.row import text_for_table
from simcarrier.records.transcript import Transcript
from simcarrier.web.problems import NOT_FOUND, Problem
from simcarrier.web.search import LONGEST

from .. import templating
from ..calls.diagnosis import AROUND, Told, diagnosis_of_call, diagnosis_of_row
from ..calls.filter_fields import began_of, is_up
from ..calls.stored import call_of
from ..calls.view import MESSAGE, facts_of_row, text_of, view_of
from ..pulse import Parts
from ..running import Running

if TYPE_CHECKING:
    from ..site import Site

CALL: Final = "/calls/{number:int}"
STORED: Final = "/calls/stored/{uid}"

TEMPLATE: Final = "call.html"

PARTS: Final = ("head", "about", "told", "wire")
"""Ids of the parts; the block of each is called ``part_`` and the id."""

LINGERS: Final = 5.0
"""Seconds after its end for which a call is looked at further: for what is sent again, and late answers."""

PCAP: Final = "application/vnd.tcpdump.pcap"
TEXT: Final = "text/plain; charset=utf-8"

MOST_IN_CAPTURE: Final = 2_000
"""Messages of one call in a download."""


class View:
    """What the page shows of a call, as it goes on."""

    def __init__(self, running: Running, record: CallRecord) -> None:
        self._running = running
        self._number = record.number
        self._following = running.messages.follow(record.call_id, running.carrier.wall(0.0))
        self._told: Told | None = None
        self._over = False
        self._parts: Parts = {}

    def parts(self) -> Parts:
        """The HTML of each part."""
        record = None if self._over else self._running.api.seen.call(self._number)
        if record is None:  # a reset has taken it out of sight, or nothing more will come
            return self._parts
        transcript = self._following.look()
        if self._told is None and not is_up(record):
            self._told = diagnosis_of_call(record, transcript.messages, _before(self._running))
        values = {"call": view_of(record, transcript), "told": self._told, "message": MESSAGE}
        self._parts = {name: templating.block(TEMPLATE, f"part_{name}", values) for name in PARTS}
        self._over = not _goes_on(self._running, record)
        return self._parts


def call_routes(site: Site) -> list[Route]:
    """The routes of single calls."""
    running, book = site.sources.running, site.sources.book

    def wanted(request: Request) -> tuple[Running, CallRecord]:
        number: int = request.path_params["number"]
        if running is None:
            raise Problem(NOT_FOUND, "no carrier runs here; the calls that are stored are on the page Calls")
        record = running.api.seen.call(number)
        if record is None:
            later = " or look for it among the stored calls" if book is not None else ""
            raise Problem(
                NOT_FOUND,
                f"there is no call {number:,}, or its record is not kept any more: go back to the list of calls{later}",
            )
        return running, record

    async def show(request: Request) -> Response:
        runs, record = wanted(request)
        transcript = _messages(runs, record)
        before = _before(runs)
        # The tables of the diagnosis are read with the first, which takes too long for the carrier's loop.
        told = await asyncio.to_thread(diagnosis_of_call, record, list(transcript.messages), before)
        values = {
            "call": view_of(record, transcript),
            "told": None if is_up(record) else told,
            "message": MESSAGE,
            "live": f"/calls/{record.number}/parts" if _goes_on(runs, record) else None,
            "like": _alike(record.caller, record.code),
            "stored": _link_to_stored(record) if book is not None else None,
        }
        return site.page(request, TEMPLATE, values)

    async def parts(request: Request) -> Response:
        runs, record = wanted(request)
        return site.moving("/calls/parts-of", record.number, View(runs, record).parts)

    async def pcap(request: Request) -> Response:
        runs, record = wanted(request)
        found = list(islice(runs.messages.passed(record.call_id, runs.carrier.wall(0.0)), MOST_IN_CAPTURE))
        if not found:
            raise Problem(
                NOT_FOUND, "the messages of this call are not kept any more: only those of the last calls are"
            )
        return _download(await asyncio.to_thread(capture_of, found), PCAP, f"call-{record.number}.pcap")

    async def text(request: Request) -> Response:
        runs, record = wanted(request)
        told = text_of(record, _messages(runs, record))
        return _download(told.encode("utf-8", "backslashreplace"), TEXT, f"call-{record.number}.txt")

    async def show_stored(request: Request) -> Response:
        uid: str = request.path_params["uid"]
        if book is None:
            raise Problem(NOT_FOUND, "this run keeps no calls: start it with --records calls.db")
        row = None if "\0" in uid else await book.ask(("call", uid), lambda store: call_of(store, uid))
        if row is None:
            raise Problem(NOT_FOUND, "there is no such call in the records: go back to the list of calls")
        told = await asyncio.to_thread(diagnosis_of_row, row)
        values = {
            "row": row,
            "facts": facts_of_row(row),
            "told": told,
            "like": _alike(row.caller, row.code, stored=True),
        }
        return site.page(request, "stored_call.html", values)

    async def unknown(request: Request) -> Response:
        raise Problem(NOT_FOUND, "calls go by their number, such as /calls/1: go back to the list of calls")

    return [
        Route(f"{CALL}.pcap", pcap),
        Route(f"{CALL}.txt", text),
        Route(f"{CALL}/parts", parts),
        Route(CALL, show),
        Route(STORED, show_stored),
        Route("/calls/{rest:path}", unknown),
    ]


def _messages(running: Running, record: CallRecord) -> Transcript:
    return running.messages.of(record.call_id, running.carrier.wall(0.0))


def _before(running: Running) -> list[CallRecord]:
    return list(islice(reversed(running.api.seen.records), AROUND))


def _goes_on(running: Running, record: CallRecord) -> bool:
    """Whether there may be news of a call."""
    if record.ending is None or record.ended_after is None:
        return True
    return running.carrier.wall(running.now()) < record.started + record.ended_after + LINGERS


def _download(content: bytes, kind: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, headers=headers, media_type=kind)


def _alike(caller: str | None, code: int | None, *, stored: bool = False) -> list[tuple[str, str]]:
    """Links to other calls, in words."""
    told = [("calls with this code", f"code:{'none' if code is None else code}")]
    if caller and len(caller) <= LONGEST:
        told.insert(0, ("calls from this number", f"from:{_quoted(caller)}"))
    kept = {"stored": "1"} if stored else {}
    return [(words, f"/calls?{urlencode(kept | {'q': q})}") for words, q in told]


def _link_to_stored(record: CallRecord) -> str:
    """The list of stored calls with this one alone: it is found by its time, at once."""
    began = began_of(record)
    query = {"stored": "1", "after": str(began - 1), "until": str(began)}
    if record.call_id and len(record.call_id) <= LONGEST:
        query["q"] = f"call_id:{_quoted(record.call_id)}"
    return f"/calls?{urlencode(query)}"


def _quoted(text: str) -> str:
    """A text as a filter takes it word by word."""
    escaped = text_for_table(text).replace('"', '""')
    return f'"{escaped}"'

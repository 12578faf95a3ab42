"""What the operations of the control API do, in the carrier's loop; what changes something does so at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

import simcarrier
from simcarrier.carrier.rulebook import Entry
from simcarrier.conditions import MEANINGS, Condition
from simcarrier.scenario.base import suggestion_or_list
from simcarrier.scenario.business.weather import WeatherModel
from simcarrier.scenario.models import Scenario
from simcarrier.service import CarrierService

from . import metrics
from .body import read, text_of
from .bounds import Bounds
from .problems import FORGOTTEN, NOT_FOUND, NOT_READY, UNMET, Problem
from .rules import RuleTable, Standing, read_rules
from .search import ANY, Filter
from .seen import Seen
from .stream import Streams
from .weather import Skies, read_force, read_switch
from .words import answer

_UNBUFFERED = {"X-Accel-Buffering": "no"}
"""Asks proxies to pass events on as they come."""

TOLD = 10
"""Calls that a verdict names."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that has been let in and whose parameters are understood.

    Attributes:
        request: as it came; its body has not been read.
        values: of the parameters, those of the path included.
    """

    request: Request
    values: Mapping[str, Any] = field(default_factory=dict)


class Api:
    """The operations.

    Args:
        carrier: started.

    Attributes:
        seen: its calls.
        streams: the clients that listen.
        delays: the post-dial delays of its calls.
        rules: those in force; who changes them tells the streams, as `put_scenario` does.
        skies: its weather; who changes it tells the streams, as `switch`, `force` and `lift` do.
    """

    def __init__(self, carrier: CarrierService) -> None:
        self._carrier = carrier
        self.seen = Seen(carrier)
        self.streams = Streams(self.seen.listeners)
        self.delays = metrics.Delays()
        self._began = asyncio.get_running_loop().time()
        self.rules = RuleTable(carrier.switch.carrier, carrier.scenario)
        self.skies = Skies(carrier.switch.carrier.business)
        self._metrics = metrics.Metrics(carrier, self.seen, self.delays, lambda: self.rules.names)
        self.seen.tallies.append(self.delays.observe)
        carrier.journal.listeners.append(self.seen.observe)

    def close(self) -> None:
        """The run is over: whoever waits or listens is told."""
        self.seen.close()
        self.streams.end()

    # The run

    async def health(self, asked: Asked) -> Response:
        """It runs."""
        return answer({"status": "up"})

    async def ready(self, asked: Asked) -> Response:
        """It takes calls."""
        if self.seen.closing:
            raise Problem(NOT_READY, "the run is ending")
        return answer({"status": "ready"})

    async def metrics(self, asked: Asked) -> Response:
        """Figures for Prometheus."""
        return Response(self._metrics.text(), media_type=metrics.MEDIA_TYPE)

    async def carrier(self, asked: Asked) -> Response:
        """What runs, where, and its figures."""
        carrier, switch = self._carrier, self._carrier.switch
        trunks = switch.carrier.business.world.trunks
        codes = sorted(self.seen.kinds.items(), key=lambda item: item[0][0] or 0)
        by_code: dict[str, int] = {}
        for (code, _, _), number in codes:
            name = "none" if code is None else str(code)
            by_code[name] = by_code.get(name, 0) + number
        told = {
            "name": carrier.scenario.name,
            "version": simcarrier.__version__,
            "dialect": str(carrier.scenario.carrier.dialect),
            "uri": carrier.uri,
            "addresses": [str(address) for address in carrier.addresses],
            "revision": self.rules.revision,
            "calls": {
                "ended": self.seen.ended,
                "up": sum(1 for _ in self.seen.up()),
                "forgotten": self.seen.forgotten,
                "last": switch.taken,
            },
            "codes": by_code,
            "lines": [
                {"trunk": trunk.name, "total": trunk.total, "in_use": trunk.in_use}
                for trunk in (trunks.shared, *trunks.all)
                if trunk.total is not None
            ],
        }
        return answer(told)

    async def expectations(self, asked: Asked) -> Response:
        """The scenario's expectations, judged as if the run ended now."""
        judge = self._carrier.judge
        outcomes = () if judge is None else judge()
        return answer({"expectations": [outcome.as_dict() for outcome in outcomes]})

    async def reset(self, asked: Asked) -> Response:
        """Begin anew."""
        self.begin_anew(asked.values["only"])
        return answer({"revision": self.rules.revision})

    def begin_anew(self, only: str | None = None) -> None:
        """Go back to the beginning with ``rules``, ``weather`` or ``calls``; None: with all of them."""
        if only in (None, "rules"):
            self.rules.restore()
        if only in (None, "weather"):
            self.skies.reset()
        if only in (None, "calls"):
            self.seen.reset()
            self.rules.count_anew()
        self.streams.tell("reset", {"only": only, "revision": self.rules.revision})

    # Rules

    async def list_rules(self, asked: Asked) -> Response:
        """The rules in force."""
        by_rule = {id(each.rule): each for each in self.rules.standing}
        return answer(self._told([by_rule[id(entry.rule)] for entry in self._entries]))

    async def add_rules(self, asked: Asked) -> Response:
        """More rules."""
        given = await read(await text_of(asked.request), lambda text: read_rules(text, self._carrier.scenario))
        made = self.rules.add(given, self.seen.hits(), last=asked.values["place"] == "last")
        self._changed()
        headers = {"Location": f"/v1/rules/{quote(made[0].name, safe='')}"} if len(made) == 1 else {}
        return answer(self._told(made), 201, headers)

    async def replace_rules(self, asked: Asked) -> Response:
        """Other rules."""
        given = await read(await text_of(asked.request), lambda text: read_rules(text, self._carrier.scenario))
        made = self.rules.replace(given, asked.values["revision"], self.seen.hits())
        self._changed()
        return answer(self._told(made))

    async def show_rule(self, asked: Asked) -> Response:
        """One rule."""
        name = asked.values["name"]
        for each in self.rules.standing:
            if each.name == name:
                (told,) = self._told([each])["rules"]
                return answer(told)
        raise Problem(NOT_FOUND, f"there is no rule {name[:100]!r}" + suggestion_or_list(name, self.rules.names))

    async def remove_rule(self, asked: Asked) -> Response:
        """One rule fewer."""
        self.rules.remove(asked.values["name"])
        self._changed()
        return Response(status_code=204)

    def put_scenario(self, scenario: Scenario, revision: int, *, keep: bool) -> None:
        """Put the rules and ladders of another scenario in force, as `RuleTable.exchange` does."""
        self.rules.exchange(scenario, revision, self.seen.hits(), keep=keep)
        self._carrier.scenario = scenario
        self._changed()

    def _changed(self) -> None:
        self.seen.fold(self.rules.names)
        self.streams.tell("rules", {"revision": self.rules.revision, "rules": len(self.rules.standing)})

    @property
    def _entries(self) -> Sequence[Entry]:
        return self._carrier.switch.carrier.rulebook.entries

    def _told(self, standing: Sequence[Standing]) -> dict[str, Any]:
        hits, asks = self.seen.hits(), {id(entry.rule): entry.conditions for entry in self._entries}
        told = [
            {
                "name": each.name,
                "added": each.written is not None,
                "priority": each.rule.priority,
                "asks": {question.field: question.wanted for question in asks[id(each.rule)]},
                "does": each.rule.action.key,
                "written": each.written,
                "hits": max(hits[each.name] - each.hits_before, 0),
            }
            for each in standing
        ]
        return {"revision": self.rules.revision, "rules": told}

    # Weather and conditions

    async def list_weather(self, asked: Asked) -> Response:
        """The fronts."""
        return answer({"weather": [self._front(front.name) for front in self.skies.fronts]})

    async def switch_weather(self, asked: Asked) -> Response:
        """A front on, off, or as the scenario has it."""
        name = asked.values["name"]
        self.skies.front(name)
        return answer(self.switch(name, await read(await text_of(asked.request), read_switch)))

    def switch(self, name: str, how: str) -> dict[str, Any]:
        """Switch a front as `Skies.switch` does; what is told of it."""
        self.skies.switch(name, how)
        told = self._front(name)
        self.streams.tell("weather", told)
        return told

    def _front(self, name: str) -> dict[str, Any]:
        front = self.skies.front(name)
        since_start = asyncio.get_running_loop().time() - self._began
        return {
            "name": front.name,
            "condition": front.condition,
            "switch": "auto" if front.forced is None else "on" if front.forced else "off",
            "holds": front.holds(since_start),
        }

    async def list_conditions(self, asked: Asked) -> Response:
        """All conditions, and which are forced."""
        return answer({"conditions": [self._condition(condition) for condition in Condition]})

    async def force_condition(self, asked: Asked) -> Response:
        """A condition for all calls, or for some."""
        condition = _condition_of(asked)
        parameters = self._carrier.scenario.parameters
        text = await text_of(asked.request, may_be_empty=True)
        model, written = await read(text, lambda text: read_force(text, condition, parameters))
        return answer(self.force(condition, model, written))

    def force(self, condition: Condition, model: WeatherModel, written: Mapping[str, Any]) -> dict[str, Any]:
        """Force a condition as `Skies.force` does; what is told of it."""
        self.skies.force(condition, model, written)
        told = self._condition(condition)
        self.streams.tell("condition", told)
        return told

    async def lift_condition(self, asked: Asked) -> Response:
        """A condition is not forced any more."""
        self.lift(_condition_of(asked))
        return Response(status_code=204)

    def lift(self, condition: Condition) -> None:
        """Force a condition no more."""
        if self.skies.lift(condition):
            self.streams.tell("condition", self._condition(condition))

    def _condition(self, condition: Condition) -> dict[str, Any]:
        return {
            "condition": condition,
            "meaning": MEANINGS[condition].what,
            "forced": self.skies.forced.get(condition),
        }

    # Calls

    async def list_calls(self, asked: Asked) -> Response:
        """The calls that are meant, a page of them."""
        values = asked.values
        found = self.seen.find(Filter.of(values), values["state"])
        rest = [record for record in found if record.number > values["after"]]
        page = rest[: values["limit"]]
        told = {
            "calls": [record.as_dict() for record in page],
            "matching": len(found),
            "next": page[-1].number if len(rest) > len(page) else None,
            "forgotten": self.seen.forgotten,
        }
        return answer(told)

    async def show_call(self, asked: Asked) -> Response:
        """One call."""
        number = asked.values["number"]
        for record in self.seen.find(Filter(), ANY):
            if record.number == number:
                return answer(record.as_dict())
        raise Problem(NOT_FOUND, f"there is no call {number}; calls from before the last reset are out of sight")

    async def near_misses(self, asked: Asked) -> Response:
        """What nearly took calls."""
        values = asked.values
        missed = [record for record in self.seen.find(Filter.of(values), values["state"]) if record.near_misses]
        told = [
            {"call": record.number, "from": record.caller, "to": record.called, **miss._asdict()}
            for record in missed[-values["limit"] :]
            for miss in record.near_misses
        ]
        return answer({"near_misses": told})

    async def verify(self, asked: Asked) -> Response:
        """A verdict on what has come so far."""
        wanted, state, bounds = Filter.of(asked.values), asked.values["state"], Bounds.of(asked.values)
        count = self.seen.count(wanted, state)
        lost = self.seen.forgotten if not wanted.takes_all else 0
        if lost and bounds.holds(count) != bounds.holds(count + lost):
            why = f"{count} calls are seen and {lost} forgotten: reset before what is to be counted"
            raise Problem(FORGOTTEN, why, count=count, forgotten=lost)
        return self._verdict(wanted, state, bounds, count, f"wanted {bounds}, got {count}")

    async def wait(self, asked: Asked) -> Response:
        """A verdict as soon as it is good, or when time is over."""
        values = asked.values
        wanted, state, bounds, timeout = Filter.of(values), values["state"], Bounds.of(values), values["timeout"]
        waiting = asyncio.ensure_future(self.seen.wait(wanted, state, bounds.holds, timeout))
        leaving = asyncio.ensure_future(_until_gone(asked.request))
        try:
            await asyncio.wait({waiting, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():
                raise Problem(UNMET, "the client is gone")
            count = waiting.result()
        finally:
            leaving.cancel()
            waiting.cancel()
        if self.seen.closing and not bounds.holds(count):
            raise Problem(NOT_READY, "the run is ending")
        return self._verdict(wanted, state, bounds, count, f"waited {timeout:g} s for {bounds}, got {count}")

    def _verdict(self, wanted: Filter, state: str, bounds: Bounds, count: int, why: str) -> Response:
        found = [record.number for record in self.seen.find(wanted, state)[-TOLD:]]
        told: dict[str, Any] = {"met": bounds.holds(count), "count": count, "wanted": str(bounds), "calls": found}
        if not told["met"]:
            others = [record for record in self.seen.find(Filter(), ANY) if record.number not in found]
            instead = [
                {"number": each.number, "from": each.caller, "to": each.called, "code": each.code, "rule": each.rule}
                for each in others[-TOLD:]
                if not wanted.takes(each)
            ]
            raise Problem(UNMET, why, **told, instead=instead)
        return answer(told)

    async def events(self, asked: Asked) -> Response:
        """What happens, as it happens."""
        if asked.request.method == "HEAD":
            return Response(media_type="text/event-stream", headers=_UNBUFFERED)
        self.seen.settle()
        stream = self.streams.open(Filter.of(asked.values))
        if self.seen.closing:
            stream.end()
        begun = {"revision": self.rules.revision, "last": self._carrier.switch.taken}
        pieces = stream.pieces((self.streams.sent, "begun", begun), asked.values["for"])
        return _Events(pieces, lambda: self.streams.close(stream))


class _Events(StreamingResponse):
    """A stream that gives its place back however it ends, even if it never began."""

    def __init__(self, pieces: AsyncIterator[bytes], over: Callable[[], None]) -> None:
        super().__init__(pieces, media_type="text/event-stream", headers=_UNBUFFERED)
        self._over = over

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._over()


def _condition_of(asked: Asked) -> Condition:
    name = asked.values["condition"]
    try:
        return Condition(name)
    except ValueError:
        hint = suggestion_or_list(name, [*Condition])
        raise Problem(NOT_FOUND, f"there is no condition {name[:100]!r}{hint}") from None


async def _until_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass

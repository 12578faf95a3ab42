"""The stream of events: in order, filtered, bounded; a slow client is told what it has lost."""

from __future__ import annotations

import asyncio
import json
import threading

import pytest

from simcarrier.client import ControlProblem
from simcarrier.web import stream as room
from simcarrier.web.search import Filter
from simcarrier.web.stream import Stream
from tests.web.kit import Controlled


def test_calls_and_changes_in_order(carrier: Controlled) -> None:
    with carrier.client.events() as events:
        assert events.begun is not None
        assert events.begun.told["revision"] == carrier.client.rules()["revision"]
        carrier.dial("+491")
        carrier.client.add_rules({"to": "+49*", "respond": 480})
        carrier.client.switch("storm", "on")
        carrier.client.force("busy", to="+42")
        carrier.client.lift("busy")
        carrier.client.reset()
        told = [next(iter(events)) for _ in range(6)]
    assert [event.name for event in told] == ["call", "rules", "weather", "condition", "condition", "reset"]
    assert [event.number for event in told] == list(range(told[0].number, told[0].number + 6))
    assert (told[0].told["to"], told[0].told["code"]) == ("+491", 403)
    assert (told[3].told["forced"], told[4].told["forced"]) == ({"to": "+42"}, None)


def test_only_the_calls_that_are_meant(carrier: Controlled) -> None:
    with carrier.client.events(to="+43*") as events:
        carrier.dial("+491")
        carrier.dial("+431")
        assert next(iter(events)).told["to"] == "+431"


def test_a_stream_ends_when_it_was_to(carrier: Controlled) -> None:
    with carrier.client.events(lasts=0.05) as events:
        assert list(events) == []


def test_a_place_is_given_back(carrier: Controlled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_STREAMS", 1)
    for _ in range(3):
        with carrier.client.events(lasts=0.2) as events:
            with pytest.raises(ControlProblem) as raised:
                carrier.client.events()
            assert (raised.value.status, raised.value.kind) == (503, "too-many-clients")
            list(events)


def test_a_client_that_leaves_gives_its_place_back(carrier: Controlled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_STREAMS", 1)
    carrier.client.events().close()
    for _ in range(100):
        try:
            carrier.client.events().close()
        except ControlProblem:
            carrier.settle()
            continue
        return
    pytest.fail("the place was not given back")


def test_the_end_of_the_run_ends_streams_and_waits() -> None:
    with Controlled() as carrier:
        events = carrier.client.events()
        problems: list[ControlProblem] = []

        def wait() -> None:
            try:
                carrier.client.wait(timeout=30)
            except ControlProblem as problem:
                problems.append(problem)

        waiting = threading.Thread(target=wait)
        waiting.start()
        while not carrier.ask(lambda service: carrier.control._api and carrier.control._api.seen._waiters):
            pass
        carrier.stop()
        assert list(events) == []
        events.close()
        waiting.join(5)
        assert [(problem.status, problem.kind) for problem in problems] == [(503, "not-ready")]


async def pieces(stream: Stream, lasts: float | None = 0.0) -> list[tuple[str, dict[str, object]]]:
    """What a client is sent up to the end of the stream."""
    sent = b"".join([piece async for piece in stream.pieces((0, "begun", {}), lasts)])
    told = []
    for event in sent.decode().strip().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in event.splitlines())
        told.append((lines["event"], json.loads(lines["data"])))
    return told


def test_a_slow_client_loses_events_and_is_told_where() -> None:
    async def main() -> list[tuple[str, dict[str, object]]]:
        stream = Stream(Filter(), waiting=3)
        for number in range(5):
            stream.offer((number, "rules", {"n": number}))
        assert stream.lost == 2
        return await pieces(stream)

    assert asyncio.run(main()) == [
        ("begun", {}),
        *[("rules", {"n": number}) for number in range(3)],
        ("lost", {"events": 2}),
    ]


def test_what_is_lost_is_told_before_what_comes_after() -> None:
    async def main() -> list[tuple[str, dict[str, object]]]:
        stream = Stream(Filter(), waiting=2)
        for number in range(3):
            stream.offer((number, "rules", {"n": number}))
        sent = stream.pieces((0, "begun", {}), None)
        assert b"begun" in await anext(sent)
        stream._events.popleft()  # as a client does that reads on
        stream.offer((3, "rules", {"n": 3}))
        stream.end()
        return [(event[1], event[2]) for event in stream._events]  # type: ignore[misc]  # no records here

    assert asyncio.run(main()) == [("rules", {"n": 1}), ("lost", {"events": 1}), ("rules", {"n": 3})]


def test_a_quiet_stream_is_kept_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "QUIET", 0.01)

    async def main() -> bytes:
        sent = Stream(Filter()).pieces((0, "begun", {}), None)
        await anext(sent)
        return await anext(sent)

    assert asyncio.run(main()).startswith(b": ")

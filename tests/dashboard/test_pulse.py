"""What moves: the latest parts for whoever can take them, no more work than there are views, and an end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from simcarrier.dashboard import pulse
from simcarrier.dashboard.pulse import MOST_READERS, Parts, Pulse, Reader
from simcarrier.web.problems import Problem


class View:
    """A view whose parts say how often they were made."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self) -> Parts:
        self.made += 1
        return {"moves": f"<b>{self.made}</b>", "stays": "<i>é</i>"}


async def next_parts(events: AsyncIterator[bytes]) -> dict[str, str]:
    event = await asyncio.wait_for(anext(events), 5)
    assert event.startswith(b"event: parts\ndata: "), event
    assert event.endswith(b"\n\n")
    parts = json.loads(event.removeprefix(b"event: parts\ndata: "))
    assert isinstance(parts, dict)
    return parts


async def opened(beats: Pulse, reader: Reader) -> AsyncIterator[bytes]:
    """A reader's events, past the first line, which is about trying again."""
    beats.open(reader)
    events = reader.events()
    assert (await anext(events)).startswith(b"retry: ")
    return events


def test_a_reader_gets_all_parts_and_then_those_that_have_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "BEAT", 0.01)

    async def main() -> None:
        beats, view = Pulse(), View()
        events = await opened(beats, Reader("view", view))
        assert await next_parts(events) == {"moves": "<b>1</b>", "stays": "<i>é</i>"}
        assert await next_parts(events) == {"moves": "<b>2</b>"}
        await beats.close()

    asyncio.run(main())


def test_a_slow_reader_gets_the_latest_and_costs_one_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "BEAT", 0.0)

    async def main() -> None:
        beats, view, slow, quick = Pulse(), View(), Reader("view", View()), Reader("other", View())
        slow.make = view
        events, others = await opened(beats, slow), await opened(beats, quick)
        while view.made < 100:
            await next_parts(others)
        assert len(slow._due) == len(slow._has) == 2, "nothing queues up"
        assert (await next_parts(events))["moves"] == f"<b>{view.made}</b>"
        await beats.close()

    asyncio.run(main())


def test_a_view_is_made_once_a_beat_however_many_look_and_never_when_nobody_does() -> None:
    async def main() -> None:
        beats, view, other = Pulse(), View(), View()
        readers = [Reader("view", view), Reader("view", view), Reader(("view", 2), other)]
        events = [await opened(beats, reader) for reader in readers]
        assert [await next_parts(each) for each in events] == 3 * [{"moves": "<b>1</b>", "stays": "<i>é</i>"}]
        assert (view.made, other.made) == (1, 1)
        beats.hurry()
        await next_parts(events[0])
        await next_parts(events[1])
        assert (view.made, other.made) == (2, 2)
        for reader in readers:
            beats.leave(reader)
        beats.hurry()
        beating = beats._beating
        assert beating is not None
        await asyncio.wait_for(beating, 5)
        assert (view.made, other.made) == (2, 2)
        again = await opened(beats, readers[0])
        await next_parts(again)
        assert view.made == 3, "it beats again for whoever comes then"
        await beats.close()

    asyncio.run(main())


def test_a_hand_is_seen_at_once() -> None:
    async def main() -> None:
        beats, view = Pulse(), View()
        events = await opened(beats, Reader("view", view))
        await next_parts(events)
        began = asyncio.get_running_loop().time()
        beats.hurry()
        await next_parts(events)
        assert asyncio.get_running_loop().time() - began < pulse.BEAT / 2
        await beats.close()

    asyncio.run(main())


def test_what_takes_long_is_made_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "BEAT", 0.0)
    times = iter(range(0, 1_000, 500))  # half a second for each
    monkeypatch.setattr("simcarrier.dashboard.pulse.time.thread_time", lambda: float(next(times)) / 1000)

    async def main() -> None:
        beats, view = Pulse(), View()
        events = await opened(beats, Reader("view", view))
        await next_parts(events)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(events), 0.1)
        assert view.made == 1

    asyncio.run(main())


def test_the_end_is_told_after_the_last_parts() -> None:
    async def main() -> None:
        beats, view = Pulse(), View()
        events = await opened(beats, Reader("view", view))
        await next_parts(events)
        await beats.close()
        assert await next_parts(events) == {"moves": "<b>2</b>"}
        assert await anext(events) == b"event: over\ndata: {}\n\n"
        assert [event async for event in events] == []
        late = await opened(beats, Reader("view", view))
        assert await anext(late) == b"event: over\ndata: {}\n\n"
        assert view.made == 2

    asyncio.run(main())


def test_a_bug_of_one_view_costs_no_other(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        def broken() -> Parts:
            raise ZeroDivisionError

        beats, view = Pulse(), View()
        await opened(beats, Reader("broken", broken))
        events = await opened(beats, Reader("view", view))
        assert await next_parts(events) == {"moves": "<b>1</b>", "stays": "<i>é</i>"}
        await beats.close()

    asyncio.run(main())
    assert "a page could not be made" in caplog.text


def test_too_many_pages_are_refused() -> None:
    async def main() -> None:
        beats = Pulse()
        for number in range(MOST_READERS):
            beats.open(Reader(number, View()))
        with pytest.raises(Problem) as refused:
            beats.stream("one more", View())
        assert (refused.value.kind.status, refused.value.headers) == (503, {"Retry-After": "5"})
        await beats.close()

    asyncio.run(main())


def test_silence_is_broken_by_a_comment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "QUIET", 0.01)

    async def main() -> None:
        beats = Pulse()
        events = await opened(beats, Reader("view", lambda: {"stays": ""}))
        await next_parts(events)
        assert await anext(events) == b": nothing has changed\n\n"
        await beats.close()

    asyncio.run(main())

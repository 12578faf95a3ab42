"""The fast loop: waiting costs nothing, order and sockets are as ever, and what is done takes no time."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

from simcarrier.testing import fast_loop
from simcarrier.testing.fast_loop import FastLoop


async def pass_by(seconds: float) -> None:
    """Wait so many seconds of the loop's clock, none of ours."""
    await asyncio.sleep(seconds)


def test_an_hour_is_over_at_once_and_lasts_an_hour() -> None:
    async def main() -> float:
        began = asyncio.get_running_loop().time()
        await pass_by(3600)
        return asyncio.get_running_loop().time() - began

    began = time.perf_counter()
    assert fast_loop.run(main()) == pytest.approx(3600)
    assert time.perf_counter() - began < 5


def test_deadlines_are_met_in_order_and_on_time() -> None:
    met: list[tuple[str, float]] = []

    def note(name: str) -> None:
        met.append((name, round(asyncio.get_running_loop().time(), 6)))

    async def main() -> None:
        loop = asyncio.get_running_loop()
        for name, after in (("c", 30.0), ("a", 0.001), ("b", 2.5)):
            loop.call_later(after, note, name)
        await pass_by(31)

    fast_loop.run(main())
    assert met == [("a", 0.001), ("b", 2.5), ("c", 30.0)]


def test_what_is_done_takes_no_time() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        began = loop.time()
        until = time.perf_counter() + 0.02
        while time.perf_counter() < until:
            await asyncio.sleep(0)
        return loop.time() - began

    assert fast_loop.run(main()) == 0


def test_a_datagram_on_its_way_goes_before_the_clock() -> None:
    async def main() -> list[tuple[bytes, float]]:
        loop = asyncio.get_running_loop()
        near, far = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        taken: list[tuple[bytes, float]] = []
        try:
            for end in (near, far):
                end.bind(("127.0.0.1", 0))
                end.setblocking(False)
            loop.add_reader(far, lambda: far.sendto(far.recv(100), near.getsockname()))
            loop.add_reader(near, lambda: taken.append((near.recv(100), loop.time())))
            for n in range(20):
                near.sendto(b"%d" % n, far.getsockname())
                await pass_by(0.5)
        finally:
            for end in (near, far):
                loop.remove_reader(end)
                end.close()
        return taken

    taken = fast_loop.run(main())
    assert [data for data, _ in taken] == [b"%d" % n for n in range(20)]
    assert [when for _, when in taken] == pytest.approx([n * 0.5 for n in range(20)])


def test_without_a_deadline_it_waits_for_the_sockets() -> None:
    async def main() -> str:
        # No timer is set: only the thread's own word ends the wait.
        await asyncio.to_thread(time.sleep, 0.05)
        return "done"

    assert fast_loop.run(main()) == "done"


def test_a_timeout_still_is_one() -> None:
    async def main() -> None:
        async with asyncio.timeout(5):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        fast_loop.run(main())


def test_each_has_a_clock_of_its_own() -> None:
    first, second = FastLoop(), FastLoop()
    try:
        first.run_until_complete(pass_by(7))
        assert first.time() == pytest.approx(7)
        assert second.time() == 0
    finally:
        first.close()
        second.close()

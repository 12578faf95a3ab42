"""Work in slices between which the loop has its turn, and a bell that wakes one who waits."""

from __future__ import annotations

import asyncio

import pytest

from simcarrier.probe.turns import Bell, Turns


def test_work_waits_for_its_turn_and_keeps_its_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simcarrier.probe.turns.SLICE", -1.0)  # one item a turn

    async def run() -> list[object]:
        done: list[object] = []
        turns = Turns(done.append)
        for item in (1, 2, 3):
            turns.add(item)
        assert done == []
        for _ in range(3):
            await asyncio.sleep(0)
            done.append("network")
        return done

    assert asyncio.run(run()) == [1, "network", 2, "network", 3, "network"]


def test_a_slice_is_done_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simcarrier.probe.turns.SLICE", 60.0)

    async def run() -> list[int]:
        done: list[int] = []
        turns = Turns(done.append)
        for item in range(50):
            turns.add(item)
        await asyncio.sleep(0)
        return done

    assert asyncio.run(run()) == list(range(50))


def test_what_is_added_meanwhile_has_its_turn_too() -> None:
    async def run() -> list[int]:
        done: list[int] = []

        def work(item: int) -> None:
            done.append(item)
            if item < 3:
                turns.add(item + 1)

        turns = Turns(work)
        turns.add(0)
        await asyncio.sleep(0.01)
        return done

    assert asyncio.run(run()) == [0, 1, 2, 3]


def test_a_fault_costs_its_item_only() -> None:
    async def run() -> tuple[list[int], list[object]]:
        done: list[int] = []
        faults: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, told: faults.append(told["exception"]))

        def work(item: int) -> None:
            if item == 1:
                raise ValueError("no good")
            done.append(item)

        turns = Turns(work)
        for item in (0, 1, 2):
            turns.add(item)
        await asyncio.sleep(0.01)
        return done, faults

    done, faults = asyncio.run(run())
    assert done == [0, 2]
    assert [str(fault) for fault in faults] == ["no good"]


def test_the_bell() -> None:
    async def run() -> None:
        loop, bell = asyncio.get_running_loop(), Bell()
        bell.ring()  # nobody waits: it is lost
        began = loop.time()
        await bell.wait(began + 0.01)
        assert loop.time() - began >= 0.009
        loop.call_soon(bell.ring)
        loop.call_soon(bell.ring)
        await bell.wait(None)

    asyncio.run(asyncio.wait_for(run(), 5))

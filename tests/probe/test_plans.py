"""The plans that ship: each is explained, and runs against the scenario that its head names, as expected."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from simcarrier.probe.client import Prober
from simcarrier.probe.guard import Guard, Policy
from simcarrier.probe.plan import calls_in
from simcarrier.probe.reading import load_plan
from simcarrier.probe.result import Result
from simcarrier.scenario.load import load
from simcarrier.service import CarrierService
from simcarrier.sip.transport import ListenAddress
from simcarrier.testing import fast_loop

ROOT = Path(__file__).parents[2]
PLANS = sorted((ROOT / "probes").glob("*.yaml"))
RUNNABLE = [path for path in PLANS if "example" not in path.stem]


def story(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    head = text[: text.index("\nname:")]
    assert all(line.startswith("#") for line in head.splitlines())
    return head


def test_all_are_there() -> None:
    names = ["block-codes", "diagnose", "germany", "live-trunk.example", "number-format", "stall"]
    assert [path.stem for path in PLANS] == names


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.stem)
def test_each_is_explained(path: Path) -> None:
    head = story(path)
    assert "# Who needs this: " in head
    assert f"simcarrier probe probes/{path.name}" in head
    assert load_plan(path).description
    assert not re.search(r"password:|passwd", path.read_text(encoding="utf-8"))


async def run(path: Path) -> tuple[list[Result], Prober]:
    (scenario,) = re.findall(r"simcarrier run (scenarios/\S+\.yaml)", story(path))
    listen = [ListenAddress.parse("udp:127.0.0.1:0")]
    async with CarrierService(load(ROOT / scenario), listen=listen, seed=1) as carrier:
        results: list[Result] = []
        plan = load_plan(path, {"trunk": f"udp:{carrier.address}"})
        asks = f"{path.name} --diagnose" in story(path)
        prober = Prober(plan, Guard(Policy()), results.append, diagnose=asks)
        await prober.run()
    return results, prober


@pytest.mark.parametrize("path", RUNNABLE, ids=lambda path: path.stem)
def test_each_comes_to_what_it_expects(path: Path) -> None:
    results, prober = fast_loop.run(run(path))
    assert [(str(each.wanted.called), each.difference) for each in results if not each.as_expected] == []
    assert len(results) == calls_in(prober.plan)
    assert all(each.wanted.expect is not None for each in results)
    assert prober.idle


def test_each_tells_when_it_is_otherwise() -> None:
    """The expectations are such that another carrier does not meet them."""

    async def wrong(path: Path) -> int:
        listen = [ListenAddress.parse("udp:127.0.0.1:0")]
        async with CarrierService(load(ROOT / "scenarios" / "busy-486.yaml"), listen=listen, seed=1) as carrier:
            plan = load_plan(path, {"trunk": f"udp:{carrier.address}"})
            prober = Prober(plan, Guard(Policy()), lambda result: None)
            return (await prober.run()).unexpected

    assert all(fast_loop.run(wrong(path)) == calls_in(load_plan(path)) for path in RUNNABLE)


def test_the_live_example_calls_few_numbers_seldom() -> None:
    plan = load_plan(ROOT / "probes" / "live-trunk.example.yaml")
    trunk = plan.trunks["main"]
    assert plan.allow is not None
    assert all(plan.allow.matches(number) for call in plan.calls for number in call.to)
    assert not plan.allow.matches("+493012345678")
    assert (trunk.password_env, trunk.register_, str(trunk.address)) == (
        "TRUNK_PASSWORD",
        True,
        "tls:sip.carrier.example",
    )
    assert trunk.price is not None
    assert plan.every == 900
    a_day = calls_in(plan) * 86_400 / plan.every
    assert a_day <= plan.caps.calls_per_day
    assert a_day * plan.talk <= plan.caps.talk_per_day
    asyncio.run(_refused(plan.name))


async def _refused(name: str) -> None:
    """Without --live nothing is called, whatever the plan says."""
    plan = load_plan(ROOT / "probes" / "live-trunk.example.yaml")
    assert plan.name == name
    trunk = plan.trunks["main"].model_copy(update={"address": plan.trunks["main"].address.parse("tls:192.0.2.1")})
    results: list[Result] = []
    there = plan.model_copy(update={"trunks": {"main": trunk}})
    prober = Prober(there, Guard(Policy(allow=plan.allow)), results.append, environment={"TRUNK_PASSWORD": "x"})
    await prober.run()
    assert [each.refusal.rule for each in results if each.refusal] == ["live", "live"]

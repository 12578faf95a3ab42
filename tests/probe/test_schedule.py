"""What of a schedule can't be met is told before the first call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from simcarrier.cli.probe import probe as command
from simcarrier.probe.reading import load_plan
from simcarrier.probe.schedule import misfits
from tests.probe.network_kit import CALLED, plan_for

PLANS = sorted((Path(__file__).parents[2] / "probes").glob("*.yaml"))


def told(*, live: bool = True, count: int = 1, **plan: Any) -> list[str]:
    return list(misfits(plan_for("udp:192.0.2.1", to=[CALLED] * count, **plan), live=live))


@pytest.mark.parametrize(
    ("plan", "count", "words"),
    [
        ({"caps": {"talk": "20s", "talk_per_day": "10s"}}, 1, "no call can be made: talk_per_day is 10 s"),
        ({"caps": {"calls_per_day": "2"}}, 3, "3 calls within 24 hours, and the caps allow 2"),
        ({"every": "1m"}, 1, "1440 calls within 24 hours, and the caps allow 100"),
        ({"every": "1m", "rounds": "101", "caps": {"talk_per_day": "1h"}}, 1, "101 calls within 24 hours"),
        ({"talk": "9s", "caps": {"talk_per_day": "20s"}}, 3, "27 s of talk within 24 hours, and the caps allow 20 s"),
        ({"every": "10s", "rounds": "2"}, 3, "a round of 3 calls takes 12 s at least"),
    ],
)
def test_what_can_not_be_met(plan: dict[str, Any], count: int, words: str) -> None:
    assert words in told(count=count, **plan)[0]


def test_the_caps_are_for_live_calls() -> None:
    assert told(live=False, count=300, caps={"calls_per_day": "2", "talk": "20s", "talk_per_day": "10s"}) == []
    assert told(live=False, count=30, every="10s") == [
        "a round of 30 calls takes 29 s at least, so it can't begin again every 10 s: it will begin again at once"
    ]


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.stem)
def test_the_plans_that_ship_can_be_met(path: Path) -> None:
    assert list(misfits(load_plan(path), live=True)) == []


def test_it_is_said_before_the_calls(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(f"""\
name: too often
trunks: {{t: {{address: "udp:192.0.2.1", caller: "+493012345678"}}}}
calls: [{{to: "{CALLED}"}}]
allow: "+49*"
every: 1m
""")
    done = CliRunner().invoke(command, [str(plan), "--live", "--dry-run"], env={"XDG_STATE_HOME": str(tmp_path)})
    assert done.stderr.startswith("simcarrier: note: the plan comes to 1440 calls within 24 hours")
    assert done.exit_code == 0

"""How often it is right, in small: floors under the figures of benchmarks/diagnosis.py, on carriers new and known."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Hashable
from pathlib import Path

import pytest
from diagnosis import diagnosed, questioned
from diagnosis_dialects import random_dialect, write_dialects
from diagnosis_figures import Run, figures, learnt
from diagnosis_runs import DIALECTS, passive_call
from diagnosis_worlds import case

from simcarrier.conditions import Condition

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "diagnosis.py"

SEEDS = range(9000, 9002)
"""Neither the table's makers nor the benchmark have seen these."""


def runs_of(dialects: list[str], seeds: range) -> list[Run]:
    found = [
        (truth, dialect, passive_call(truth, dialect, seed))
        for dialect in dialects
        for truth in Condition
        for seed in seeds
    ]
    return diagnosed(found)[0]


@pytest.fixture(scope="module")
def shipped() -> list[Run]:
    return runs_of(list(DIALECTS), SEEDS)


def test_carriers_that_ship(shipped: list[Run]) -> None:
    made = figures(shipped)
    assert made.top3 / made.ceiling3 >= 0.9
    assert made.top1 >= 0.55
    assert made.error <= 0.12


def test_no_condition_is_never_thought_of(shipped: list[Run]) -> None:
    """Every condition is among the first three at some carrier."""
    thought_of = {run.truth for run in shipped if run.truth in [condition for condition, _ in run.ranked[:3]]}
    # Wrong credentials show by a challenge, and a rule of a scenario sends none.
    assert thought_of >= set(Condition) - {Condition.CREDENTIALS_WRONG}


def test_carriers_that_nobody_has_seen(tmp_path: Path) -> None:
    made = figures(runs_of(write_dialects(tmp_path, range(9000, 9006)), range(1)))
    assert made.top3 >= 0.6  # chance: 3 of 36
    assert made.top1 >= 0.35
    assert made.error <= 0.18


def test_random_carriers_differ_and_can_be_made_again() -> None:
    assert random_dialect(1) == random_dialect(1)
    assert random_dialect(1)["conditions"] != random_dialect(2)["conditions"]


def test_questions_help() -> None:
    pairs = []
    for condition in Condition:
        for dialect in ("germany", "opaque"):
            made = case(condition, dialect, 9000)
            if made is not None:
                pairs.append(questioned(made))
    before, after = figures([one for one, _ in pairs]), figures([one for _, one in pairs])
    assert after.top1 >= before.top1 + 0.08
    assert 0.5 <= after.questions <= 4


def test_the_benchmark_runs(tmp_path: Path) -> None:
    picture = tmp_path / "confusion.svg"
    command = [sys.executable, str(BENCHMARK), "--seeds", "1", "--cases", "0", "--random", "1"]
    done = subprocess.run(
        [*command, "--jobs", "1", "--svg", str(picture)], capture_output=True, text=True, timeout=50, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "| every condition alike |" in done.stdout
    assert "## Dialects made at random" in done.stdout
    assert picture.read_text().startswith("<svg ")


def test_the_yardstick_is_learnt_from_other_carriers_alone() -> None:
    """What shows the condition at every carrier is learnt; what shows it at one's own only is not."""

    def run(truth: Condition, dialect: str, said: str) -> Run:
        return Run(truth, dialect, said, [(truth, 1.0)])

    def said(one: Run) -> list[tuple[str, Hashable]]:
        return [("answer", one.key)]

    alike = [run(each, dialect, each) for each in Condition for dialect in "abc"]
    assert learnt(alike, said) == (1.0, 1.0)
    order = list(Condition)
    turned = [
        run(each, dialect, order[(at + 5 * turn) % len(order)])
        for turn, dialect in enumerate("abc")
        for at, each in enumerate(order)
    ]
    assert learnt(turned, said)[0] == 0.0

"""Which steps can follow which: a table of ladders with their faults."""

from __future__ import annotations

import pytest

from simcarrier.scenario.ladders import ladder_faults

GOOD = [
    "silence",
    "drop",
    "respond",
    "trying silence",
    "trying wait silence",
    "trying wait ringing wait respond",
    "progress progress answer",
    "trying ringing answer hang_up",
    "answer wait hang_up",
    "answer duplicate wait hang_up",
    "trying duplicate respond",
    "respond wait duplicate",
    "lose trying respond lose",
    "trying wait drop",
]

BAD = [
    ("silence trying", 1, "never reached"),
    ("respond respond", 1, "cannot come after respond"),
    ("respond ringing", 1, "cannot come after respond"),
    ("answer ringing", 1, "ringing cannot come after answer"),
    ("answer respond", 1, "respond cannot come after answer"),
    ("answer silence", 1, "cannot come after answer"),
    ("drop respond", 1, "every message is lost"),
    ("hang_up", 0, "needs an answer"),
    ("trying hang_up", 1, "needs an answer"),
    ("respond hang_up", 1, "needs an answer"),
    ("answer hang_up wait answer", 2, "never reached"),
    ("duplicate respond", 0, "needs a response before it"),
    ("lose duplicate respond", 1, "needs a response before it"),
    ("trying wait", 1, "waits for nothing"),
    ("respond wait", 1, "waits for nothing"),
    ("trying ringing", 1, "leaves the call open"),
    ("trying", 0, "leaves the call open"),
]


@pytest.mark.parametrize("ladder", GOOD)
def test_a_ladder_that_makes_sense(ladder: str) -> None:
    assert list(ladder_faults(ladder.split())) == []


@pytest.mark.parametrize(("ladder", "place", "why"), BAD, ids=[case[0] for case in BAD])
def test_a_ladder_that_does_not(ladder: str, place: int, why: str) -> None:
    faults = list(ladder_faults(ladder.split()))
    assert [at for at, _ in faults] == [place]
    assert why in faults[0][1]


def test_a_step_that_could_not_be_read_hides_no_other_fault_and_makes_none() -> None:
    assert list(ladder_faults([None])) == []
    assert list(ladder_faults([None, "duplicate", "respond"])) == []
    assert [at for at, _ in ladder_faults([None, "silence", "respond"])] == [2]

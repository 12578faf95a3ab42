"""Choices: a mix is seeded and keeps its shares, a sequence counts by number, and neither remembers without end."""

from __future__ import annotations

from collections import Counter

import pytest

from simcarrier.carrier import outcomes
from tests.carrier.kit import Exchange

MIX = "calls: [{mix: [{share: 70%, respond: 403}, {share: 20%, respond: 486}, {share: 10%, respond: 603}]}]"


def codes(seed: int, count: int) -> list[int]:
    carrier = Exchange(MIX, seed=seed)
    return [carrier.code() for _ in range(count)]


def test_a_mix_keeps_its_shares() -> None:
    seen = Counter(codes(7, 600))
    assert set(seen) == {403, 486, 603}
    for code, share in ((403, 0.7), (486, 0.2), (603, 0.1)):
        assert abs(seen[code] / 600 - share) < 0.06, seen


def test_a_mix_is_the_same_for_the_same_seed() -> None:
    assert codes(3, 40) == codes(3, 40)
    assert codes(3, 40) != codes(4, 40)


def test_the_scenario_s_own_seed_counts_unless_another_is_given() -> None:
    text = f"carrier: {{seed: 5}}\n{MIX}"
    own, other = Exchange(text, seed=None), Exchange(text, seed=5)
    assert [own.code() for _ in range(40)] == [other.code() for _ in range(40)]


@pytest.mark.parametrize(
    ("by", "then", "expected"),
    [
        ("caller", "stay", [480, 480, 486, 603, 486, 603]),
        ("caller", "start_over", [480, 480, 486, 603, 486, 480]),
        ("called", "stay", [480, 486, 603, 603, 603, 603]),
        ("called", "start_over", [480, 486, 603, 480, 486, 603]),
    ],
)
def test_a_sequence(by: str, then: str, expected: list[int]) -> None:
    carrier = Exchange(
        f"calls: [{{sequence: [{{respond: 480}}, {{respond: 486}}, {{respond: 603}}], by: {by}, then: {then}}}]"
    )
    assert [carrier.code("+1", caller) for caller in ("a", "b", "a", "a", "b", "a")] == expected


def test_a_sequence_of_a_rule_counts_only_the_calls_that_it_takes() -> None:
    carrier = Exchange("calls: [{to: '+1', sequence: [{respond: 480}, {respond: 486}]}, {respond: 603}]")
    assert [carrier.code(number) for number in ("+1", "+2", "+1")] == [480, 603, 486]


def test_a_sequence_may_hold_a_mix() -> None:
    carrier = Exchange(
        "calls: [{sequence: [{respond: 480}, {mix: [{share: 50%, respond: 486}, {share: 50%, respond: 603}]}]}]"
    )
    seen = [carrier.code() for _ in range(30)]
    assert seen[0] == 480
    assert set(seen[1:]) == {486, 603}


def test_the_number_not_heard_of_for_longest_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcomes, "REMEMBERED", 3)
    carrier = Exchange("calls: [{sequence: [{respond: 480}, {respond: 486}]}]")
    assert [carrier.code("+1", caller) for caller in ("a", "b", "c", "a", "d")] == [480, 480, 480, 486, 480]
    assert carrier.code("+1", "a") == 486  # heard of lately
    assert carrier.code("+1", "b") == 480  # forgotten


def test_a_named_ladder_is_the_ladder_spelled_out() -> None:
    carrier = Exchange("ladders: {slow: [trying, {wait: 1s}, {respond: 503}]}\ncalls: [{ladder: slow}]")
    assert carrier.code() == 503
    assert carrier.record.provisional == (100,)

"""Sounds as scenarios write them, and what is wrong with others, with line and column."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from simcarrier.media.plans import Kind, plan
from simcarrier.media.program import Dialled, Item, Plain, Program, Recorded, Spoken
from simcarrier.media.sit import BY_NAME
from simcarrier.media.tones import tone_of
from simcarrier.scenario.faults import ScenarioError
from simcarrier.scenario.load import load, loads
from simcarrier.scenario.sounds import read_program

WRITTEN = [
    ("ringback", Item(plan("ITU").tone(Kind.RINGBACK))),
    ("ringback DE", Item(plan("DE").tone(Kind.RINGBACK))),
    ("busy uk 5s", Item(plan("GB").tone(Kind.BUSY), 5.0)),
    ("congestion US 1.5s", Item(plan("US").tone(Kind.CONGESTION), 1.5)),
    ("sit", Item(BY_NAME["ITU"].tone())),
    ("sit ro''", Item(BY_NAME["RO''"].tone())),
    ("tone 425/200 0/200 3s", Item(tone_of("425/200 0/200"), 3.0)),
    ("silence 200ms", Item(Plain.SILENCE, 0.2)),
    ("noise", Item(Plain.NOISE)),
    ("echo", Item(Plain.ECHO)),
    ("nothing", Item(Plain.NOTHING)),
    ("digits 12 3#", Item(Dialled("123#"))),
    ("say It lasts 5s", Item(Spoken("It lasts 5s"))),
]


@pytest.mark.parametrize(("written", "item"), WRITTEN, ids=[written for written, _ in WRITTEN])
def test_a_sound(written: str, item: Item) -> None:
    assert read_program(written) == Program([item])


def faults(*steps: str) -> list[str]:
    with pytest.raises(ScenarioError) as raised:
        loads(f"name: x\ncalls:\n  - steps: [{', '.join(steps)}]\n")
    return [str(each) for each in raised.value.faults]


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("ringbak DE", 'did you mean "ringback"?'),
        ("ringback ZZ", "no tones are known for ZZ; there are ITU, US"),
        ("sit XX", 'no special information tone "XX"; there are ITU, IC'),
        ("tone", "tone needs its segments, such as tone 425/500 0/500"),
        ("tone 425/x", "is no segment such as"),
        ("echo DE", 'echo takes nothing but a time, such as echo 2s, not "DE"'),
        ("nothing 2s", "nothing lasts until something else is played"),
        ("digits 12x", "digits needs 1 to 100 of"),
        ("say", "say needs its text"),
        ("none.wav", "none.wav: No such file or directory"),
        ("[]", "must be a list of 1 to 50 sounds"),
        ("[busy DE, sit]", "is never heard: the sound before it does not end"),
        ("[sit, nothing]", "nothing stands alone"),
    ],
)
def test_a_fault(written: str, why: str) -> None:
    (fault,) = faults("progress", f"{{play: {written}}}", "silence")
    assert fault.startswith("<text>:3:")
    assert why in fault


def test_a_fault_is_told_at_its_place_in_the_list() -> None:
    first, second = faults("answer", "{play: [sit, bsy, silence 1s, sit ZZ]}")
    assert "<text>:3:34" in first
    assert "<text>:3:51" in second


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        (["trying", "{play: sit}", "silence"], "play needs a progress or an answer with a session description before"),
        (["{progress: 182}", "{play: sit}", "silence"], "play needs a progress or an answer"),
        (["{progress: {sdp: false}}", "{play: sit}", "silence"], "play needs a progress or an answer"),
        (["{answer: {sdp: false}}", "{play: sit}"], "play needs a progress or an answer"),
        (["{respond: 404}", "{play: sit}"], "play cannot come after respond, which ends the call"),
        (["progress", "{play: sit}"], "leaves the call open"),
        (["progress", "play", "silence"], "play needs its value, such as {play: ringback DE}"),
    ],
)
def test_where_it_can_stand(steps: list[str], why: str) -> None:
    assert any(why in fault for fault in faults(*steps))


def test_where_it_can_stand_well() -> None:
    loads("name: x\ncalls: [{steps: [{progress: {code: 182, sdp: yes}}, {play: busy}, answer, {play: echo}]}]")


def test_a_file_lies_beside_the_scenario(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "sorry.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(3200))
    (tmp_path / "x.yaml").write_text("name: x\ncalls: [{steps: [answer, {play: [sit, sorry.wav]}]}]")
    step = load(tmp_path / "x.yaml").calls[0].action.steps[1]  # type: ignore[union-attr]  # written so
    assert isinstance(step.sounds.items[1].what, Recorded)  # type: ignore[union-attr]  # as above
    (tmp_path / "sorry.wav").write_text("no sound")
    with pytest.raises(ScenarioError, match="not a WAV file of linear samples"):
        load(tmp_path / "x.yaml")


@pytest.mark.parametrize("ports", ["80..90", "20000", "20000..20000", "20001..20002", "30000..70000", "x..y"])
def test_ports(ports: str) -> None:
    with pytest.raises(ScenarioError, match="must be a range of ports from 1024 to 65535"):
        loads(f"name: x\ncarrier: {{media: {{ports: {ports}}}}}")


def test_the_words_of_an_announcement_go_with_one() -> None:
    with pytest.raises(ScenarioError, match="goes with announce"):
        loads("name: x\ncalls: [{respond: {code: 608, words: sit}}]")

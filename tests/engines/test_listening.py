"""Both engines listen, in real time: they hear the same, and leave nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import threading
import wave
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

from simcarrier.probe.client import Prober
from simcarrier.probe.deadlines import Deadlines
from simcarrier.probe.guard import Guard, Policy
from simcarrier.probe.order import Order
from simcarrier.probe.pjsua2.listening import Listening
from simcarrier.probe.pjsua2.taps import BUFFER, Stretch, Tap
from simcarrier.probe.reading import plan_of
from simcarrier.probe.result import Result
from simcarrier.records.audio import Audio, What
from simcarrier.scenario.load import load, loads
from simcarrier.scenario.models import Scenario
from simcarrier.sip.invitation import Invitation
from simcarrier.testing import RunningCarrier

pytest.importorskip("pjsua2", reason="pjsua2 is not installed: pip install 'simcarrier[pjsua2]', or make pjsua2")

SCENARIOS = Path(__file__).parents[2] / "scenarios"
NEAR = 0.3
"""Seconds that the engines' times may differ by: a jitter buffer, a beat of pjproject's media, a busy machine."""

PLAN = [
    {"trunk": "ringback", "to": ["+498912349", "+442012349"]},
    {"trunk": "early-media-sit", "to": [f"+49891234{digit}" for digit in "01234"]},
    {"trunk": "one-way-audio", "to": ["+4940123401", "+4940123403"], "talk": "1500ms"},
]


@dataclass
class Run:
    """What an engine has heard, by the numbers called."""

    audio: dict[str, Audio]
    results: dict[str, Result]
    recordings: Path


async def probe(plan: dict[str, Any], recordings: Path | None, engine: str, rounds: int = 1) -> list[Result]:
    results: list[Result] = []
    prober = Prober(
        plan_of(plan), Guard(Policy()), results.append, environment={}, recordings=recordings, engine=engine
    )
    async with prober:
        for _ in range(rounds):
            await prober.run()
    return results


def plan_for(trunks: dict[str, str], calls: Any, **said: Any) -> dict[str, Any]:
    caller = "+493012345678"
    named = {name: {"address": f"udp:{address}", "caller": caller} for name, address in trunks.items()}
    return {"name": "test", "trunks": named, "calls": calls, "calls_per_second": 50, "listen": True, **said}


def left_behind() -> list[Path]:
    return list(Path(tempfile.gettempdir()).glob("simcarrier-heard-*"))


def audio_of(result: Result) -> Audio:
    assert result.observation is not None
    assert result.observation.audio is not None
    return result.observation.audio


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Run]]:
    with contextlib.ExitStack() as stack:
        scenarios = {str(call["trunk"]): load(SCENARIOS / f"{call['trunk']}.yaml") for call in PLAN}
        carriers = {name: stack.enter_context(RunningCarrier(scenario)) for name, scenario in scenarios.items()}
        trunks = {name: carrier.address for name, carrier in carriers.items()}
        folders = {engine: tmp_path_factory.mktemp(engine) for engine in ("asyncio", "pjsua2")}
        ports = {"asyncio": "31000..31199", "pjsua2": "31200..31399"}

        async def both() -> list[list[Result]]:
            return await asyncio.gather(
                *(
                    probe(plan_for(trunks, PLAN, concurrent=9, listen={"ports": ports[engine]}), folder, engine)
                    for engine, folder in folders.items()
                )
            )

        told = dict(zip(folders, asyncio.run(both()), strict=True))
        yield {
            engine: Run(
                {one.wanted.called: audio_of(one) for one in results},
                {one.wanted.called: one for one in results},
                folders[engine],
            )
            for engine, results in told.items()
        }


NUMBERS = [number for call in PLAN for number in call["to"]]


@pytest.mark.parametrize("number", NUMBERS)
def test_both_hear_the_same(runs: dict[str, Run], number: str) -> None:
    expected, told = runs["asyncio"].audio[number], runs["pjsua2"].audio[number]
    assert told.trouble == expected.trouble == ""
    assert (told.codec, told.first is None) == (expected.codec, expected.first is None)
    if told.first is None or expected.first is None:
        assert told == expected == Audio()
        return
    assert told.first == pytest.approx(expected.first, abs=NEAR)
    assert told.packets == pytest.approx(expected.packets, abs=NEAR * 50)
    assert told.lost == expected.lost == 0
    assert told.jitter is not None
    assert [str(one) for one in told.sounds] == [str(one) for one in expected.sounds]
    for ours, theirs in zip(told.sounds, expected.sounds, strict=True):
        assert (ours.begin, ours.end) == pytest.approx((theirs.begin, theirs.end), abs=NEAR)
        assert ours.confidence == pytest.approx(theirs.confidence, abs=0.1)


def test_what_they_heard(runs: dict[str, Run]) -> None:
    heard = {number: [str(one) for one in audio.sounds] for number, audio in runs["pjsua2"].audio.items()}
    assert [heard[f"+49891234{digit}"][0] for digit in "01234"] == [
        "SIT (ITU)", "SIT (VC)", "SIT (IC)", "SIT (NC'')", "SIT (RO'')",
    ]  # fmt: skip
    assert heard["+442012349"][0].startswith("ringback (GB")
    assert heard["+4940123401"] == []
    assert heard["+4940123403"] == ["silence"]


@pytest.mark.parametrize("number", NUMBERS)
def test_both_record_the_same(runs: dict[str, Run], number: str) -> None:
    seconds = []
    for run in runs.values():
        recording = run.audio[number].recording
        if recording is None:
            continue
        assert Path(recording).parent == run.recordings
        with wave.open(recording) as file:
            assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (8000, 2, 1)
            seconds.append(file.getnframes() / 8000)
    if number == "+4940123401":
        assert seconds == []
    else:
        assert seconds[0] == pytest.approx(seconds[1], abs=NEAR)


def test_both_diagnose_the_same(runs: dict[str, Run]) -> None:
    causes = [
        {number: one.diagnosis and one.diagnosis.condition for number, one in run.results.items()}
        for run in runs.values()
    ]
    assert causes[0] == causes[1]


def test_the_ports_are_the_plans_and_nothing_is_left(runs: dict[str, Run]) -> None:
    assert left_behind() == []
    assert not [each for each in threading.enumerate() if each.name == "pjsua2"]
    assert len(list(runs["pjsua2"].recordings.iterdir())) == len(NUMBERS) - 1


MANY = """\
name: many short calls
calls:
  - {to: /1$/, steps: [trying, progress, {play: ringback}, {wait: 60ms}, {respond: 486}]}
  - {to: /2$/, steps: [trying, answer, {play: noise}, {hang_up: 60ms}]}
  - {to: /3$/, steps: [trying, progress, {play: sit}, silence]}
  - {to: /4$/, steps: [trying, answer, {play: echo}, {hang_up: 30s}]}
  - {to: /5$/, steps: [trying, ringing, {wait: 20ms}, {respond: 480}]}
"""


@pytest.fixture
def many() -> Iterator[RunningCarrier]:
    scenario: Scenario = loads(MANY)
    with RunningCarrier(scenario) as running:
        yield running


def test_a_hundred_calls_however_they_end(many: RunningCarrier) -> None:
    numbers = [f"+49891234{digit}" for digit in "12345"]
    plan = plan_for(
        {"main": many.address},
        [{"to": numbers, "repeat": 20}],
        concurrent=4,
        talk="60ms",
        ringing="80ms",
        listen={"ports": "31400..31499"},
    )
    before = len(os.listdir("/proc/self/fd"))
    results = asyncio.run(probe(plan, None, "pjsua2"))
    assert len(results) == 100
    heard = [one for one in results if audio_of(one).first is not None]
    assert not [audio_of(one).trouble for one in results if audio_of(one).trouble]
    assert not [one for one in heard if one.wanted.called.endswith("5")]
    assert len(heard) > 70  # of 80; the others were over before a busy machine had sent a packet
    assert len(os.listdir("/proc/self/fd")) <= before + 2
    assert left_behind() == []


def test_calls_wait_for_ports(many: RunningCarrier) -> None:
    plan = plan_for(
        {"main": many.address}, [{"to": "+498912341", "repeat": 4}], concurrent=4, listen={"ports": "31501..31504"}
    )
    results = asyncio.run(probe(plan, None, "pjsua2"))
    assert [one.observation.outcome for one in results if one.observation is not None] == ["refused"] * 4
    assert all(audio_of(one).first is not None for one in results)


# Without pjproject: what is made of recordings


def recorded(path: Path, samples: list[int], *, finished: bool = True) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(array("h", samples).tobytes())
    if not finished:
        data = bytearray(path.read_bytes())
        data[4:8] = data[40:44] = bytes(4)
        path.write_bytes(data)
    return path


def order(recording: Path | None = None) -> Order:
    return Order(1, "t", Invitation("sip:2@x", "<sip:1@x>"), "1", "2", (), Deadlines(), recording=recording)


def stretch(path: Path, began: float, *, packets: int = 50, jitter: float | None = 0.001) -> Stretch:
    seconds = packets * 0.02
    first, last = (began + 0.5, began + 0.5 + seconds - 0.02) if packets else (None, None)
    return Stretch(path, 0, "PCMA", began, first, last, packets, 1, jitter)


def test_two_stretches_make_one_story(tmp_path: Path) -> None:
    rng = Random(1)
    loud = [rng.choice((200, 9000)) for _ in range(20)]  # 50 ms each: what changes so fast is no steady noise
    noise, quiet = [rng.randrange(-level, level) for level in loud for _ in range(400)], [0] * 4000
    before = [0] * round((0.5 + BUFFER) * 8000)
    files = [recorded(tmp_path / f"{number}.wav", [*before, *noise, *quiet]) for number in (1, 2)]
    tap = Tap([stretch(files[0], 10.0), stretch(files[1], 13.0, jitter=0.003)])
    listening = Listening()
    listening.expect(7, order(tmp_path / "told.wav"))
    audio = listening.audio(7, tap, -10.0)
    assert not listening.expects(7)
    listening.close()
    assert (audio.codec, audio.first, audio.packets, audio.lost, audio.jitter) == ("PCMA", 0.5, 100, 2, 0.003)
    assert [(one.what, round(one.begin, 1), round(one.end, 1)) for one in audio.sounds] == [
        (What.SOUND, 0.5, 1.5), (What.SILENCE, 1.5, 3.5), (What.SOUND, 3.5, 4.5),
    ]  # fmt: skip
    assert list(tmp_path.iterdir()) == [tmp_path / "told.wav"]
    with wave.open(str(tmp_path / "told.wav")) as file:
        assert file.getnframes() == pytest.approx(4 * 8000, abs=400)


def test_a_stretch_without_packets_is_nothing(tmp_path: Path) -> None:
    tap = Tap([stretch(recorded(tmp_path / "1.wav", [0] * 8000), 10.0, packets=0)])
    listening = Listening()
    listening.expect(7, order())
    assert listening.audio(7, tap, 0.0) == Audio()
    listening.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["unfinished", "gone", "no sound"])
def test_a_recording_that_cannot_be_read_is_told(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simcarrier.probe.pjsua2.listening.PATIENCE", 0.0)
    path = tmp_path / "1.wav"
    if kind == "unfinished":
        recorded(path, [0] * 8000, finished=False)
    elif kind == "no sound":
        path.write_bytes(b"RIFF")
    listening = Listening()
    listening.expect(7, order())
    audio = listening.audio(7, Tap([stretch(path, 10.0)]), 0.0)
    listening.close()
    assert audio.trouble == "not all was listened to: a recording of pjsua2's could not be read"
    assert (audio.first, audio.packets, audio.sounds) == (10.5, 50, ())
    assert list(tmp_path.iterdir()) == []


def test_when_the_statistics_are_looked_at() -> None:
    tap = Tap()
    assert not tap.due(0.0)
    one = Stretch(Path("x"), 0, "PCMU", 5.0)
    tap.begin(one)
    assert [tap.due(5.0), tap.due(5.01), tap.due(5.03)] == [True, False, True]
    one.counted(0, 0, None, 5.03)
    assert one.first is None
    one.counted(2, 0, None, 5.05)
    one.counted(2, 0, None, 5.5)
    assert one.first == one.last == pytest.approx(5.05)
    assert [tap.due(5.06), tap.due(5.1), tap.due(5.17)] == [True, False, True]

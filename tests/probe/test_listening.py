"""A probe with ears: what a carrier plays is heard by the built-in engine over real sockets, and told."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import pytest

from simcarrier.conditions import Condition
from simcarrier.probe.audio_words import heard_in
from simcarrier.probe.listening import is_here
from simcarrier.records.audio import Audio, Sound, What
from simcarrier.scenario.load import load, loads
from simcarrier.scenario.models import Scenario
from tests.probe.network_kit import Probed, probe_carrier

SCENARIOS = Path(__file__).parents[2] / "scenarios"


def listened(scenario: Scenario, to: str, recordings: Path | None = None, **said: Any) -> Probed:
    told = probe_carrier(scenario, to=to, listen=True, recordings=recordings, **said)
    assert told.seen.trouble == ""
    return told


def story(told: Probed) -> list[str]:
    assert told.seen.audio is not None
    return [str(one) for one in told.seen.audio.sounds]


@pytest.mark.parametrize(
    ("digit", "sit", "cause"),
    [
        ("1", "VC", Condition.NUMBER_UNALLOCATED),
        ("2", "IC", Condition.NUMBER_DISCONNECTED),
        ("3", "NC''", Condition.ROUTE_CONGESTED),
        ("4", "RO''", Condition.CARRIER_FAILURE),
    ],
)
def test_a_special_information_tone_tells_the_cause(digit: str, sit: str, cause: Condition) -> None:
    told = listened(load(SCENARIOS / "early-media-sit.yaml"), f"+4989123456{digit}")
    (result,) = told.results
    assert f"SIT ({sit})" in story(told)
    assert result.diagnosis is not None
    assert result.diagnosis.condition is cause
    assert any(f"(SIT ({sit}))" in said for said in result.diagnosis.top.evidence_for)


def test_without_listening_the_same_480_means_something_else() -> None:
    told = probe_carrier(load(SCENARIOS / "early-media-sit.yaml"), to="+49891234561")
    (result,) = told.results
    assert told.seen.audio is None
    assert result.diagnosis is not None
    assert result.diagnosis.condition is Condition.SUBSCRIBER_UNAVAILABLE


def test_a_story_in_order_with_its_times() -> None:
    told = listened(load(SCENARIOS / "early-media-sit.yaml"), "+49891234560")
    assert story(told) == ["SIT (ITU)", "silence", "busy (DE, ITU)"]
    audio = told.seen.audio
    assert audio is not None
    sit, silence, busy = audio.sounds
    assert sit.begin == pytest.approx(0.2, abs=0.1)
    assert sit.end == silence.begin == pytest.approx(1.2, abs=0.1)
    assert busy.begin == pytest.approx(2.2, abs=0.1)
    assert (audio.codec, audio.lost) == ("PCMU", 0)
    assert audio.packets == pytest.approx(260, abs=6)
    assert audio.first == pytest.approx(0.0, abs=0.05)


def test_ringback_in_early_media_is_ringing() -> None:
    ringing = """
        name: it rings in early media, then somebody declines
        calls:
          - steps: [trying, progress, {play: ringback DE}, {wait: 7s}, {respond: 603}]
    """
    told = listened(loads(ringing), "+4989123456")
    (result,) = told.results
    assert story(told)[0].startswith("ringback (DE")
    assert result.diagnosis is not None
    assert result.diagnosis.condition is Condition.DECLINED
    assert ("rang", "yes") in result.diagnosis.evidence.known


def test_one_way_audio_is_told(tmp_path: Path) -> None:
    scenario = load(SCENARIOS / "one-way-audio.yaml")
    told = listened(scenario, "+49891234561", tmp_path, talk="2s")
    assert told.seen.audio == Audio()
    assert heard_in(Audio(), told.seen.answered) == "nothing: no audio came"
    assert list(tmp_path.iterdir()) == []
    assert story(listened(scenario, "+49891234563", talk="2s")) == ["silence"]


def test_a_recording_holds_what_came(tmp_path: Path) -> None:
    told = listened(load(SCENARIOS / "ringback.yaml"), "+49891234560", tmp_path, talk="1s")
    audio = told.seen.audio
    assert audio is not None
    assert audio.recording is not None
    (file,) = tmp_path.iterdir()
    assert str(file) == audio.recording
    with wave.open(audio.recording) as recorded:
        assert (recorded.getframerate(), recorded.getsampwidth(), recorded.getnchannels()) == (8000, 2, 1)
        assert recorded.getnframes() == audio.packets * 160
        samples = memoryview(recorded.readframes(recorded.getnframes())).cast("h")
    assert max(samples[:8000]) > 500
    assert max(samples[-4000:]) < max(samples[:8000]) / 10  # answered, and nothing but noise on the line


def test_a_recording_that_cannot_be_written_costs_no_result(tmp_path: Path) -> None:
    told = listened(load(SCENARIOS / "early-media-sit.yaml"), "+49891234561", tmp_path / "gone")
    audio = told.seen.audio
    assert audio is not None
    assert audio.recording is None
    assert audio.trouble.startswith("not recorded: ")
    assert audio.trouble.endswith("No such file or directory")
    assert "SIT (VC)" in story(told)


def test_no_ports_are_left_and_all_come_back() -> None:
    scenario = load(SCENARIOS / "early-media-sit.yaml")
    numbers = [f"+4989123{number:02}1" for number in range(12)]
    told = probe_carrier(
        scenario, to=numbers, listen={"ports": "30990..30993"}, concurrent=3, calls_per_second=100
    )  # two pairs for three calls at once
    stories = [one.observation.audio for one in told.results if one.observation is not None]
    heard = [one for one in stories if one is not None and one.first is not None]
    without = [one for one in stories if one is not None and one.trouble]
    assert len(stories) == len(heard) + len(without) == 12
    assert all(one.trouble == "nothing was listened to: no pair of ports was free" for one in without)
    assert len(heard) >= 8
    assert without


def test_in_words() -> None:
    sounds = (
        Sound(What.RINGBACK, 0.5, 5.5, 0.9, ("DE",)),
        Sound(What.SILENCE, 5.5, 6.0),
        Sound(What.SOUND, 6.0, 9.0),
    )
    audio = Audio("PCMA", 0.5, 425, 3, 0.0012, sounds)
    assert heard_in(audio, 6.0) == (
        "ringback (DE) at 0.5 s for 5.0 s, silence for 0.5 s, answered, speech or other sound for 3.0 s; "
        "PCMA, 425 packets, 3 lost, jitter 1.2 ms"
    )
    assert heard_in(Audio(trouble="no port"), None) == "no port"
    many = Audio("PCMA", 0.0, 1, 0, None, tuple(Sound(what, 0.0, 1.0) for what in (What.SOUND, What.SILENCE) * 5))
    assert heard_in(many, None).endswith(", and 2 more; PCMA, 1 packet, 0 lost")


def test_what_a_trunk_on_this_machine_is_sent_stays_here() -> None:
    assert is_here("127.0.0.1")
    assert is_here("::1")
    assert is_here("::ffff:127.0.0.1")
    assert not is_here("192.0.2.1")
    assert not is_here("localhost")  # a name is no address

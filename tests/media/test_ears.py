"""The ear: every tone with noise and losses, nothing of the kind in speech and music, and packets of every kind."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcarrier.extras import MissingExtra
from simcarrier.media.comfort import payload as comfort_payload
from simcarrier.media.digits import Event
from simcarrier.media.ears import Ears, Fit, Heard, What
from simcarrier.media.g711 import A_LAW, LAWS, MU_LAW, RATE, Law
from simcarrier.media.plans import Kind, plan
from simcarrier.media.rtp import Packet
from simcarrier.media.sit import BY_NAME, ITU
from simcarrier.media.tones import Tone, tone_of

from .kit import SECONDS, Samples, all_tones, listen, losses, packets_of, played, silent, tones_in, with_noise
from .voices import music, speech

TONES = list(all_tones())
NAMES = [f"{name} {kind}" for name, kind, _ in TONES]
LEVELS = (-10.0, -20.0, -30.0)
BOTH = pytest.mark.parametrize("law", LAWS.values(), ids=lambda law: law.name)


@cache
def spoken() -> Samples:
    """An announcement."""
    return next(speech(["en-us"]))[1]


def is_right(heard: Iterable[Heard], name: str, kind: Kind) -> bool:
    """Whether exactly this tone was reported."""
    found = tones_in(heard)
    if [each.what.value for each in found] != [kind.value]:
        return False
    if kind is Kind.SIT:
        # The tones of countries have the form of the ITU's.
        return found[0].sit is BY_NAME.get(name, ITU)
    return found[0].fits[0] == Fit(name, kind)


@BOTH
@pytest.mark.parametrize("in_bursts", [False, True], ids=["single losses", "losses in bursts"])
@pytest.mark.parametrize("number", range(len(TONES)), ids=NAMES)
def test_every_tone_is_known_with_noise_and_losses(number: int, law: Law, in_bursts: bool) -> None:
    name, kind, tone = TONES[number]
    level = LEVELS[(number + in_bursts + law.payload_type) % 3]
    seed = number * 10 + law.payload_type + in_bursts
    sound = np.concatenate((silent(0.1 + seed % 7 / 10), played(tone, SECONDS[kind] + 1, level)))
    packets = packets_of(with_noise(sound, level - 20, seed), law)
    lost = losses(len(packets), 0.05, seed, in_bursts=in_bursts)
    heard = listen(packets, lost, () if kind is Kind.SIT else (name,))
    assert is_right(heard, name, kind), [str(each) for each in heard]


@pytest.mark.parametrize("number", range(len(TONES)), ids=NAMES)
def test_every_tone_is_told_in_time(number: int) -> None:
    """A jitter buffer of 0.2 s, and what it takes to be sure."""
    name, kind, tone = TONES[number]
    beats = sum(bool(segment.frequencies) for segment in tone.segments)
    rounds = 1.0 if kind is Kind.RINGBACK else (2.0 if beats == 1 else 1.5)
    longest = 3.5 if tone.continuous else (1.0 if kind is Kind.SIT else tone.length * rounds)
    ears = Ears([name])
    told_after = None
    for count, packet in enumerate(packets_of(played(tone, SECONDS[kind] + 1))):
        ears.hear(packet, count * 0.02)
        if count % 5 == 0 and tones_in(ears.heard()):
            told_after = count * 0.02
            break
    assert told_after is not None
    assert told_after <= longest + 0.2 + 0.3
    assert told_after >= (0.7 if kind is Kind.SIT else longest * 0.9)
    assert is_right(ears.heard(), name, kind)


@pytest.mark.parametrize("number", range(len(TONES)), ids=NAMES)
def test_no_country_need_be_known(number: int) -> None:
    name, kind, tone = TONES[number]
    heard = tones_in(listen(packets_of(played(tone, SECONDS[kind]))))
    assert len(heard) == 1
    if kind is not Kind.SIT:
        assert Fit(name, kind) in heard[0].fits
        assert heard[0].what.value == kind.value or heard[0].doubtful


def test_two_countries_with_one_tone_are_both_told() -> None:
    tone = plan("DE").tone(Kind.RINGBACK)
    (heard,) = tones_in(listen(packets_of(played(tone, 7)), countries=["BR"]))
    assert heard.countries[0] == "BR"
    assert {"ITU", "DE", "RU", "BR"} == set(heard.countries)
    assert str(heard).startswith("ringback (BR, ")
    assert not heard.doubtful


def test_the_country_decides_what_a_tone_means() -> None:
    packets = packets_of(played(tone_of("425/245 0/245"), 4))
    assert [each.what for each in tones_in(listen(packets, countries=["BR"]))] == [What.BUSY]
    assert [each.what for each in tones_in(listen(packets, countries=["DE"]))] == [What.CONGESTION]
    (nobody,) = tones_in(listen(packets))
    assert nobody.doubtful


def test_a_tone_may_be_off_by_as_much_as_networks_are_allowed() -> None:
    for text in ("433/1000 0/4000", "418/1080 0/4200", "425/930 0/3800"):
        assert [each.what for each in tones_in(listen(packets_of(played(tone_of(text), 8))))] == [What.RINGBACK], text


@pytest.mark.parametrize("text", ["460/500 0/500", "300/500 0/500", "425/1000 0/1000", "425/500 0/1500", "425/60 0/60"])
def test_a_tone_that_no_plan_has_is_other_sound(text: str) -> None:
    assert tones_in(listen(packets_of(played(tone_of(text), 8)))) == []
    assert What.SOUND in [each.what for each in listen(packets_of(played(tone_of(text), 8)))]


def test_a_tone_is_known_from_its_midst() -> None:
    sound = played(plan("US").tone(Kind.RINGBACK), 14)[round(1.3 * RATE) :]
    assert is_right(listen(packets_of(sound)), "US", Kind.RINGBACK)


def test_a_ringback_that_was_answered_early_is_half_believed() -> None:
    sound = np.concatenate((silent(0.3), played(plan("DE").tone(Kind.RINGBACK), 2.6)))
    (heard,) = tones_in(listen(packets_of(sound), countries=["DE"]))
    assert (heard.what, heard.confidence, heard.fits[0]) == (What.RINGBACK, 0.5, Fit("DE", Kind.RINGBACK))
    double = np.concatenate((silent(0.3), played(plan("GB").tone(Kind.RINGBACK), 2.6)))
    (heard,) = tones_in(listen(packets_of(double), countries=["GB"]))
    assert (heard.what, heard.confidence) == (What.RINGBACK, 0.5)
    assert tones_in(listen(packets_of(sound[: round(1.6 * RATE)]))) == []


def test_begin_and_end_are_those_of_the_tone() -> None:
    sound = np.concatenate((silent(0.73), played(plan("US").tone(Kind.BUSY), 4.5), silent(2)))
    (heard,) = tones_in(listen(packets_of(sound)))
    assert heard.begin == pytest.approx(0.73, abs=0.01)
    assert heard.end == pytest.approx(0.73 + 4.5, abs=0.01)
    assert heard.confidence > 0.9


def test_one_tone_after_another() -> None:
    parts = [played(plan("US").tone(Kind.RINGBACK), 9), silent(1), played(plan("US").tone(Kind.BUSY), 4), silent(2)]
    heard = listen(packets_of(np.concatenate(parts)))
    assert [each.what for each in heard] == [What.RINGBACK, What.SILENCE, What.BUSY, What.SILENCE]
    assert heard[0].begin < 0.02
    assert all(one.end == other.begin for one, other in pairwise(heard))


# Special information tones


@pytest.mark.parametrize("name", BY_NAME)
def test_a_special_information_tone_before_an_announcement(name: str) -> None:
    sound = np.concatenate((silent(0.5), played(BY_NAME[name].tone(), 1.2), spoken()[: 4 * RATE]))
    heard = listen(packets_of(sound))
    assert heard[1].sit is BY_NAME[name]
    assert [str(each) for each in heard] == ["silence", f"SIT ({name})", "speech or other sound"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("900/330 1400/330 1800/330", id="Germany's old one"),
        pytest.param("950/330 1380/330 1860/330", id="Belgium's"),
        pytest.param("913.8/330 1370.6/330 1776.7/380", id="neither short nor long"),
    ],
)
def test_one_that_fits_no_class_is_told_without(text: str) -> None:
    (heard,) = tones_in(listen(packets_of(played(tone_of(text, endless=False), 2))))
    assert (heard.what, heard.sit, str(heard)) == (What.SIT, None, "SIT (class unknown)")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("950/330 1400/330", id="two"),
        pytest.param("1400/330 950/330 1800/330", id="another order"),
        pytest.param("950/100 1400/100 1800/100", id="too short"),
        pytest.param("950/900 1400/900 1800/900", id="too long"),
        pytest.param("950/330 0/300 1400/330 0/300 1800/330", id="pauses"),
        pytest.param("950+697/330 1400+697/330 1800+697/330", id="two at once"),
    ],
)
def test_what_is_none(text: str) -> None:
    assert tones_in(listen(packets_of(played(tone_of(text, endless=False), 3)))) == []


# What is no tone


ROWS, COLUMNS = (697, 770, 852, 941), (1209, 1336, 1477, 1633)


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("twist", ["", "@-6"], ids=["", "with rests"])
def test_dialled_digits_are_no_tones(row: int, twist: str) -> None:
    text = " ".join(f"{row}+{column}/{length}{twist} 0/{length}" for column in COLUMNS for length in (100, 250, 500))
    assert tones_in(listen(packets_of(played(tone_of(text), 9)))) == []


def test_no_tone_is_reported_on_speech() -> None:
    for name, sound in speech(["en-us", "fr"], [99]):
        heard = listen(packets_of(sound))
        assert tones_in(heard) == [], name
        assert What.SOUND in [each.what for each in heard], name


def test_no_tone_is_reported_on_music() -> None:
    for name, sound in music(["pluck", "sine"], [1.0]):
        assert tones_in(listen(packets_of(sound))) == [], name


def test_speech_with_its_pauses_is_one_sound() -> None:
    heard = listen(packets_of(np.concatenate((silent(2), spoken(), silent(3)))))
    assert [each.what for each in heard] == [What.SILENCE, What.SOUND, What.SILENCE]


@pytest.mark.parametrize("level", [-15.0, -30.0, -55.0])
def test_steady_noise_is_silence(level: float) -> None:
    heard = listen(packets_of(with_noise(silent(5), level, 3)))
    assert [each.what for each in heard] == [What.SILENCE]


# Packets


def ringback(seconds: float = 12.0, law: Law = MU_LAW) -> list[Packet]:
    return packets_of(played(plan("US").tone(Kind.RINGBACK), seconds), law)


def test_packets_may_overtake_each_other_and_come_twice() -> None:
    packets = ringback()
    order = sorted(range(len(packets)), key=lambda at: at + 6 * (at % 3 == 1))
    ears = Ears()
    for at in order:
        ears.hear(packets[at], at * 0.02)
        ears.hear(packets[at], at * 0.02)
    assert is_right(ears.heard(final=True), "US", Kind.RINGBACK)


def test_a_sender_that_sends_no_silence() -> None:
    """Half of the packets are never sent: their sequence numbers are given to the next ones."""
    sent = [packet for packet in ringback() if set(packet.payload) != {MU_LAW.silence}]
    again = [replace(packet, sequence=(60_000 + at) & 0xFFFF) for at, packet in enumerate(sent)]
    assert len(again) < 300
    ears = Ears()
    for packet in again:
        ears.hear(packet, 0.0)
    assert is_right(ears.heard(final=True), "US", Kind.RINGBACK)


def test_comfort_noise_in_place_of_silence() -> None:
    ears = Ears()
    for number, packet in enumerate(ringback()):
        if set(packet.payload) != {MU_LAW.silence}:
            ears.hear(packet, 0.0)
        elif number % 10 == 0:
            ears.hear(replace(packet, payload_type=13, payload=comfort_payload(-60)), 0.0)
    assert is_right(ears.heard(final=True), "US", Kind.RINGBACK)


def test_digits_in_between_are_not_losses() -> None:
    packets = packets_of(played(plan("US").tone(Kind.BUSY), 6))
    ears = Ears()
    sequence = 0
    for number, packet in enumerate(packets):
        if number % 20 == 3:
            event = bytes(Event(5, 160, end=True))
            ears.hear(Packet(101, sequence, packet.timestamp, packet.ssrc, event), 0.0)
            sequence += 1
        ears.hear(replace(packet, sequence=sequence), number * 0.02)
        sequence += 1
    assert is_right(ears.heard(final=True), "US", Kind.BUSY)


def test_another_source_goes_on_where_it_arrives() -> None:
    first = packets_of(played(plan("US").tone(Kind.RINGBACK), 9))
    second = [
        replace(packet, ssrc=77, timestamp=(packet.timestamp + 123_456_789) & 0xFFFFFFFF, sequence=number)
        for number, packet in enumerate(packets_of(played(plan("US").tone(Kind.BUSY), 4), A_LAW))
    ]
    ears = Ears()
    for number, packet in enumerate(first):
        ears.hear(packet, 50 + number * 0.02)
    for number, packet in enumerate(second):
        ears.hear(packet, 61 + number * 0.02)
    heard = tones_in(ears.heard(final=True))
    assert [each.what for each in heard] == [What.RINGBACK, What.BUSY]
    assert heard[1].begin == pytest.approx(11, abs=0.02)
    assert ears.began == 50


def test_what_may_yet_become_a_ringback_is_not_told_as_sound() -> None:
    ears = Ears()
    told: set[What] = set()
    for number, packet in enumerate(
        packets_of(np.concatenate((silent(0.5), played(plan("DE").tone(Kind.RINGBACK), 8))))
    ):
        ears.hear(packet, number * 0.02)
        told |= {each.what for each in ears.heard()}
    assert told == {What.SILENCE, What.RINGBACK}


def test_nothing_heard_is_nothing() -> None:
    ears = Ears()
    assert (ears.heard(), ears.heard(final=True), ears.began, ears.over) == ((), (), None, False)


def test_listening_ends_after_three_minutes() -> None:
    ears = Ears()
    silence = bytes([MU_LAW.silence]) * 160
    for number in range(3 * 60 * 50 + 100):
        ears.hear(Packet(0, number & 0xFFFF, number * 160, 1, silence), number * 0.02)
    assert ears.over
    (heard,) = ears.heard(final=True)
    assert heard.end == pytest.approx(180, abs=1)


@settings(max_examples=40)
@given(
    packets=st.lists(
        st.builds(
            Packet,
            st.sampled_from((0, 8, 13, 101, 96)),
            st.integers(0, 0xFFFF),
            st.integers(0, 0xFFFFFFFF) | st.integers(0, 5000),
            st.integers(0, 2),
            st.binary(max_size=400) | st.sampled_from((b"", bytes(400))),
        ),
        max_size=25,
    ),
    times=st.lists(st.floats(0, 20) | st.sampled_from((0.0, 90.0, 1000.0)), min_size=25, max_size=25),
)
def test_no_packets_upset_it(packets: list[Packet], times: list[float]) -> None:
    ears = Ears()
    for packet, now in zip(packets, times, strict=False):
        ears.hear(packet, now)
    heard = ears.heard(final=True)
    assert all(each.begin <= each.end <= 181 for each in heard)
    assert all(one.end <= other.begin + 1e-6 for one, other in pairwise(heard))


def test_without_numpy_a_message_tells_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("simcarrier.media.ears")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(
        MissingExtra, match=r"listening to calls needs the package numpy: pip install 'simcarrier\[ears\]'"
    ):
        __import__("simcarrier.media.ears")


def test_tone_names_are_kinds() -> None:
    assert {what.value for what in What if what.tone} == {kind.value for kind in Kind}
    assert isinstance(TONES[0][2], Tone)

"""Tones: written as tables write them, made without clicks, and of the frequencies that they should have."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.media.errors import SoundError
from simcarrier.media.g711 import RATE
from simcarrier.media.plans import Kind, plan, plans, read_plans
from simcarrier.media.sit import BY_NAME, CLASSES, ITU
from simcarrier.media.tones import Segment, Tone, tone_of

from .kit import all_tones


def peaks_of(samples: list[int]) -> list[float]:
    """Frequencies of the lines within 20 dB of the strongest."""
    window = np.hanning(len(samples))
    spectrum = np.abs(np.fft.rfft(np.array(samples) * window, 65536))
    top = spectrum.max()
    inner = spectrum[1:-1]
    at = np.flatnonzero((inner > spectrum[:-2]) & (inner >= spectrum[2:]) & (inner > top / 10)) + 1
    return [float(line) * RATE / 65536 for line in at]


def test_a_tone_is_read_as_tables_write_it() -> None:
    tone = tone_of("440+480/2000, 0/4000")
    assert tone.segments == (Segment((440.0, 480.0), 2000), Segment((), 4000))
    assert (tone.length, tone.continuous, str(tone)) == (6.0, False, "440+480/2000 0/4000")
    assert str(tone_of("400*25/400 0/200 425/375@-10 0/375")) == "400*25/400 0/200 425/375@-10 0/375"
    assert tone_of("350+440").continuous


@pytest.mark.parametrize("text", ["440+480/500 0/500", "400*25/800 0/200", "913.8/400 0/100", "350+440", "413+438"])
def test_a_tone_has_its_frequencies(text: str) -> None:
    tone = tone_of(text)
    sounding = list(tone.samples[: round(tone.segments[0].length * 8) or RATE])
    assert peaks_of(sounding) == pytest.approx([frequency for frequency, _ in tone.segments[0].spectrum], abs=1.5)


def test_a_tone_is_as_long_as_it_says_and_silent_where_it_says() -> None:
    tone = tone_of("425/480 0/480")
    assert len(tone.samples) == 2 * 3840
    assert not any(tone.samples[3840:])
    assert sum(abs(sample) < 100 for sample in tone.samples[:3840]) < 200


@pytest.mark.parametrize(("country", "kind", "tone"), list(all_tones()), ids=str)
def test_nothing_clicks(country: str, kind: Kind, tone: Tone) -> None:
    """From sample to sample a sine moves no further than its frequency allows, nor around a continuous tone's end."""
    loudest = max(segment.gain for segment in tone.segments)
    most = 0.0
    for segment in tone.segments:
        if segment.frequencies:
            size = 10 ** ((tone.level + loudest - 3.17) / 20) * 32636
            steps = sum(share**0.5 * 2 * np.pi * frequency / RATE for frequency, share in segment.spectrum)
            most = max(most, float(size * steps))
    samples = np.array(tone.samples, dtype=float)
    around = np.append(samples, samples[0]) if tone.continuous else samples
    moved = np.abs(np.diff(around))
    # Where a burst ends it stops; that is the tone and no click of ours.
    ends = np.flatnonzero((around[1:] == 0) & (around[:-1] != 0))
    moved[ends] = 0
    assert moved.max() <= most + 2


def test_the_parts_of_a_special_information_tone_follow_without_a_leap() -> None:
    tone = BY_NAME["IC"].tone()
    at = 274 * 8
    steps = np.abs(np.diff(np.array(tone.samples, dtype=float)))
    assert steps[at - 1] <= steps[: at - 1].max() * 1.5


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "without segments"),
        ("425/", "425/ is no segment"),
        ("beep", "beep is no segment"),
        ("400*25*3", "modulated by one other"),
        ("400+450*25", "modulated by one other"),
        ("5000", "between 20 and 3800"),
        ("30*25/100", "between 20 and 3800"),
        ("425/100 440", "only a tone of one segment"),
        ("425/61000", "longer than 60 s"),
        ("425/100@+20", "between -60 and 0"),
        ("425.123", "tenths of a Hz"),
    ],
)
def test_what_is_no_tone_is_told(text: str, why: str) -> None:
    with pytest.raises(SoundError, match=why.replace("+", r"\+")):
        tone_of(text)


@given(text=st.text("0123456789+*/@-. ,", max_size=20))
def test_any_text_is_a_tone_or_a_fault(text: str) -> None:
    try:
        tone = tone_of(text)
    except SoundError:
        return
    assert tone_of(str(tone)) == tone


# Plans


def test_the_countries_that_ship() -> None:
    assert set(plans()) >= {"ITU", "US", "GB", "DE", "FR", "RU", "IN", "AU", "JP", "BR", "ZA"}
    assert plan("uk") is plan("GB") is plans()["GB"]
    with pytest.raises(SoundError, match="no tones are known for XX; there are ITU, US"):
        plan("XX")


@pytest.mark.parametrize("country", plans())
@pytest.mark.parametrize("kind", Kind)
def test_every_plan_has_something_to_play(country: str, kind: Kind) -> None:
    tone = plan(country).tone(kind)
    assert tone.endless == (kind is not Kind.SIT)
    assert tone.samples


def test_a_country_without_a_tone_has_another() -> None:
    assert plan("US").tone(Kind.SIT) is plan("ITU").tone(Kind.SIT)
    assert plan("JP").tone(Kind.CONGESTION) is plan("JP").tone(Kind.BUSY)
    assert plan("DE").tone(Kind.UNOBTAINABLE) is plan("DE").tone(Kind.CONGESTION)


TONES = "dial: {tone: '425', source: s}, ringback: {tone: 425/1 0/1, source: s}, busy: {tone: 425/1 0/1, source: s}"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"XX: {{name: X, level: -13, {TONES}}}", "plan XX: no congestion"),
        (f"XX: {{name: X, level: -13, {TONES}, congestion: {{as: sit, source: s}}}}", "is as sit"),
        (f"XX: {{name: X, level: -13, {TONES}, congestion: {{as: busy}}}}", "congestion has no source"),
        (
            f"XX: {{name: X, level: -13, {TONES}, congestion: {{tone: x, source: s}}}}",
            "XX: congestion: tone x: x is no",
        ),
        (f"XX: {{name: X, level: -13, beep: 1, {TONES}, congestion: {{as: busy, source: s}}}}", "beep is not known"),
    ],
)
def test_a_plan_with_a_fault_is_told(text: str, why: str) -> None:
    with pytest.raises(SoundError, match=why):
        read_plans(text)


# Special information tones


def test_the_classes_are_those_of_the_tables() -> None:
    told = {
        each.name: (
            "".join("S" if length == 274 else "L" for length in each.lengths),
            "".join("L" if each.frequencies[at] == low else "H" for at, low in enumerate((913.8, 1370.6))),
        )
        for each in CLASSES
        if each is not ITU
    }
    assert told == {
        "IC": ("SSL", "LL"),
        "VC": ("LSL", "HL"),
        "RO'": ("SLL", "LH"),
        "NC'": ("LLL", "HH"),
        "RO''": ("SLL", "HL"),
        "NC''": ("LLL", "LL"),
        "IO": ("LSL", "LH"),
        "FU": ("SSL", "HH"),
    }
    assert all(each.frequencies[2] == 1776.7 for each in CLASSES if each is not ITU)


def test_no_two_classes_of_the_same_pitch_share_a_length() -> None:
    for one in CLASSES:
        for other in CLASSES:
            if one is not other and one.frequencies == other.frequencies:
                assert one.lengths[0] != other.lengths[0]
                assert one.lengths[1] != other.lengths[1]


def test_a_class_is_a_tone() -> None:
    tone = BY_NAME["RO'"].tone(pause=4)
    assert str(tone) == "913.8/274 0/4 1428.5/380 0/4 1776.7/380"
    assert not tone.endless

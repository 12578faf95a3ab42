"""What a call hears, packet by packet."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.media import comfort, playback
from simcarrier.media.errors import MediaError
from simcarrier.media.g711 import A_LAW, LAWS, MU_LAW, Law, root_mean_square
from simcarrier.media.plans import Kind, plan
from simcarrier.media.playback import ECHO, FOR_EVER, Part, Playback, Sound
from simcarrier.media.sit import BY_NAME

BOTH = pytest.mark.parametrize("law", LAWS.values(), ids=lambda law: law.name)


@given(data=st.binary(min_size=1, max_size=1000), n=st.integers(0, 10_000))
def test_an_endless_table_goes_on_at_its_beginning(data: bytes, n: int) -> None:
    sound = Sound(data, 0xFF, endless=True)
    assert sound.packets == FOR_EVER
    assert sound.payload(n) == bytes(data[(n * 160 + k) % len(data)] for k in range(160))


@given(data=st.binary(max_size=1000))
def test_a_table_that_ends_is_filled_up(data: bytes) -> None:
    sound = Sound(data, 0xD5, endless=False)
    whole = b"".join(sound.payload(n) for n in range(sound.packets))
    assert whole == data + b"\xd5" * (-len(data) % 160)


@BOTH
def test_a_tone_is_played_as_it_is(law: Law) -> None:
    tone = plan("GB").tone(Kind.BUSY)  # 3000 samples on, 3000 off: no whole packets
    sound = playback.tone(tone, law)
    whole = b"".join(sound.payload(n) for n in range(150))
    assert whole == (law.encode(tone.samples) * 4)[: 150 * 160]


@BOTH
def test_parts_follow_each_other(law: Law) -> None:
    parts = [
        Part.of(playback.silence(law), 0.1),
        Part.of(playback.tone(BY_NAME["VC"].tone(), law)),
        Part.of(playback.recording([1000] * 400, law)),
        Part.of(playback.tone(plan("US").tone(Kind.BUSY), law), 0.04),
    ]
    made = Playback(parts, law)
    heard = list(made)
    assert made.packets == len(heard) == 5 + 52 + 3 + 2
    assert all(len(payload) == 160 for payload in heard)
    assert set(b"".join(heard[:5])) == {law.silence}
    assert b"".join(heard[57:60]) == law.encode([1000] * 400) + bytes([law.silence]) * 80
    assert heard[-2] == playback.tone(plan("US").tone(Kind.BUSY), law).payload(0)
    assert made.payload(len(heard)) is None


def test_a_sound_that_ends_begins_again_if_it_is_to_last() -> None:
    sound = playback.recording(range(0, 3200, 10), MU_LAW)
    made = Playback([Part.of(sound, 0.08)], MU_LAW)
    assert list(made) == [sound.payload(0), sound.payload(1)] * 2


def test_what_stands_behind_a_part_without_end_is_never_heard() -> None:
    made = Playback([Part.of(playback.silence(A_LAW)), Part.of(playback.recording([9] * 160, A_LAW))], A_LAW)
    assert made.packets == FOR_EVER
    assert made.payload(10**9) == b"\xd5" * 160


def test_an_echo_gives_back_what_came_and_silence_if_nothing_did() -> None:
    made = Playback([Part.of(playback.silence(MU_LAW), 0.02), Part.of(ECHO, 0.04)], MU_LAW)
    assert made.payload(0, b"abc") == b"\xff" * 160
    assert made.payload(1, b"abc") == b"abc"
    assert made.payload(2) == b"\xff" * 160
    assert made.payload(3, b"abc") is None


def test_nothing_to_play_is_over_at_once() -> None:
    assert list(Playback([], MU_LAW)) == []
    assert list(Playback([Part.of(playback.recording([], MU_LAW))], MU_LAW)) == []


@BOTH
def test_comfort_noise_has_its_level_and_is_the_same_each_time(law: Law) -> None:
    sound = playback.comfort_noise(law, -45)
    samples = law.decode(b"".join(sound.payload(n) for n in range(200)))
    assert (sum(s * s for s in samples) / len(samples)) ** 0.5 == pytest.approx(root_mean_square(-45), rel=0.1)
    assert sound.payload(3) == playback.comfort_noise(law, -45).payload(3)


# As a payload


@given(level=st.floats(-120, 6))
def test_the_level_of_comfort_noise_is_read_back(level: float) -> None:
    assert comfort.level(comfort.payload(level)) == pytest.approx(level, abs=0.51)


def test_levels_beyond_seven_bits_are_cut() -> None:
    assert (comfort.payload(20), comfort.payload(-300)) == (b"\x00", b"\x7f")


@given(data=st.binary(max_size=80))
def test_any_bytes_are_comfort_noise_or_a_fault(data: bytes) -> None:
    try:
        assert -121 <= comfort.level(data) <= 6.2
    except MediaError:
        assert not data or data[0] >= 128 or len(data) > 65

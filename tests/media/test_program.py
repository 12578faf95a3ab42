"""What is played: sounds after one another, in both laws, with digits in their places."""

from __future__ import annotations

from array import array

import pytest

from simcarrier.media.errors import SoundError
from simcarrier.media.g711 import A_LAW, LAWS, MU_LAW, RATE
from simcarrier.media.program import Dialled, Item, Plain, Program, Recorded, Spoken
from simcarrier.media.sit import ITU


def no_voice(text: str) -> array[int] | None:
    return None


def half_a_second(text: str) -> array[int] | None:
    return array("h", [1000] * (RATE // 2))


def test_a_row_of_sounds() -> None:
    program = Program(
        [
            Item(Plain.SILENCE, 0.1),
            Item(ITU.tone()),
            Item(Recorded("x.wav", array("h", [8000] * 1600))),
            Item(Plain.ECHO),
        ]
    )
    assert program.seconds is None
    for law in LAWS.values():
        played = program.made(law).playback
        assert played.payload(0) == played.payload(4) == bytes([law.silence]) * 160
        assert played.payload(5) != bytes([law.silence]) * 160
        assert played.payload(5 + 50) == law.encode([8000] * 160)
        assert played.payload(5 + 50 + 10, b"heard") == b"heard"
        assert program.made(law) is program.made(law)
    assert program.made(MU_LAW).playback.payload(55) != program.made(A_LAW).playback.payload(55)


def test_how_long_it_lasts() -> None:
    assert Program([Item(Plain.SILENCE, 2.0), Item(ITU.tone())]).seconds == pytest.approx(2.99)
    assert Program([Item(Dialled("12"))]).seconds == pytest.approx(0.4)
    assert Program([Item(Plain.NOTHING)]).seconds is None
    assert not Program([Item(Plain.NOTHING)]).plays
    assert Program([Item(Plain.SILENCE)]).plays


def test_digits_stand_in_their_places() -> None:
    made = Program([Item(Plain.SILENCE, 1.0), Item(Dialled("4"))]).made(MU_LAW)
    assert min(made.events) == 50
    assert made.events[50].marker
    assert made.events[50].payload[0] == 4
    assert all(made.playback.payload(n) == b"\xff" * 160 for n in made.events)


def test_what_is_spoken() -> None:
    program = Program([Item(Spoken("Sorry."))])
    before = program.seconds
    assert before is not None
    program.prepare(half_a_second, (MU_LAW,))
    assert program.seconds == pytest.approx(0.5)
    assert program.made(MU_LAW).playback.payload(0) == MU_LAW.encode([1000] * 160)


def test_without_a_voice() -> None:
    with pytest.raises(SoundError, match="needs espeak-ng"):
        Program([Item(Spoken("Sorry."))]).prepare(no_voice)
    program = Program([Item(ITU.tone()), Item(Spoken("Sorry.", needed=False))])
    assert program.seconds == pytest.approx(0.99)
    program.prepare(no_voice, (A_LAW,))
    assert program.seconds == pytest.approx(0.99)
    assert program.made(A_LAW).playback.packets == 50

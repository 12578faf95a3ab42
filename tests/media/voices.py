"""Speech by espeak-ng and music by sox: what is no tone of a network, but has tones in it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

from simcarrier.media.g711 import PEAK
from tests.interop.harness import peer

from .kit import Samples

TEXTS = {
    "en-us": "Your call cannot be completed as dialed. Please check the number, and dial again. Five five five, zero "
    "one nine nine. Mmm. Ooooh. All lines are busy now; one moment please, while we try to connect you.",
    "de": "Kein Anschluss unter dieser Nummer. Bitte rufen Sie die Auskunft an. Guten Tag, wie geht es Ihnen heute?",
    "fr": "Le numéro que vous avez demandé n'est pas attribué. Ne quittez pas, nous recherchons votre correspondant.",
    "ru": "Набранный вами номер не существует. Пожалуйста, проверьте правильность набранного номера.",
    "pt-br": "O número chamado não existe. Por favor, verifique o número e tente novamente.",
    "hi": "आपने जो नंबर डायल किया है वह उपलब्ध नहीं है।",
    "ja": "おかけになった電話番号は、現在使われておりません。",
    "cmn": "您拨打的号码是空号，请核对后再拨。",
}
VARIANTS = ("", "+f3", "+m5", "+croak", "+whisper")
PITCHES = (20, 50, 99)

INSTRUMENTS = ("pluck", "sine", "triangle", "sawtooth", "square", "trapezium")
CHORDS = (
    ("C4", "E4", "G4"),
    ("A3", "C4", "E4", "A4"),
    ("F4", "A4"),
    ("G4", "B4"),
    ("G4", "D5"),
    ("A4", "E5", "A5"),
    ("F4",),
    ("B4",),
    ("A4",),
)
BEATS = (0.25, 0.5, 1.0, 2.0)
ARPEGGIOS = (("A3", "C4", "E4", "A4"), ("A5", "F6", "A6"), ("G4", "A4", "B4"), ("C5", "E5", "G5", "C6"))

_RAW = ["-r", "8000", "-c", "1", "-b", "16", "-e", "signed", "-t", "raw", "-"]


def _run(command: Sequence[str], given: bytes = b"") -> bytes:
    return subprocess.run(command, input=given, capture_output=True, check=True, timeout=20).stdout


def _samples(raw: bytes) -> Samples:
    return np.clip(np.frombuffer(raw, dtype="<i2").astype(np.float64), -PEAK, PEAK)


def speech(languages: Sequence[str] = tuple(TEXTS), pitches: Sequence[int] = PITCHES) -> Iterator[tuple[str, Samples]]:
    """Announcements and talk in some languages, voices and pitches."""
    for language, variant, pitch in product(languages, VARIANTS, pitches):
        spoken = _run([peer("espeak-ng"), "-v", language + variant, "-p", str(pitch), "--stdout", TEXTS[language]])
        yield f"{language}{variant} pitch {pitch}", _samples(_run([peer("sox"), "-t", "wav", "-", *_RAW], spoken))


def _made(*effects: str) -> Samples:
    return _samples(_run([peer("sox"), "-R", "-n", *_RAW, *effects]))


def music(instruments: Sequence[str] = INSTRUMENTS, beats: Sequence[float] = BEATS) -> Iterator[tuple[str, Samples]]:
    """Chords that are struck eight times, arpeggios, and a few sounds that go up and down."""
    for instrument, chord, beat in product(instruments, CHORDS, beats):
        notes = [word for note in chord for word in (instrument, note)]
        fade = ["fade", "t", "0.02", str(beat), "0.05"]
        yield (
            f"{instrument} {' '.join(chord)} {beat} s",
            _made("synth", str(beat), *notes, *fade, "gain", "-8", "repeat", "7"),
        )
    for instrument, tune, beat in product(instruments, ARPEGGIOS, (0.2, 0.33)):
        once = [
            _made("synth", str(beat), instrument, note, "fade", "t", "0.01", str(beat), "0.02", "gain", "-8")
            for note in tune
        ]
        yield f"{instrument} arpeggio {' '.join(tune)} {beat} s", np.concatenate(once * 6)
    yield "a sweep", _made("synth", "8", "sine", "300:2000", "gain", "-8")
    yield "tremolo", _made("synth", "10", "sine", "A4", "tremolo", "5", "60", "gain", "-8")
    yield (
        "vibrato",
        _made("synth", "10", "sine", "A4", "chorus", "0.6", "0.9", "50", "0.4", "5", "9", "-s", "gain", "-8"),
    )
    for noise in ("whitenoise", "pinknoise", "brownnoise"):
        yield noise, _made("synth", "8", noise, "gain", "-12")

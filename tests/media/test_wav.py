"""Announcements: files of every kind that sox writes, and files that are none."""

from __future__ import annotations

import io
import subprocess
import sys
import wave
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simcarrier.extras import MissingExtra
from simcarrier.media import wav
from simcarrier.media.errors import SoundError
from tests.interop.harness import peer


def sox(path: Path, *effects: str, rate: int = 8000, bits: int = 16, channels: int = 1) -> Path:
    encoding = "unsigned-integer" if bits == 8 else "signed-integer"
    written = ["-D", "-r", str(rate), "-b", str(bits), "-c", str(channels), "-e", encoding, "-t", "wavpcm", str(path)]
    subprocess.run([peer("sox"), "-n", *written, *effects], check=True, capture_output=True, timeout=20)
    return path


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("rate", [8000, 11025, 16000, 44100, 48000])
def test_a_file_of_any_kind_gives_its_sound(rate: int, channels: int, bits: int, tmp_path: Path) -> None:
    path = sox(
        tmp_path / "a.wav", "synth", "0.5", "sine", "1000", "gain", "-6", rate=rate, channels=channels, bits=bits
    )
    samples = wav.read(path)
    assert len(samples) == pytest.approx(4000, abs=2)
    middle = np.array(samples[400:3600], dtype=float)
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle)), 8000))
    assert int(spectrum.argmax()) == 1000
    assert np.abs(middle).max() == pytest.approx(16423, rel=0.03)


def test_what_lies_above_half_the_rate_does_not_come_back(tmp_path: Path) -> None:
    path = sox(tmp_path / "a.wav", "synth", "0.5", "sine", "7000", "gain", "-6", rate=48000)
    assert np.abs(np.array(wav.read(path), dtype=float)[200:-200]).max() < 10


def test_channels_are_averaged(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 8000, 0, "NONE", ""))
        file.writeframes(np.array([[1000, 3000], [-5, 5]], dtype="<i2").tobytes())
    assert list(wav.read(path)) == [2000, 0]


def written(frames: int = 100, rate: int = 8000) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(bytes(2 * frames))
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        pytest.param(b"", "not a WAV file of linear samples", id="empty"),
        pytest.param(b"ID3 something else", "`sox IN -e signed -b 16 OUT.wav` makes one", id="not a WAV file"),
        pytest.param(written()[:30], "it ends too early", id="cut off in its head"),
        pytest.param(written().replace(b"\x01\x00\x01\x00", b"\x07\x00\x01\x00", 1), "unknown format: 7", id="mu-law"),
        pytest.param(written(0), "no sound in it", id="no samples"),
        pytest.param(written(rate=100), "100 samples a second", id="100 Hz"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_by_name(data: bytes, why: str, tmp_path: Path) -> None:
    path = tmp_path / "announcement.wav"
    path.write_bytes(data)
    with pytest.raises(SoundError, match=r"announcement\.wav: ") as caught:
        wav.read(path)
    assert why in str(caught.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SoundError, match=r"none\.wav: No such file"):
        wav.read(tmp_path / "none.wav")
    with pytest.raises(SoundError, match="Is a directory"):
        wav.read(tmp_path)


def test_a_long_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wav, "LONGEST", 0)
    path = tmp_path / "a.wav"
    path.write_bytes(written())
    with pytest.raises(SoundError, match="longer than"):
        wav.read(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 60), value=st.binary(min_size=1, max_size=4), cut=st.integers(0, 100))
def test_a_damaged_file_is_read_or_told(at: int, value: bytes, cut: int, tmp_path: Path) -> None:
    data = bytearray(written())
    data[at : at + len(value)] = value
    path = tmp_path / "a.wav"
    path.write_bytes(bytes(data[: len(data) - cut]))
    with suppress(SoundError):
        assert wav.read(path)


def test_without_soxr_a_message_tells_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "soxr", None)
    path = tmp_path / "a.wav"
    path.write_bytes(written(rate=16000))
    with pytest.raises(MissingExtra, match=r"8000 Hz need the package soxr: pip install 'simcarrier\[media\]'"):
        wav.read(path)
    path.write_bytes(written())
    assert len(wav.read(path)) == 100

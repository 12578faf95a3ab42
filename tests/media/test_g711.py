"""G.711: the tables of the recommendation, and files made by sox."""

from __future__ import annotations

import subprocess
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.media.g711 import A_LAW, LAWS, MU_LAW, OVERLOAD, OVERLOAD_DBM0, Law, root_mean_square
from simcarrier.media.tones import Tone, tone_of
from tests.interop.harness import peer

from .kit import sixteen

EVERY = range(-32768, 32768)
BOTH = pytest.mark.parametrize("law", LAWS.values(), ids=lambda law: law.name)


@pytest.mark.parametrize(
    ("byte", "sample"),
    [
        (0xFF, 0),
        (0x7F, 0),
        (0x80, 32124),
        (0x00, -32124),
        (0xFE, 8),
        (0x7E, -8),
        (0x8F, 16764),
        (0xEF, 132),
        (0xF0, 120),
    ],
)
def test_mu_law_stands_for_the_values_of_the_recommendation(byte: int, sample: int) -> None:
    assert MU_LAW.decode(bytes([byte])) == array("h", [sample])


@pytest.mark.parametrize(
    ("byte", "sample"), [(0xD5, 8), (0x55, -8), (0xAA, 32256), (0x2A, -32256), (0xD4, 24), (0xC5, 264), (0x80, 5504)]
)
def test_a_law_stands_for_the_values_of_the_recommendation(byte: int, sample: int) -> None:
    assert A_LAW.decode(bytes([byte])) == array("h", [sample])


def test_a_law_inverts_every_other_bit() -> None:
    assert A_LAW.encode([0]) == b"\xd5"
    assert 0xD5 ^ 0x55 == 0x80  # the sign of what is not negative, and nothing else


@BOTH
def test_each_value_is_encoded_as_itself(law: Law) -> None:
    values = law.decode(bytes(range(256)))
    again = law.encode(values)
    assert law.decode(again) == values
    # Mu-law has two bytes for nought, of which one is sent.
    assert {bytes([n]) for n in range(256)} - {bytes([n]) for n in again} == ({b"\x7f"} if law is MU_LAW else set())


@BOTH
def test_louder_is_never_softer(law: Law) -> None:
    values = law.decode(law.encode(EVERY))
    assert list(values) == sorted(values)


@BOTH
@given(sample=st.integers(-32768, 32767))
def test_a_sample_is_off_by_half_a_step_at_most(law: Law, sample: int) -> None:
    (value,) = law.decode(law.encode([sample]))
    most = max(law.decoded)
    # A step is a 16th of where its segment begins; mu-law's segments begin 132 lower, and bits are cut off.
    assert abs(value - max(-most, min(most, sample))) <= (abs(sample) + 132) / 32 + 8


@BOTH
def test_sox_reads_each_byte_as_we_do(law: Law) -> None:
    every = bytes(range(256))
    raw = ["-t", "raw", "-r", "8000", "-c", "1"]
    encoding = "u-law" if law is MU_LAW else "a-law"
    command = [peer("sox"), "-D", *raw, "-e", encoding, "-b", "8", "-", *raw, "-e", "signed", "-b", "16", "-"]
    done = subprocess.run(command, input=every, capture_output=True, check=True, timeout=20)
    assert sixteen(done.stdout) == law.decode(every)


@BOTH
def test_sox_writes_each_sample_as_we_do(law: Law) -> None:
    raw = ["-t", "raw", "-r", "8000", "-c", "1"]
    encoding = "u-law" if law is MU_LAW else "a-law"
    command = [peer("sox"), "-D", *raw, "-e", "signed", "-b", "16", "-", *raw, "-e", encoding, "-b", "8", "-"]
    every = array("h", EVERY)
    done = subprocess.run(command, input=every.tobytes(), capture_output=True, check=True, timeout=20)
    ours = law.encode(EVERY)
    others = [at for at in range(len(ours)) if ours[at] != done.stdout[at]]
    # sox rounds to the bits of the law where we cut off: beside a decision value that is another step, and no further.
    assert len(others) <= 256 * 4
    steps = sorted(set(law.decoded))
    for at in others:
        one, other = law.decode(ours[at : at + 1])[0], law.decode(done.stdout[at : at + 1])[0]
        assert abs(steps.index(one) - steps.index(other)) == 1


def test_full_scale_is_the_recommendations_level() -> None:
    assert root_mean_square(OVERLOAD_DBM0) == pytest.approx(OVERLOAD / 2**0.5)
    assert root_mean_square(-20) == pytest.approx(root_mean_square(0) / 10)


@pytest.mark.parametrize("level", [-10.0, -30.0])
@pytest.mark.parametrize("text", ["425", "350+440", "400*25", "480+620"])
@BOTH
def test_a_tone_has_its_level(text: str, level: float, law: Law) -> None:
    tone: Tone = tone_of(text, level=level)
    samples = law.decode(law.encode(tone.samples))
    size = (sum(sample * sample for sample in samples) / len(samples)) ** 0.5
    assert size == pytest.approx(root_mean_square(level), rel=0.012)

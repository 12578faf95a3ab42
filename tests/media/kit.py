"""What the tests of media have in common: packets with noise and losses, and what an ear makes of them."""

from __future__ import annotations

import random
from array import array
from collections.abc import Collection, Iterable, Iterator

import numpy as np
import numpy.typing as npt

from simcarrier.media.ears import Ears, Heard
from simcarrier.media.g711 import MU_LAW, PEAK, RATE, Law, root_mean_square
from simcarrier.media.plans import Kind, plans
from simcarrier.media.rtp import Packet, Sender, parse
from simcarrier.media.sit import CLASSES
from simcarrier.media.tones import Tone

Samples = npt.NDArray[np.float64]

PACKET = 160

SECONDS = {
    Kind.RINGBACK: 7.5,
    Kind.UNOBTAINABLE: 7.5,
    Kind.DIAL: 4.5,
    Kind.BUSY: 3.6,
    Kind.CONGESTION: 3.6,
    Kind.SIT: 1.6,
}
"""How long a tone is listened to: a round and the beginning of the next for ringback, two and more for the others."""


def all_tones() -> Iterator[tuple[str, Kind, Tone]]:
    """Every tone of every plan, and the classes of special information tones by their names."""
    for country, plan in plans().items():
        for kind, listed in plan.listed.items():
            if listed.same_as is None:
                yield country, kind, listed.tone
    for each in CLASSES:
        yield each.name, Kind.SIT, each.tone()


def played(tone: Tone, seconds: float, level: float | None = None) -> Samples:
    """A tone for some seconds, silence behind one that ends."""
    one = np.array(tone.samples, dtype=np.float64)
    if level is not None:
        one *= 10 ** ((level - tone.level) / 20)
    count = round(seconds * RATE)
    if tone.endless:
        return np.tile(one, count // len(one) + 1)[:count]
    return np.concatenate((one, np.zeros(max(count - len(one), 0))))[:count]


def silent(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE))


def with_noise(samples: Samples, level: float, seed: int) -> Samples:
    """White noise of a level in dBm0 added."""
    return samples + np.random.default_rng(seed).normal(0, root_mean_square(level), len(samples))


def losses(packets: int, share: float, seed: int, *, in_bursts: bool) -> set[int]:
    """Which packets are lost: one at a time, or two or three in a row."""
    chance = random.Random(seed)
    lost: set[int] = set()
    at = 0
    while at < packets:
        if chance.random() < (share / 2.5 if in_bursts else share):
            count = chance.choice((2, 3)) if in_bursts else 1
            lost.update(range(at, at + count))
            at += count
        else:
            at += 1
    return lost


def packets_of(samples: Samples | Iterable[int], law: Law = MU_LAW) -> list[Packet]:
    """The packets of some samples; their sequence numbers and timestamps wrap around on the way."""
    whole = np.clip(np.rint(np.asarray(samples)), -PEAK, PEAK).astype(np.int64).tolist()
    data = law.encode(whole)
    sender = Sender(0x1234, 65_500, 2**32 - 9_000, law.payload_type)
    return [parse(sender.packet(data[at : at + PACKET])) for at in range(0, len(data), PACKET)]


def listen(
    packets: Iterable[Packet], lost: Collection[int] = (), countries: Iterable[str] = (), *, final: bool = True
) -> tuple[Heard, ...]:
    """What an ear hears of packets that come every 20 ms."""
    ears = Ears(countries)
    for number, packet in enumerate(packets):
        if number not in lost:
            ears.hear(packet, 100 + number * PACKET / RATE)
    return ears.heard(final=final)


def tones_in(heard: Iterable[Heard]) -> list[Heard]:
    return [each for each in heard if each.what.tone]


def sixteen(data: bytes) -> array[int]:
    """Little-endian samples of 16 bits."""
    return array("h", np.frombuffer(data, dtype="<i2").tolist())

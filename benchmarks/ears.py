"""How well the ear knows tones with noise and losses, what it makes of speech and music, and what it costs.

Every tone of every plan, and every class of special information tone, is played at three levels, in both laws, with
white noise 20 dB below it and 5 % of the packets lost, one by one or two and three in a row. Then espeak-ng speaks
and sox makes music, of which no tone may be reported.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from shutil import which

sys.path.insert(0, str(Path(__file__).parents[1]))

from simcarrier.media.ears import Ears, Heard, What
from simcarrier.media.g711 import LAWS, MU_LAW, RATE, Law
from simcarrier.media.plans import Kind
from simcarrier.media.rtp import Packet
from simcarrier.media.sit import BY_NAME
from tests.media.kit import (
    SECONDS,
    Samples,
    all_tones,
    listen,
    losses,
    packets_of,
    played,
    silent,
    tones_in,
    with_noise,
)
from tests.media.voices import music, speech

LEVELS = (-10.0, -20.0, -30.0)
SNR = 20.0
LOSS = 0.05


def name_of(heard: tuple[Heard, ...]) -> str:
    """What was reported, in a few words."""
    found = [f"SIT {each.sit.name if each.sit else '?'}" if each.what is What.SIT else str(each.what) for each in heard]
    return " + ".join(found) or "nothing"


def wanted(name: str, kind: Kind) -> str:
    """What should be reported; the special information tones of countries have the form of the ITU's."""
    return kind.value if kind is not Kind.SIT else f"SIT {name if name in BY_NAME else 'ITU'}"


def noisy(samples: Samples, level: float, seed: int) -> Samples:
    return with_noise(samples, level - SNR, seed)


def confusion(
    repeats: int, first: int, levels: Sequence[float], laws: Sequence[Law]
) -> tuple[dict[str, Counter[str]], float, float]:
    """What was reported for what was played; and seconds of processor and of sound."""
    found: dict[str, Counter[str]] = {}
    cpu = sound = 0.0
    for seed, (repeat, level, law) in enumerate(product(range(repeats), levels, laws), first):
        for number, (name, kind, tone) in enumerate(all_tones()):
            case = seed * 1000 + number
            lead = silent(0.1 + case % 9 / 10)
            made = with_lead(lead, played(tone, SECONDS[kind] + 1, level))
            packets = packets_of(noisy(made, level, case), law)
            lost = losses(len(packets), LOSS, case, in_bursts=bool((repeat + number) % 2))
            country = () if kind is Kind.SIT else (name,)
            before = time.process_time()
            heard = tones_in(listen(packets, lost, country))
            cpu += time.process_time() - before
            sound += len(made) / RATE
            told = name_of(tuple(heard))
            found.setdefault(wanted(name, kind), Counter())[told] += 1
            if told != wanted(name, kind):
                print(f"  {name} {kind} {level:g} dBm0 {law.name} seed {case}: {told}", file=sys.stderr)
    return found, cpu, sound


def with_lead(lead: Samples, made: Samples) -> Samples:
    """Silence, and then what was made."""
    out = silent((len(lead) + len(made)) / RATE)
    out[len(lead) :] = made
    return out


def alarms(made: Iterator[tuple[str, Samples]]) -> tuple[int, float, int, float]:
    """Samples, seconds, tones reported among them, and seconds of processor."""
    samples = reported = 0
    seconds = cpu = 0.0
    for name, sound in made:
        packets = packets_of(sound)
        before = time.process_time()
        heard = tones_in(listen(packets))
        cpu += time.process_time() - before
        samples, seconds, reported = samples + 1, seconds + len(sound) / RATE, reported + len(heard)
        for each in heard:
            print(f"  {name}: {each} from {each.begin:.1f} to {each.end:.1f}", file=sys.stderr)
    return samples, seconds, reported, cpu


def cost(packets: list[Packet]) -> float:
    """Milliseconds of processor a second of sound, the least of five."""

    def once() -> float:
        ears = Ears()
        before = time.process_time()
        for number, packet in enumerate(packets):
            ears.hear(packet, number * 0.02)
        ears.heard(final=True)
        return time.process_time() - before

    return min(once() for _ in range(5)) * 1000 / (len(packets) * 0.02)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=4, help="of every tone at every level in both laws")
    parser.add_argument("--seed", type=int, default=0, help="of noise and losses; another one makes other cases")
    parser.add_argument("--few", action="store_true", help="one level, law, language and instrument: only to try it")
    options = parser.parse_args()
    few: bool = options.few
    for program in ("sox", "espeak-ng"):
        if which(program) is None:
            sys.exit(f"{program} is not installed; tests/peers.sh installs it where apt-get is there")
    levels, laws = ((LEVELS[1],), (MU_LAW,)) if few else (LEVELS, tuple(LAWS.values()))
    found, cpu, sound = confusion(options.repeats, options.seed, levels, laws)
    played_in_all = sum(sum(told.values()) for told in found.values())
    print(f"{played_in_all} tones, {SNR:g} dB above white noise, {LOSS:.0%} of the packets lost")
    columns = [*found, *sorted({told for row in found.values() for told in row} - found.keys())]
    short = [column.removeprefix("SIT ")[:7] for column in columns]
    print(f"{'played':13}" + "".join(f"{column:>8}" for column in short))
    for row, told in found.items():
        print(f"{row:13}" + "".join(f"{told[column] or '.':>8}" for column in columns))
    right = sum(told[row] for row, told in found.items())
    print(f"right: {right} of {played_in_all}; {cpu * 1000 / sound:.2f} ms of processor a second of sound")
    talk = speech(("en-us",), (50,)) if few else speech()
    tunes = music(("sine",), (0.5,)) if few else music()
    for what, made in (("speech", talk), ("music", tunes)):
        samples, seconds, reported, cpu = alarms(made)
        print(
            f"{what}: {samples} samples, {seconds:.0f} s, {reported} tones reported; "
            f"{cpu * 1000 / seconds:.2f} ms of processor a second"
        )
    length = 4 if few else 60
    print(f"milliseconds of processor a second of sound, the least of five rounds of {length} s")
    for name, kind in (("US", Kind.RINGBACK), ("DE", Kind.RINGBACK), ("US", Kind.BUSY), ("RU", Kind.CONGESTION)):
        (tone,) = [tone for country, which_one, tone in all_tones() if (country, which_one) == (name, kind)]
        print(f"  {name} {kind:11} {cost(packets_of(noisy(played(tone, length), tone.level, 1))):.2f}")
    print(f"  {'noise':14} {cost(packets_of(noisy(silent(length), -20, 1))):.2f}")


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(str(error))

"""What a set of diagnoses is worth: how often right, how sure, and how right anybody could be.

Every run has a weight, so that the same runs tell of two worlds: one in which every condition is as common as any
other, and one in which they are as common as the table of causes has it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from simcarrier.conditions import Condition

BINS = 10


@dataclass(frozen=True)
class Run:
    """One diagnosed call, or one case with its follow-ups.

    Attributes:
        truth: what really happened.
        dialect: who said it.
        key: the evidence; runs with the same key cannot be told apart by anybody.
        ranked: conditions and their probabilities, the likeliest first.
        weight: how much it counts.
        questions: follow-ups asked.
    """

    truth: Condition
    dialect: str
    key: Hashable
    ranked: Sequence[tuple[Condition, float]]
    weight: float = 1.0
    questions: int = 0


@dataclass(frozen=True)
class Figures:
    """How right.

    Attributes:
        top1, top3: share of runs whose true condition is ranked first, or among the first three.
        ceiling1, ceiling3: the same for whoever knows for each evidence how often each condition shows it.
        error: expected calibration error, over ten bins of the probability of the first.
        bins: for each bin its share of runs, mean probability and share that is right.
        questions: follow-ups asked on average.
    """

    runs: int
    top1: float
    top3: float
    ceiling1: float
    ceiling3: float
    error: float
    bins: Sequence[tuple[float, float, float]] = field(default=())
    questions: float = 0.0


def figures(runs: Sequence[Run]) -> Figures:
    """The figures of these runs."""
    total = sum(run.weight for run in runs)
    first = sum(run.weight for run in runs if run.ranked[0][0] is run.truth)
    third = sum(run.weight for run in runs if run.truth in [condition for condition, _ in run.ranked[:3]])
    by_key: dict[Hashable, dict[Condition, float]] = defaultdict(lambda: defaultdict(float))
    bins: list[list[float]] = [[0.0, 0.0, 0.0] for _ in range(BINS)]
    for run in runs:
        by_key[run.key][run.truth] += run.weight
        share = run.ranked[0][1]
        held = bins[min(int(share * BINS), BINS - 1)]
        held[0] += run.weight
        held[1] += run.weight * share
        held[2] += run.weight * (run.ranked[0][0] is run.truth)
    best = [sorted(found.values(), reverse=True) for found in by_key.values()]
    return Figures(
        len(runs),
        first / total,
        third / total,
        sum(found[0] for found in best) / total,
        sum(sum(found[:3]) for found in best) / total,
        sum(abs(sure - right) for _, sure, right in bins) / total,
        [(held / total, sure / held if held else 0.0, right / held if held else 0.0) for held, sure, right in bins],
        sum(run.weight * run.questions for run in runs) / total,
    )


UNSEEN = 0.3
"""Weight of what was never seen, in runs."""


def learnt(runs: Sequence[Run], features: Callable[[Run], Sequence[tuple[str, Hashable]]]) -> tuple[float, float]:
    """How right somebody would be who has learnt from the runs of all *other* dialects, and knows nothing else.

    A naive Bayes that counts how often each condition shows each feature; each run is judged by what the dialects
    beside its own have shown. So it knows how such carriers are, and has never met this one.

    Args:
        runs: of several dialects.
        features: what a run shows, by name.

    Returns:
        Top-1 and top-3 accuracy.
    """
    shown = [(run.truth, run.dialect, features(run)) for run in runs]
    values: dict[str, set[Hashable]] = defaultdict(set)
    # How often a condition shows a value of a feature, and shows the feature at all: everywhere, and at one dialect.
    counts: dict[Hashable, float] = defaultdict(float)
    for truth, dialect, pairs in shown:
        for name, value in pairs:
            values[name].add(value)
            for where in (None, dialect):
                counts[where, truth, name, value] += 1
                counts[where, truth, name] += 1
    logs: dict[Hashable, float] = {}

    def log_of(dialect: str, condition: Condition, name: str, value: Hashable) -> float:
        key = dialect, condition, name, value
        if key not in logs:
            often = counts[None, condition, name, value] - counts[dialect, condition, name, value]
            all_of = counts[None, condition, name] - counts[dialect, condition, name]
            logs[key] = math.log((often + UNSEEN / len(values[name])) / (all_of + UNSEEN))
        return logs[key]

    first = third = 0
    for truth, dialect, pairs in shown:
        scores = {each: sum(log_of(dialect, each, name, value) for name, value in pairs) for each in Condition}
        ranked = sorted(scores, key=lambda each: -scores[each])
        first += ranked[0] is truth
        third += truth in ranked[:3]
    return first / len(shown), third / len(shown)


def grouped(runs: Iterable[Run], by: Callable[[Run], str]) -> dict[str, list[Run]]:
    """Runs by something of theirs, in order."""
    found: dict[str, list[Run]] = {}
    for run in runs:
        found.setdefault(by(run), []).append(run)
    return found


def table(rows: Mapping[str, Sequence[Run]], head: str) -> str:
    """Figures as a Markdown table, one row each."""
    lines = [
        f"| {head} | runs | top-1 | ceiling | of it | top-3 | ceiling | of it | ECE |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, runs in rows.items():
        made = figures(runs)
        lines.append(
            f"| {name} | {made.runs:,} | {made.top1:.1%} | {made.ceiling1:.1%} | {made.top1 / made.ceiling1:.1%} "
            f"| {made.top3:.1%} | {made.ceiling3:.1%} | {made.top3 / made.ceiling3:.1%} | {made.error:.3f} |"
        )
    return "\n".join(lines)


def calibration(made: Figures) -> str:
    """How often a diagnosis given with so much probability is right, as a Markdown table."""
    lines = ["| said | runs | mean said | right |", "|---|---:|---:|---:|"]
    for place, (held, sure, right) in enumerate(made.bins):
        if held:
            lines.append(f"| {place * 10}-{place * 10 + 10} % | {held:.1%} | {sure:.1%} | {right:.1%} |")
    return "\n".join(lines)


def confusion(runs: Sequence[Run]) -> dict[Condition, dict[Condition, float]]:
    """For each true condition, how often each was ranked first."""
    found: dict[Condition, dict[Condition, float]] = {}
    for truth in Condition:
        own = [run for run in runs if run.truth is truth]
        total = sum(run.weight for run in own) or 1.0
        shares: dict[Condition, float] = defaultdict(float)
        for run in own:
            shares[run.ranked[0][0]] += run.weight / total
        found[truth] = dict(sorted(shares.items(), key=lambda one: -one[1]))
    return found


def confusion_table(runs: Sequence[Run], most: int = 4) -> str:
    """The confusion as a Markdown table: for each condition what it was taken for, most often first."""
    lines = ["| really | taken for |", "|---|---|"]
    for truth, shares in confusion(runs).items():
        told = [f"{condition} {share:.0%}" for condition, share in list(shares.items())[:most] if share >= 0.005]
        lines.append(f"| {truth} | {', '.join(told)} |")
    return "\n".join(lines)


CELL, LEFT, TOP = 18, 190, 175


def confusion_svg(runs: Sequence[Run], title: str) -> str:
    """The confusion as a picture: a row for what really happened, a column for what it was taken for."""
    names = list(Condition)
    width, height = LEFT + CELL * len(names) + 20, TOP + CELL * len(names) + 20
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">',
        f'<title>{escape(title)}</title><rect width="{width}" height="{height}" fill="white"/>',
        f'<text x="8" y="18" font-size="13">{escape(title)}</text>',
        '<text x="8" y="36" fill="#555">rows: what really happened; columns: ranked first</text>',
    ]
    shares = confusion(runs)
    for row, truth in enumerate(names):
        y = TOP + row * CELL
        out.append(f'<text x="{LEFT - 6}" y="{y + 13}" text-anchor="end">{truth}</text>')
        x = LEFT + row * CELL
        out.append(f'<text transform="translate({x + 13} {TOP - 6}) rotate(-60)">{truth}</text>')
        for column, guess in enumerate(names):
            share = shares[truth].get(guess, 0.0)
            colour = "#2b7a4b" if guess is truth else "#b3432b"
            cell = f'x="{LEFT + column * CELL}" y="{y}" width="{CELL - 1}" height="{CELL - 1}"'
            if share < 0.005:
                out.append(f'<rect {cell} fill="#f2f2f2"/>')
                continue
            out.append(
                f'<rect {cell} fill="{colour}" fill-opacity="{0.12 + 0.88 * share:.2f}">'
                f"<title>{truth} taken for {guess}: {share:.0%}</title></rect>"
            )
    out.append("</svg>")
    return "\n".join(out) + "\n"

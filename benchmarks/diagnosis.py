"""How often the diagnosis is right: ``python benchmarks/diagnosis.py [--seeds N] [--cases N] [--random N]``.

Every condition, said by every dialect, is called by a real probe on a wire in memory (`diagnosis_runs`). First from one
call alone, then with up to four follow-up questions in worlds where the condition has its cause (`diagnosis_worlds`),
then from one call at carriers made at random (`diagnosis_dialects`), on which nothing was tuned. Beside the figures
stands a ceiling: what somebody would get who knew for each evidence how often each condition shows it in just these
runs. It is a little too high, for it knows the runs themselves. What was drawn regardless of the condition (region,
load, form of the number beyond its plus) does not count as evidence for the ceiling.

That ceiling knows the very carriers. The second yardstick does not: a naive Bayes that has learnt, from all other
carriers of the same table, how often each condition shows what. No table written by hand can be expected to beat it.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Hashable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from diagnosis_dialects import write_dialects
from diagnosis_figures import (
    Run,
    calibration,
    confusion_svg,
    confusion_table,
    figures,
    grouped,
    learnt,
    table,
)
from diagnosis_runs import DIALECTS, passive_call
from diagnosis_worlds import Case, cases

from simcarrier.conditions import Condition
from simcarrier.diagnosis import Call, Diagnosis, Evidence, diagnose
from simcarrier.diagnosis.causes import the_table
from simcarrier.diagnosis.follow_ups import Answer, Kind, learn, next_question
from simcarrier.records.observation import Observation

MOST_QUESTIONS = 4
EVEN = dict.fromkeys(Condition, 1.0)
DRAWN = frozenset({"region", "load", "number_form", "hung_up_by"})
"""Features that are drawn, or set by the probe, regardless of the condition."""

FIRST_RANDOM = 1000
"""Seeds of the random dialects begin here; those below were looked at while the table was made."""


def key_of(evidence: Evidence) -> Hashable:
    """What anybody could tell runs apart by."""
    known = tuple(pair for pair in evidence.known if pair[0] not in DRAWN)
    return evidence.answer, evidence.cause, known, evidence.value("number_form") == "plus"


def run_of(truth: Condition, dialect: str, made: Diagnosis, key: Hashable, weight: float = 1.0, asked: int = 0) -> Run:
    """A run of a diagnosis."""
    return Run(truth, dialect, key, [(each.condition, each.probability) for each in made.ranked], weight, asked)


def features_of(run: Run) -> list[tuple[str, Hashable]]:
    """The same, one by one: of the first call, and the answers to all questions if there are any."""
    key: Any = run.key
    first, answers = key if len(key) == 2 else (key, ())
    answer, cause, known, plus = first
    return [("answer", answer), ("cause", cause), ("plus", plus), *known, *answers]


def yardstick(runs: Sequence[Run]) -> str:
    """What a learner gets that has never met the carrier."""
    first, third = learnt(runs, features_of)
    made = figures(runs)
    return (
        f"\nWho has learnt from the other carriers, and not from this one: top-1 {first:.1%}, top-3 {third:.1%}; "
        f"of that the diagnosis has {made.top1 / first:.1%} and {made.top3 / third:.1%}."
    )


Passive = tuple[Condition, str, Observation]


def passive_runs(job: tuple[str, int]) -> list[Passive]:
    """All conditions at one dialect."""
    dialect, seeds = job
    return [(truth, dialect, passive_call(truth, dialect, seed)) for truth in Condition for seed in range(seeds)]


def case_runs(job: tuple[str, int]) -> list[Case | None]:
    """All conditions at one dialect, with the answers to all questions."""
    dialect, seeds = job
    return cases(list(Condition), dialect, range(seeds))


def diagnosed(found: Iterable[Passive]) -> tuple[list[Run], list[Run]]:
    """The runs in a world where all conditions are equally common, and in one as the table has it."""
    even, usual = [], []
    rows = the_table().rows
    for truth, dialect, seen in found:
        made = diagnose(seen, priors=EVEN)
        key = key_of(made.evidence)
        even.append(run_of(truth, dialect, made, key))
        usual.append(run_of(truth, dialect, diagnose(seen), key, rows[truth].prior))
    return even, usual


def questioned(case: Case) -> tuple[Run, Run]:
    """A case before and after its follow-up questions."""
    made = diagnose(case.first, priors=EVEN)
    key = key_of(made.evidence)
    before = run_of(case.truth, case.dialect, made, key)
    asked: list[tuple[Kind, Answer]] = []
    while len(asked) < MOST_QUESTIONS:
        question = next_question(made, asked, list(case.answers))
        if question is None:
            break
        answer = case.answers[question.kind]
        made = learn(made, question.kind, answer)
        asked.append((question.kind, answer))
    all_answers = (key, tuple(sorted(case.answers.items())))
    return before, run_of(case.truth, case.dialect, made, all_answers, asked=len(asked))


def passive_part(found: Sequence[Passive], title: str, by_dialect: bool) -> list[Run]:
    """Figures from one call alone."""
    even, usual = diagnosed(found)
    print(f"\n## {title}\n")
    print(table({"every condition alike": even, "as common as the priors": usual}, "from one call"))
    if len({run.dialect for run in even}) > 1:
        print(yardstick(even))
    if by_dialect:
        print("\nBy dialect, where the ceiling is that of somebody who knows the dialect:\n")
        print(table(grouped(even, lambda run: run.dialect), "dialect"))
    print("\nHow often a diagnosis is right, by how probable it says it is:\n")
    print(calibration(figures(even)))
    return even


def active_part(told: Sequence[Case | None], title: str) -> None:
    """Figures from one call and its follow-up questions."""
    pairs = [questioned(one) for one in told if one is not None]
    before, after = [one for one, _ in pairs], [one for _, one in pairs]
    print(f"\n## {title}, with up to {MOST_QUESTIONS} follow-up questions\n")
    print(table({"before": before, "after": after}, "every condition alike"))
    made = figures(after)
    if len({run.dialect for run in after}) > 1:
        print(yardstick(after))
    print(f"\n{made.questions:.1f} questions on average. The ceiling knows the answers to all questions.")
    if len(pairs) < len(told):
        print(f"{len(told) - len(pairs)} of {len(told)} cases are left out: their first call went another way.")
    print(f"\n{calibration(made)}")


def main() -> None:
    asked = argparse.ArgumentParser(description="How often the diagnosis is right.")
    asked.add_argument("--seeds", type=int, default=20, help="calls for each condition and dialect")
    asked.add_argument("--cases", type=int, default=6, help="cases with follow-ups for each condition and dialect")
    asked.add_argument("--random", type=int, default=40, help="dialects made at random")
    asked.add_argument("--svg", type=Path, help="write the confusion matrix here")
    asked.add_argument("--jobs", type=int, default=2, help="processes")
    said = asked.parse_args()
    began = time.perf_counter()
    with ProcessPoolExecutor(said.jobs) as pool, tempfile.TemporaryDirectory() as folder:
        found = [one for some in pool.map(passive_runs, [(each, said.seeds) for each in DIALECTS]) for one in some]
        even = passive_part(found, "The dialects that ship, from one call", True)
        print("\nWhat each was taken for (every condition alike):\n")
        print(confusion_table(even))
        if said.svg:
            said.svg.write_text(confusion_svg(even, "Diagnosis from one call, dialects that ship"), encoding="utf-8")

        if said.cases:
            told = [one for some in pool.map(case_runs, [(each, said.cases) for each in DIALECTS]) for one in some]
            active_part(told, "The dialects that ship")

        for wild, title in ((False, "Dialects made at random"), (True, "The same, wilder")):
            paths = write_dialects(Path(folder), range(FIRST_RANDOM, FIRST_RANDOM + said.random), wild=wild)
            jobs = [(path, max(1, said.seeds // 3)) for path in paths]
            passive_part([one for some in pool.map(passive_runs, jobs) for one in some], title, False)
            if not wild and said.cases:
                told = [
                    one
                    for some in pool.map(case_runs, [(path, (said.cases + 1) // 2) for path in paths])
                    for one in some
                ]
                active_part(told, title)
    sample = [seen for _, _, seen in found[:: max(1, len(found) // 500)]]
    alone, among = cost(sample, ()), cost(sample, [Call.of(seen) for seen in sample])
    print(
        f"\nOne diagnosis takes {alone * 1e6:.0f} us, {among * 1e6:.0f} us with {len(sample)} other calls; "
        f"all of this took {time.perf_counter() - began:.0f} s."
    )


def cost(sample: Sequence[Observation], history: Sequence[Call]) -> float:
    """Seconds that one diagnosis takes; the best of three rounds, for other programs take their time, too."""
    rounds = []
    for _ in range(3):
        start = time.perf_counter()
        for seen in sample:
            diagnose(seen, history)
        rounds.append((time.perf_counter() - start) / len(sample))
    return min(rounds)


if __name__ == "__main__":
    main()

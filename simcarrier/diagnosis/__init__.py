"""Diagnosis: from what was seen of a call on the wire back to what really happened.

One code stands for many conditions, and one condition for many codes. `evidence` makes a few telling features of an
observation; `causes.yaml` says how likely each is for each condition; `ranking` adds that up. `context` adds what other
calls say, `follow_ups` asks the question that would tell most.

Nothing here has a clock or a socket: observations come in, ranked conditions go out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from simcarrier.conditions import Condition
from simcarrier.records.observation import Observation

from .causes import Retry, the_table
from .context import Call, signs_of
from .evidence import Evidence, read_evidence
from .ranking import Contacts, Diagnosis, Ranked, rank

__all__ = ["Call", "Contacts", "Diagnosis", "Evidence", "Ranked", "Retry", "diagnose", "read_evidence"]


def diagnose(
    observation: Observation,
    history: Iterable[Observation | Call] = (),
    *,
    timed: bool = True,
    baseline: Mapping[str, float] | None = None,
    priors: Mapping[Condition, float] | None = None,
) -> Diagnosis:
    """What most likely happened to a call.

    Args:
        observation: the call.
        history: other calls, on the same trunk or not, before and after; the call itself may be among them.
        timed: whether its times are real ones.
        baseline: the share of this market's calls that usually end with each answer, such as ``480``.
        priors: how often each condition is to be expected, as weights; the table's if None.

    Returns:
        The conditions, ranked, with what speaks for and against each.
    """
    evidence = read_evidence(observation, timed=timed)
    table = the_table()
    return rank(evidence, signs_of(observation, history, table, baseline), table=table, priors=priors)

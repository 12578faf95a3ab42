"""Dialects made at random: carriers that nobody has seen before.

The table of causes was written beside the dialects that ship, so what it scores on them proves little. These are drawn
by a rule that knows nothing of the table:

- for each condition one answer is drawn from `HEARD`, what carriers are known to say to it;
- one condition in eight says something else: an answer of any condition that the same party is behind (with `wild`,
  one in three);
- two carriers in three send 100 before they refuse, the others only where it takes longer than 200 ms;
- one refusal in ten has a Reason with the Q.850 cause that RFC 3398 gives its code, one in ten a phrase of its own
  that says nothing (``Call Rejected``);
- times are drawn from four ranges, whatever the condition.
"""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import yaml

from simcarrier.conditions import MEANINGS, Condition
from simcarrier.sip.isup import Profile, cause_for

_C = Condition

HEARD: dict[Condition, tuple[str, ...]] = {
    _C.NO_ANSWER: ("480", "408", "487", "480"),
    _C.BUSY: ("486",),
    _C.BUSY_EVERYWHERE: ("600", "486"),
    _C.DECLINED: ("603", "603", "486"),
    _C.SCREENED: ("486", "603"),
    _C.UNWANTED: ("607", "603"),
    _C.SUBSCRIBER_UNAVAILABLE: ("480",),
    _C.RINGING_MIS_SIGNALLED: ("480",),
    _C.NUMBER_UNALLOCATED: ("404", "403", "604", "484", "404", "404"),
    _C.DOES_NOT_EXIST_ANYWHERE: ("604", "404"),
    _C.NUMBER_INCOMPLETE: ("484", "404"),
    _C.PREFIX_NOT_RECOGNISED: ("404", "404", "484"),
    _C.NUMBER_DISCONNECTED: ("404", "410"),
    _C.NUMBER_CHANGED: ("404", "410"),
    _C.NUMBER_PORTED: ("404", "410"),
    _C.NOT_A_CUSTOMER: ("403", "403", "404"),
    _C.CREDENTIALS_WRONG: ("403",),
    _C.REGISTRATION_INACTIVE: ("403", "404", "503"),
    _C.BALANCE_EXHAUSTED: ("403", "503", "402", "403"),
    _C.DIRECTION_BLOCKED: ("403",),
    _C.CALLER_ID_NOT_ROUTED: ("403",),
    _C.ANONYMITY_REFUSED: ("433", "403"),
    _C.IDENTITY_REFUSED: ("428", "436", "437", "438", "403"),
    _C.LINES_FULL: ("603", "503", "486", "480"),
    _C.RATE_EXCEEDED: ("503+", "503", "480", "486", "500"),
    _C.ROUTE_CONGESTED: ("503",),
    _C.AREA_THROTTLED: ("480",),
    _C.CARRIER_FAILURE: ("500", "503"),
    _C.ALL_NUMBERS_INACTIVE: ("480",),
    _C.BLOCKED_BY_ANALYTICS: ("603+", "608", "603", "stall", "607"),
    _C.NOT_ACCEPTABLE: ("606", "488"),
}
"""What carriers say to each condition; one that is written twice is twice as common. 503+ has a Retry-After, 603+ and
608 their contacts. Conditions that are answers by themselves (answered, silent, stalled) are said as ever."""

DELAYS = ("20ms..150ms", "50ms..400ms", "200ms..1s", "500ms..2s")
RINGING = {
    _C.NO_ANSWER: ("20s..30s", "30s..45s", "45s..55s"),
    _C.DECLINED: ("2s..8s", "3s..12s"),
    _C.SCREENED: ("500ms..2s", "1s..3s"),
}
LIKE_603 = 'SIP;cause=603;text="v=analytics1;url=https://redress.example/;id={uuid}";location=LN'


def random_dialect(seed: int, *, wild: bool = False) -> dict[str, Any]:
    """A dialect file, as data."""
    rng = Random(f"dialect {seed} {wild}")
    trying = rng.random() < 2 / 3
    conditions = {}
    for condition in HEARD:
        told = HEARD[condition]
        if rng.random() < (1 / 3 if wild else 1 / 8):
            party = MEANINGS[condition].refused_by
            like = [said for other, said in HEARD.items() if MEANINGS[other].refused_by is party]
            told = tuple(answer for said in like for answer in said)
        conditions[condition.value] = _action(condition, rng.choice(told), trying, rng)
    return {"name": f"random-{seed}", "description": "Made at random.", "conditions": conditions}


def _action(condition: Condition, answer: str, trying: bool, rng: Random) -> dict[str, Any]:
    if answer == "stall":
        return {"steps": ["trying", "silence"]}
    delay = rng.choice(DELAYS)
    code = int(answer[:3])
    respond: dict[str, Any] = {"code": code}
    headers: dict[str, str] = {}
    if answer == "603+":
        respond["phrase"] = "Network Blocked"
        headers["Reason"] = LIKE_603
    elif answer == "608":
        headers["Call-Info"] = "<https://block.carrier.example/r/{uuid}>;purpose=jwscard"
    elif answer == "503+":
        headers["Retry-After"] = "{retry_after}"
    else:
        chance = rng.random()
        if chance < 0.1 and (cause := cause_for(code, Profile.PRACTICE)) is not None:
            headers["Reason"] = f"Q.850;cause={cause}"
        elif chance < 0.2:
            respond["phrase"] = "Call Rejected"
    if headers:
        respond["headers"] = headers
    if condition in RINGING:
        return {"steps": ["trying", "ringing", {"wait": rng.choice(RINGING[condition])}, {"respond": respond}]}
    edge = condition in (Condition.LINES_FULL, Condition.RATE_EXCEEDED)
    respond["delay"] = DELAYS[0] if edge else delay
    respond["trying"] = (trying or delay in DELAYS[2:]) and not (edge and rng.random() < 0.5)
    return {"respond": respond}


def write_dialects(folder: Path, seeds: range, *, wild: bool = False) -> list[str]:
    """Write dialects as files; their paths, as a scenario names them."""
    paths = []
    for seed in seeds:
        path = folder / f"random-{seed}{'-wild' if wild else ''}.yaml"
        path.write_text(yaml.safe_dump(random_dialect(seed, wild=wild), sort_keys=False), encoding="utf-8")
        paths.append(str(path))
    return paths

"""Every shipped scenario, probed over UDP, TCP and TLS: each call ends in the right verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from simcarrier.scenario.load import load
from tests.probe.network_kit import CALLED, probe_carrier, write_pki

FOLDER = Path(__file__).parents[2] / "scenarios"

FOUND = ("answered", 200)


@dataclass(frozen=True)
class Case:
    """A scenario, how it is probed, and what the calls come to.

    Attributes:
        scenario: the file's name.
        ends: outcome and code of each call.
        to: the numbers.
        settings: parameters of the scenario.
        trunk: keys of the trunk.
        plan: further keys of the plan.
    """

    scenario: str
    ends: list[tuple[str, int | None]]
    to: list[str] = field(default_factory=lambda: [CALLED])
    settings: Mapping[str, str] = field(default_factory=dict)
    trunk: Mapping[str, Any] = field(default_factory=dict)
    plan: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)


def refused(code: int) -> list[tuple[str, int | None]]:
    return [("refused", code)]


AT_ONCE = {"calls_per_second": "1000", "concurrent": "10"}
MOBILE = "+4915112345678"
BLOCKED = [f"+4915{digit}12345678" for digit in range(2, 7)]
GATEWAY = {"username": "gateway", "password_env": "SECRET"}

CASES = [
    Case("address-incomplete-484", [*refused(484), FOUND], ["+494020", CALLED]),
    Case("announcement-608", refused(608)),
    Case("answered", [FOUND, FOUND], [CALLED, "+498912345670"], plan={"talk": "10s"}),
    Case("bad-weather", [FOUND]),
    Case("bad-weather", refused(500), settings={"outage": "0s..60s", "congestion": "70s..80s"}),
    Case("busy-486", refused(486)),
    Case("busy-everywhere-600", refused(600)),
    Case("calls-per-second-503", [FOUND, FOUND, *refused(503)], [CALLED] * 3, plan=AT_ONCE),
    Case("dialler-blocks", [("refused", code) for code in (608, 607, 603, 486, 603)], BLOCKED),
    Case("dialler-blocks", [FOUND]),
    Case("dialler-registration", [FOUND], trunk=GATEWAY | {"register": "yes"}, environment={"SECRET": "secret"}),
    Case("dialler-registration", refused(403), trunk=GATEWAY, environment={"SECRET": "secret"}),
    Case("dialler-routes", [*refused(503), FOUND, *refused(404), FOUND], [MOBILE, MOBILE, "74951234567", CALLED]),
    Case("dialler-stall", [("stalled", None), FOUND], [MOBILE, CALLED]),
    Case("does-not-exist-604", refused(604)),
    Case("early-media-sit", [*refused(480), *refused(404)], ["+12125550121", "+12125550122"]),
    Case("early-media-183", [*refused(603), *refused(480)], [CALLED, "+4940222333"]),
    Case("germany-403", [FOUND, *refused(403)], [CALLED, "+4990012345678"]),
    Case("germany-403", refused(403), trunk={"caller": "+14155550123"}),
    Case("gone-410", refused(410)),
    Case("isup-path", [FOUND], ["+498912345670"]),
    Case(
        "isup-path",
        [("refused", code) for code in (408, 486, 603, 403, 603, 404, 488)],
        [f"+49891234567{digit}" for digit in range(1, 8)],
    ),
    Case("lines-full-603", [FOUND, FOUND, *refused(603)], [CALLED] * 3, plan=AT_ONCE),
    Case("national-only-403", [FOUND, *refused(403)], [CALLED, "+43155550123"]),
    Case("not-acceptable-606", refused(606)),
    Case("one-way-audio", [FOUND]),
    Case("overload-503-retry-after", refused(503)),
    Case("prefix-7-8-404", [*refused(404), FOUND], ["+74951234567", "84951234567"]),
    Case("prepaid-balance", [FOUND, *refused(402)], [CALLED] * 2, plan={"talk": "10s"}),
    Case("redirect-302", [("redirected", 302)]),
    Case("registration-lapses", [FOUND], trunk=GATEWAY | {"register": "yes"}, environment={"SECRET": "secret"}),
    Case("registration-lapses", [("unauthorised", 407)]),
    Case("registration-lapses", refused(403), trunk=GATEWAY, environment={"SECRET": "wrong"}),
    Case("rejected-608", refused(608)),
    Case("rejected-608-announcement", refused(608)),
    Case("rejected-608-damaged", refused(608) * 2, ["+4989123456701", "+4989123456700"]),
    Case("reputation", [FOUND]),
    Case("ringback", [FOUND]),
    Case("ringing-then-declined", refused(603)),
    Case("ru-prefix", [*refused(404), FOUND], ["74951234567", "84951234567"]),
    Case("server-error-500", refused(500)),
    Case("shaken", refused(428)),
    Case("silence", [("silent", None)]),
    Case("stalled-trying", [("stalled", None)]),
    Case("stalled-trying", refused(503), settings={"then": "failure", "after": "2s"}),
    Case("stalled-trying", [FOUND], settings={"then": "answer", "after": "9s"}),
    Case("subscribers", [("rang_out", None)], settings={"ring_out": "50s"}, plan={"ringing": "1s"}),
    Case("unavailable-480", refused(480)),
    Case("unavailable-503", refused(503)),
    Case("unwanted-607", refused(607)),
    Case("us-603-plus", refused(603) * 2, [CALLED, "+12125550123"]),
    Case("us-603-plus-damaged", [*refused(603) * 9, *refused(480)], [f"+49891234567{digit}" for digit in range(10)]),
]

CAUSES = {
    ("address-incomplete-484", 484): "number_incomplete",
    ("busy-486", 486): "busy",
    ("busy-everywhere-600", 600): "busy_everywhere",
    ("calls-per-second-503", 503): "rate_exceeded",
    ("dialler-blocks", 486): "busy",
    ("dialler-blocks", 608): "blocked_by_analytics",
    ("dialler-routes", 404): "prefix_not_recognised",
    ("dialler-stall", None): "stalled_after_trying",
    ("does-not-exist-604", 604): "does_not_exist_anywhere",
    ("gone-410", 410): "number_disconnected",
    ("lines-full-603", 603): "lines_full",
    ("not-acceptable-606", 606): "not_acceptable",
    ("prepaid-balance", 402): "balance_exhausted",
    ("redirect-302", 302): "number_changed",
    ("rejected-608", 608): "blocked_by_analytics",
    ("rejected-608-announcement", 608): "blocked_by_analytics",
    ("rejected-608-damaged", 608): "blocked_by_analytics",
    ("ringing-then-declined", 603): "declined",
    ("ru-prefix", 404): "prefix_not_recognised",
    ("server-error-500", 500): "carrier_failure",
    ("shaken", 428): "identity_refused",
    ("silence", None): "silent",
    ("stalled-trying", None): "stalled_after_trying",
    ("subscribers", None): "no_answer",
    ("unwanted-607", 607): "unwanted",
    ("us-603-plus-damaged", 480): "blocked_by_analytics",
    ("us-603-plus-damaged", 603): "blocked_by_analytics",
}
"""By scenario and code: what the diagnosis must find where a call shows it plainly."""


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pki")
    write_pki(folder)
    return folder


def test_every_scenario_that_ships_is_probed() -> None:
    assert {case.scenario for case in CASES} == {path.stem for path in FOLDER.glob("*.yaml")}


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.scenario}-{case.ends[0][0]}")
def test_the_verdict(case: Case, transport: str, pki: Path) -> None:
    told = probe_carrier(
        load(FOLDER / f"{case.scenario}.yaml", dict(case.settings)),
        transport=transport,
        pki=pki if transport == "tls" else None,
        to=case.to,
        trunk=case.trunk,
        environment=case.environment,
        **case.plan,
    )
    assert told.ends == case.ends
    assert told.summary.notes == []
    for each, (_, code) in zip(sorted(told.results, key=lambda one: one.wanted.number), case.ends, strict=True):
        cause = CAUSES.get((case.scenario, code))
        if cause is not None:
            assert each.diagnosis is not None
            assert each.diagnosis.condition == cause
    assert {each.observation.transport for each in told.results if each.observation} == {transport.upper()}

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
GATEWAY = {"username": "gateway", "password_env": "SECRET"}

CASES = [
    Case("address-incomplete-484", [*refused(484), FOUND], ["+494020", CALLED]),
    Case("answered", [FOUND, FOUND], [CALLED, "+498912345670"], plan={"talk": "10s"}),
    Case("bad-weather", [FOUND]),
    Case("bad-weather", refused(500), settings={"outage": "0s..60s", "congestion": "70s..80s"}),
    Case("busy-486", refused(486)),
    Case("busy-everywhere-600", refused(600)),
    Case("calls-per-second-503", [FOUND, FOUND, *refused(503)], [CALLED] * 3, plan=AT_ONCE),
    Case("does-not-exist-604", refused(604)),
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
    Case("overload-503-retry-after", refused(503)),
    Case("prefix-7-8-404", [*refused(404), FOUND], ["+74951234567", "84951234567"]),
    Case("prepaid-balance", [FOUND, *refused(402)], [CALLED] * 2, plan={"talk": "10s"}),
    Case("redirect-302", [("redirected", 302)]),
    Case("registration-lapses", [FOUND], trunk=GATEWAY | {"register": "yes"}, environment={"SECRET": "secret"}),
    Case("registration-lapses", [("unauthorised", 407)]),
    Case("registration-lapses", refused(403), trunk=GATEWAY, environment={"SECRET": "wrong"}),
    Case("rejected-608", refused(608)),
    Case("rejected-608-announcement", refused(608)),
    Case("reputation", [FOUND]),
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
    "address-incomplete-484": "number_incomplete",
    "busy-486": "busy",
    "busy-everywhere-600": "busy_everywhere",
    "does-not-exist-604": "does_not_exist_anywhere",
    "lines-full-603": "lines_full",
    "not-acceptable-606": "not_acceptable",
    "prepaid-balance": "balance_exhausted",
    "rejected-608": "blocked_by_analytics",
    "ringing-then-declined": "declined",
    "ru-prefix": "prefix_not_recognised",
    "server-error-500": "carrier_failure",
    "shaken": "identity_refused",
    "silence": "silent",
    "unwanted-607": "unwanted",
}
"""What the diagnosis must find where a call shows it plainly."""


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
    if case.scenario in CAUSES:
        failed = next(each for each in told.results if each.verdict != "answered")
        assert failed.diagnosis is not None
        assert failed.diagnosis.condition == CAUSES[case.scenario]
    assert {each.observation.transport for each in told.results if each.observation} == {transport.upper()}

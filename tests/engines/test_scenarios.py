"""Every shipped scenario, called by both engines over UDP, TCP and TLS: they see the same, and judge it alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simcarrier.probe.result import Result
from simcarrier.scenario.load import load
from tests.engines.kit import probe_carrier as probe_by_pjsua2
from tests.probe.network_kit import probe_carrier as probe_by_builtin
from tests.probe.network_kit import write_pki
from tests.probe.test_scenarios import CASES, FOLDER, Case


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pki")
    write_pki(folder)
    return folder


def seen_in(result: Result) -> dict[str, Any]:
    """What of a call does not depend on who placed it: all but times, addresses and tags."""
    told = result.as_dict()
    seen = result.observation
    assert seen is not None
    return {
        "verdict": told["verdict"],
        "code": told["code"],
        "phrase": told["phrase"],
        "reasons": told["reasons"],
        "provisionals": [each.code for each in seen.provisionals],
        "early media": seen.early_media,
        "earlier": [each.code for each in seen.earlier],
        "after": [each.code for each in seen.after],
        "retry after": told["retry_after"],
        "cause": told["causes"][0]["condition"] if told["causes"] else None,
        "refused by": told["refused_by"],
        "retry": told["retry"],
        "hung up by": seen.hung_up_by,
        "rounds": seen.rounds,
        "transport": seen.transport,
        "trouble": seen.trouble,
    }


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.scenario}-{case.ends[0][0]}")
def test_both_engines_see_the_same(case: Case, transport: str, pki: Path) -> None:
    def probe(by: Any) -> Any:
        return by(
            load(FOLDER / f"{case.scenario}.yaml", dict(case.settings)),
            transport=transport,
            pki=pki if transport == "tls" else None,
            to=case.to,
            trunk=case.trunk,
            environment=case.environment,
            **case.plan,
        )

    told = probe(probe_by_pjsua2)
    assert told.ends == case.ends
    assert told.summary.notes == []
    expected = probe(probe_by_builtin)
    by_number = {each.wanted.number: each for each in expected.results}
    for each in told.results:
        assert seen_in(each) == seen_in(by_number[each.wanted.number])
    assert told.journal == expected.journal

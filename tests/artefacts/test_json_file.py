"""The events in a file: the same that the command prints, complete or told of."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from simcarrier.artefacts.json_file import JsonFile
from simcarrier.attachment import CannotAttach, Findings
from simcarrier.cli.views import writer
from simcarrier.cli.views.json_lines import JsonView
from simcarrier.service import CarrierService
from tests.artefacts.kit import calls, message, nobody, run


def test_listening_calls_and_summary(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    run([JsonFile(path, JsonView)], calls(message(1), message(2)), Findings(failures=("because",)))
    told = [json.loads(line) for line in path.read_text().splitlines()]
    assert [event["event"] for event in told] == ["listening", "call", "call", "summary"]
    assert [event["call_id"] for event in told[1:3]] == ["call1", "call2"]
    assert told[3]["failures"] == ["because"]
    assert (path.stat().st_mode & 0o777) == 0o600


def test_a_run_that_did_not_begin_leaves_no_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    with pytest.raises(OSError, match="cannot listen"):
        run([JsonFile(path, JsonView)], nobody, listen="udp:192.0.2.1:5060")
    assert not path.exists()


def test_a_full_disk_costs_no_call_and_is_told() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    seen: list[CarrierService] = []

    async def dial(carrier: CarrierService) -> None:
        await calls(*(message(number) for number in range(5)))(carrier)
        seen.append(carrier)

    with pytest.raises(CannotAttach, match="/dev/full is not complete: No space left on device"):
        run([JsonFile(Path("/dev/full"), JsonView)], dial)
    assert seen[0].journal.calls == 5


def test_events_that_were_given_up_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "WAITING", 0)
    with pytest.raises(CannotAttach, match=r"[23] events were not written in time"):
        run([JsonFile(tmp_path / "run.json", JsonView)], calls(message()))


def test_a_lost_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "run.json"

    async def dial(carrier: CarrierService) -> None:
        os.unlink(path)

    with pytest.raises(CannotAttach, match="deleted or replaced"):
        run([JsonFile(path, JsonView)], dial)

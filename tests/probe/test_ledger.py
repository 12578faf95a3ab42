"""The record of live calls: it outlives the process, and two probes do not share one unknowingly."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from simcarrier.probe.guard import Usage
from simcarrier.probe.ledger import LedgerFault, held, ledger_path, read_usage, write_usage


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "state" / "calls.json"
    assert not read_usage(path).calls
    write_usage(path, Usage([(1.5, 2.0), (3.0, 1.0)]))
    assert list(read_usage(path).calls) == [(1.5, 2.0), (3.0, 1.0)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["calls.json"]


def test_a_plan_is_known_by_its_trunks(tmp_path: Path) -> None:
    environment = {"XDG_STATE_HOME": str(tmp_path)}
    path = ledger_path(["udp:a.example", "udp:b.example"], environment)
    assert path.parent == tmp_path / "simcarrier"
    assert path == ledger_path(["udp:b.example", "udp:a.example"], environment)
    assert path != ledger_path(["udp:a.example"], environment)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"calls": 3}', '{"calls": [[1, NaN]]}'])
def test_a_broken_record_stops_the_probe(tmp_path: Path, text: str) -> None:
    path = tmp_path / "calls.json"
    path.write_text(text)
    with pytest.raises(LedgerFault, match="move it away"):
        read_usage(path)


def test_a_record_that_cannot_be_read_or_written(tmp_path: Path) -> None:
    with pytest.raises(LedgerFault, match="can't be read"):
        read_usage(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerFault, match="can't be written"):
        write_usage(tmp_path / "file" / "calls.json", Usage())
    with pytest.raises(LedgerFault, match="can't be written"), held(tmp_path / "file" / "calls.json"):
        pass


def test_a_second_probe_of_the_same_trunks_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "calls.json"
    with held(path):
        with pytest.raises(LedgerFault, match="another live probe"), held(path):
            pass
        with held(tmp_path / "other.json"):
            pass
    with held(path):
        pass

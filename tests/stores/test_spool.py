"""Rows that wait on disk: bounded, each process's own until it is gone, and whatever was written whole comes back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from simcarrier.records.row import Row
from simcarrier.stores import spool as spool_module
from simcarrier.stores.spool import Spool, SpoolFull, spool_folder
from tests.stores.rows import row, rows


def all_of(spool: Spool) -> list[Row]:
    return [one for batch in spool.batches() for one in batch]


def test_the_spool_is_bounded_over_all_processes(tmp_path: Path) -> None:
    first, second = Spool(tmp_path, 1_500), Spool(tmp_path, 1_500)
    first.add(rows(3))  # some 800 bytes
    second.find()
    with pytest.raises(SpoolFull, match="1,500 bytes"):
        second.add(rows(4))
    second.add(rows(1))
    assert all_of(first) == rows(3)
    assert first.waiting == 0
    first.add(rows(3))
    first.close()
    second.close()


def test_what_a_process_holds_is_not_anothers(tmp_path: Path) -> None:
    first, second = Spool(tmp_path), Spool(tmp_path)
    first.add(rows(2))
    assert second.find() == 0
    first.close()
    assert second.find() == 2
    assert all_of(second) == rows(2)
    assert list(tmp_path.glob("*")) == []
    second.close()


def test_a_line_that_was_not_finished_is_left_out(tmp_path: Path) -> None:
    first = Spool(tmp_path)
    first.add(rows(3))
    first.close()
    (file,) = tmp_path.glob("*.jsonl")
    file.write_bytes(file.read_bytes()[:-30])
    second = Spool(tmp_path)
    second.find()
    assert all_of(second) == rows(2)
    assert second.unreadable == 1
    second.close()


def test_a_batch_that_was_not_written_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool_module, "BATCH", 2)
    spool = Spool(tmp_path)
    spool.add(rows(5))
    batches = spool.batches()
    assert next(batches) == rows(2)
    assert next(batches) == rows(2, 3)
    del batches
    assert spool.waiting == 5
    assert all_of(spool) == rows(5)
    spool.close()


def test_a_spool_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path)
    spool.add(rows(2))
    real = os.write

    def half(file: int, data: bytes) -> int:
        if len(data) < 200:
            raise OSError(28, "No space left on device")
        return real(file, bytes(data)[: len(data) // 2])

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(SpoolFull, match="No space left"):
        spool.add(rows(2, 3))
    monkeypatch.undo()
    spool.add(rows(1, 5))
    assert all_of(spool) == [*rows(2), row(5)]
    spool.close()


def test_where_the_spool_is(tmp_path: Path) -> None:
    one = spool_folder("/data/calls.db", {"XDG_STATE_HOME": str(tmp_path)})
    assert one.parent == tmp_path / "simcarrier"
    assert one != spool_folder("/data/other.db", {"XDG_STATE_HOME": str(tmp_path)})

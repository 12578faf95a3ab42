"""Files of a run: for their owner only, refused before the first call, and told of when they are lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from simcarrier.artefacts.files import create, is_gone, parse_size, remove_if_empty
from simcarrier.attachment import CannotAttach


def test_a_new_file_is_for_its_owner_and_an_old_one_is_emptied_as_it_is(tmp_path: Path) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    old.write_text("what was there before")
    old.chmod(0o640)
    for path in (new, old):
        os.close(create(path))
    assert (new.stat().st_mode & 0o777, old.stat().st_mode & 0o777) == (0o600, 0o640)
    assert old.stat().st_size == 0


@pytest.mark.parametrize(
    ("name", "why"),
    [
        pytest.param("none/file", "No such file or directory", id="no folder"),
        pytest.param("", "Is a directory", id="a folder"),
        pytest.param("x" * 300, "File name too long", id="a long name"),
        pytest.param("pipe", "nobody reads this pipe", id="a pipe"),
    ],
)
def test_what_cannot_be_written_is_told(name: str, why: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CannotAttach, match=f"cannot be written: {why}"):
        create(tmp_path / name)


def test_a_file_that_stayed_empty_is_taken_away(tmp_path: Path) -> None:
    empty, full, replaced = (tmp_path / name for name in ("empty", "full", "replaced"))
    for path in (empty, full, replaced):
        opened = create(path)
        if path == full:
            os.write(opened, b"x")
        elif path == replaced:
            path.unlink()
            path.write_text("of somebody else")
        remove_if_empty(path, opened)
        os.close(opened)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full", "replaced"]


def test_a_lost_file_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    opened = create(path)
    assert not is_gone(path, opened)
    path.rename(tmp_path / "elsewhere")
    assert is_gone(path, opened)
    path.write_text("another")
    assert is_gone(path, opened)
    os.close(opened)
    opened = create(Path("/dev/null"))
    assert not is_gone(Path("/dev/null"), opened)
    os.close(opened)


@pytest.mark.parametrize(
    ("text", "size"), [("500kB", 500_000), ("100MB", 10**8), ("1.5GB", 1_500_000_000), ("2 mb", 2_000_000)]
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "100", "MB", "-1MB", "1TB", "1.2345MB", "10MiB", "1e3kB"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="such as 500kB"):
        parse_size(text)

"""What the package brings along: pages, what they look like, and the library of their charts, which is fetched."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import hatch_build
from hatch_build import HASHES, UPLOT, VENDOR, WANTED, NotFetched, fetched, whole

ROOT = Path(__file__).parents[1]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what the package is built of, without what was fetched for it."""
    found = tmp_path / "tree"
    found.mkdir()
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", ".gitignore"):
        shutil.copy(ROOT / name, found / name)
    shutil.copytree(ROOT / "simcarrier", found / "simcarrier", ignore=shutil.ignore_patterns("__pycache__", "vendor"))
    return found


def build(tree: Path, path: str = os.environ.get("PATH", "")) -> tuple[set[str], str]:
    """The names in the wheel, and what was said while it was built."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel"]
    done = subprocess.run(command, cwd=tree, env={**os.environ, "PATH": path}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = (tree / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        return set(opened.namelist()), done.stdout + done.stderr


def test_the_wheel_has_the_pages_and_the_library_that_is_there(tree: Path) -> None:
    if not whole(ROOT / VENDOR):
        pytest.skip("the library of the charts is not there: see hatch_build.py")
    shutil.copytree(ROOT / VENDOR, tree / VENDOR)
    names, said = build(tree, path="")  # what is there is not fetched again
    assert {str(VENDOR / name) for name in HASHES} <= names
    pages = ROOT / "simcarrier" / "dashboard"
    still = {str(path.relative_to(ROOT)) for room in ("templates", "static") for path in (pages / room).rglob("*.*")}
    assert still <= names
    assert "without charts" not in said


def test_without_npm_the_package_is_built_without_the_library(tree: Path) -> None:
    names, said = build(tree, path="")
    assert "simcarrier/dashboard/static/parts.js" in names
    assert not any("vendor" in name for name in names)
    assert "The dashboard will show tables without charts: npm is not installed." in said


def test_what_was_changed_is_not_packed(tree: Path) -> None:
    (tree / VENDOR).mkdir()
    for name in HASHES:
        (tree / VENDOR / name).write_text("alert(1)")
    names, _ = build(tree, path="")
    assert not any("vendor" in name for name in names)


def test_what_came_is_held_against_its_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hatch_build, "_archive", lambda release: b"something else")
    with pytest.raises(NotFetched, match=r"what came as uplot .* has another hash than it should"):
        fetched(UPLOT, WANTED, tmp_path / "vendor")
    assert not (tmp_path / "vendor").exists()


def test_a_registry_that_cannot_be_reached_is_told_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho trouble >&2\nexit 1\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(NotFetched, match=r"^npm could not fetch uplot [0-9.]+$"):
        fetched(UPLOT, WANTED, tmp_path / "vendor")

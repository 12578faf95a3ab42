"""Fetches the library that draws the charts of the dashboard, while the package is built.

It is a package of the npm registry, named by its version and by the hash of what that version is; nothing of it is
committed. Where npm is missing, or reaches no registry, the package is built without it: the pages then show the tables
that the charts would be drawn of. What was fetched once, and has the right hash, is not fetched again.
"""

from __future__ import annotations

import base64
import hashlib
import io
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PATIENCE: Final = 60.0
"""Seconds for npm."""


class Release(NamedTuple):
    """A version of a package in the npm registry.

    Attributes:
        name: of the package.
        version: exactly.
        integrity: what the registry says of its archive: ``sha512-`` and the hash in base64.
    """

    name: str
    version: str
    integrity: str


class NotFetched(Exception):
    """A package cannot be had; the text says why, in one line."""


UPLOT: Final = Release(
    "uplot",
    "1.6.32",
    "sha512-KIMVnG68zvu5XXUbC4LQEPnhwOxBuLyW1AHtpm6IKTXImkbLgkMy+jabjLgSLMasNuGGzQm/ep3tOkyTxpiQIw==",
)
VENDOR: Final = Path("simcarrier", "dashboard", "static", "vendor")
WANTED: Final = {
    "dist/uPlot.iife.min.js": "uPlot.iife.min.js",
    "dist/uPlot.min.css": "uPlot.min.css",
    "LICENSE": "uPlot.LICENSE",
}
"""Files of the package, and what they are called with us."""
HASHES: Final = {
    "uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    "uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
    "uPlot.LICENSE": "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
}
"""SHA-256 of what we keep, so that it is known again without the archive."""


def fetched(release: Release, members: Mapping[str, str], folder: Path) -> None:
    """Put files of a package into a folder.

    Args:
        release: the package.
        members: paths in it, and the names that they get.
        folder: made if it is missing.

    Raises:
        NotFetched: there is no npm, no registry, or what came is something else than it should be.
    """
    archive = _archive(release)
    algorithm, _, wanted = release.integrity.partition("-")
    if base64.b64encode(hashlib.new(algorithm, archive).digest()).decode() != wanted:
        raise NotFetched(f"what came as {release.name} {release.version} has another hash than it should")
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        for member, name in members.items():
            found = opened.extractfile(f"package/{member}")
            if found is None:
                raise NotFetched(f"{release.name} {release.version} has no {member}")
            # Under its name only once it is whole: two builds may do this at once.
            with tempfile.NamedTemporaryFile(dir=folder, delete=False) as written:
                written.write(found.read())
            Path(written.name).chmod(0o644)
            Path(written.name).replace(folder / name)


def _archive(release: Release) -> bytes:
    npm = shutil.which("npm")
    if npm is None:
        raise NotFetched("npm is not installed")
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", f"{release.name}@{release.version}", "--ignore-scripts", "--prefer-offline"]
        command += ["--fetch-retries=0", "--pack-destination", folder]
        quiet: dict[str, Any] = {"stdin": subprocess.DEVNULL, "capture_output": True}
        try:
            subprocess.run(command, cwd=folder, check=True, timeout=PATIENCE, **quiet)
        except (OSError, subprocess.SubprocessError):
            raise NotFetched(f"npm could not fetch {release.name} {release.version}") from None
        packed = sorted(Path(folder).glob("*.tgz"))
        if len(packed) != 1:
            raise NotFetched(f"npm made no archive of {release.name} {release.version}")
        return packed[0].read_bytes()


def whole(folder: Path) -> bool:
    """Whether the library is there as it should be."""
    return all(
        (folder / name).is_file() and hashlib.sha256((folder / name).read_bytes()).hexdigest() == wanted
        for name, wanted in HASHES.items()
    )


class ChartLibrary(BuildHookInterface[Any]):
    """Has the library there before the files of the package are gathered."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fetch it, unless it is there."""
        folder = Path(self.root) / VENDOR
        if whole(folder):
            return
        shutil.rmtree(folder, ignore_errors=True)
        try:
            fetched(UPLOT, WANTED, folder)
        except NotFetched as why:
            self.app.display_warning(f"The dashboard will show tables without charts: {why}.")

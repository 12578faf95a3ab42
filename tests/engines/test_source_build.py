"""What `tools/pjsua2.sh` builds from source places calls, as the wheel does."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from simcarrier.scenario.load import loads
from simcarrier.testing import RunningCarrier
from tests.interop.probing import probe

SCRIPT = Path(__file__).parents[2] / "tools" / "pjsua2.sh"
CARRIER = "name: test\ncalls: [{to: /1$/, respond: 486}, {outcome: answered, ring: 50ms}]\n"


def script(*arguments: str, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", str(SCRIPT), *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        env={**os.environ, "PYTHON": python},
        check=False,
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the binding that was built."""
    wheel = Path(script("--where").stdout.strip())
    if not wheel.is_file():
        why = wheel.with_name("not-had")
        if why.exists():
            pytest.skip(f"pjproject cannot be built here: {why.read_text(encoding='utf-8').strip()}")
        if os.environ.get("CI"):
            pytest.fail("pjsua2 was not built: run tools/pjsua2.sh --build, which says why if it can't be")
        pytest.skip("pjsua2 was not built from source; tools/pjsua2.sh --build does it, in some minutes")
    folder = tmp_path_factory.mktemp("pjsua2")
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


def test_what_is_built_places_calls(built: Path) -> None:
    path = os.pathsep.join([str(built), *filter(None, [os.environ.get("PYTHONPATH")])])
    with RunningCarrier(loads(CARRIER)) as carrier:
        told = probe(
            *("--trunk", f"udp:{carrier.address}", "--from", "+493012345678", "--talk", "10ms", "--engine", "pjsua2"),
            *("--to", "+498912345671", "--to", "+498912345672"),
            environment={"PYTHONPATH": path},
        )
    assert told.status == 0
    assert [call["code"] for call in told.calls] == [486, 200]


def test_it_is_what_was_built_and_has_more_lines(built: Path) -> None:
    code = "import pjsua2; print(pjsua2.__file__, pjsua2.PJSUA_MAX_CALLS)"
    environment = {**os.environ, "PYTHONPATH": str(built)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.split() == [str(built / "pjsua2" / "__init__.py"), "64"]


def test_what_is_no_source_of_pjproject_is_refused(tmp_path: Path) -> None:
    (tmp_path / "README").write_text("something else")
    done = script(str(tmp_path))
    assert done.returncode == 1
    assert "is not the source of pjproject" in done.stderr
    missing = script(str(tmp_path / "nowhere"))
    assert missing.returncode == 1
    assert "there is no" in missing.stderr


def test_it_needs_a_python(tmp_path: Path) -> None:
    done = script(python=str(tmp_path / "python"))
    assert done.returncode == 1
    assert "run make, or name one with PYTHON=" in done.stderr

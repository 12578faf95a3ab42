"""The recipes: the lines of the CI jobs are run, the image is built and run, and what compose starts is started.

No registry of images need be reached and no engine be there: the image is built by buildah upon the root that
tests/asterisk.sh has made, and what compose.yaml says is done by hand, in a network of its own.
"""

from __future__ import annotations

import ipaddress
import itertools
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from packaging.requirements import Requirement

from simcarrier.scenario.load import load
from tests.docs.markdown import ROOT
from tests.interop.asterisk import asterisk_root
from tests.interop.harness import free_udp_port

RECIPES = ROOT / "examples" / "recipes"
PAGE = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")

USED = {"actions/checkout@v4", "actions/setup-python@v5", "actions/upload-artifact@v4"}
"""What the GitHub job leaves to others, and the tests cannot run."""

PYTEST_OPTIONS = "-p no:cacheprovider"


def test_every_recipe_is_told() -> None:
    files = {str(path.relative_to(RECIPES)) for path in RECIPES.rglob("*") if path.is_file()}
    pages = PAGE + (ROOT / "docs" / "asterisk.md").read_text(encoding="utf-8")
    assert {name for name in files if f"](../examples/recipes/{name})" not in pages} == set()


@pytest.mark.parametrize("path", sorted(RECIPES.rglob("*")), ids=lambda path: path.name)
def test_no_recipe_names_a_host(path: Path) -> None:
    if path.is_file():
        text = path.read_text(encoding="utf-8")
        assert "://" not in text
        assert all(ipaddress.ip_address(found) for found in re.findall(r"(?:\d+\.){3}\d+", text))


def read(name: str) -> Any:
    return yaml.safe_load((RECIPES / name).read_text(encoding="utf-8"))


def run(command: Sequence[str], patience: float = 40, **options: Any) -> str:
    """What a command prints; it must succeed."""
    ended: subprocess.CompletedProcess[str] = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=patience,
        check=False,
        **options,
    )
    assert ended.returncode == 0, f"{shlex.join(command)}\nexit status {ended.returncode}\n{ended.stdout}"
    return ended.stdout


# The jobs


@dataclass(frozen=True)
class Job:
    """A CI job: the shell lines that it runs, in order, and the files that it keeps."""

    lines: tuple[str, ...]
    kept: tuple[str, ...]


def github() -> Job:
    (job,) = read("github-actions.yml")["jobs"].values()
    steps = job["steps"]
    assert {step["uses"] for step in steps if "uses" in step} == USED
    assert all(("uses" in step) != ("run" in step) for step in steps)
    kept = next(step for step in steps if step.get("uses", "").startswith("actions/upload-artifact"))
    assert kept["if"] == "always()"
    return Job(tuple(step["run"] for step in steps if "run" in step), tuple(kept["with"]["path"].split()))


def gitlab() -> Job:
    (job,) = read("gitlab-ci.yml").values()
    kept = job["artifacts"]
    assert kept["when"] == "always"
    return Job((*job["before_script"], *job["script"]), (*kept["paths"], *kept["reports"]["junit"]))


JOBS = {"github": github, "gitlab": gitlab}


def installed_by(line: str) -> set[str]:
    """The files and folders in site-packages of all that an installation of simcarrier with such extras brings."""
    found = re.search(r"simcarrier\[([a-z,]+)\]", line)
    assert found, line
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [project["optional-dependencies"][extra] for extra in found[1].split(",")]
    todo = [Requirement(text) for text in ("pip", *project["dependencies"], *itertools.chain(*extras))]
    seen: set[str] = set()
    made: set[str] = set()
    while todo:
        requirement = todo.pop()
        if str(requirement) in seen:
            continue
        seen.add(str(requirement))
        package = distribution(requirement.name)
        made |= {file.parts[0] for file in package.files or ()} - {"..", "__pycache__"}
        wanted = [{"extra": extra} for extra in ("", *requirement.extras)]
        todo += [
            each
            for each in map(Requirement, package.requires or ())
            if each.marker is None or any(map(each.marker.evaluate, wanted))
        ]
    return made


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment as a job finds it: a Python without simcarrier, which pip can install from a wheel of this tree.

    What that installation would bring is there already, so that no index is asked; and nothing else is.
    """
    assert github().lines[0] == gitlab().lines[0]
    others = installed_by(github().lines[0])
    folder = tmp_path_factory.mktemp("python")
    building = ("--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder / "wheels"))
    run([sys.executable, "-m", "pip", "wheel", "--quiet", *building, str(ROOT)])
    run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")])
    (folder / "others").mkdir()
    for name in others:
        (folder / "others" / name).symlink_to(Path(sysconfig.get_path("purelib")) / name)
    (packages,) = (folder / "venv/lib").glob("python*/site-packages")
    (packages / "others.pth").write_text(f"{folder / 'others'}\n")
    return {
        **{
            name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTEST_", "SIMCARRIER_"))
        },
        "PATH": f"{folder / 'venv/bin'}:{os.environ['PATH']}",
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(folder / "wheels"),
        "PYTEST_ADDOPTS": PYTEST_OPTIONS,
    }


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A dialler's repository, with the recipe's scenario in it."""
    (tmp_path / "scenarios").symlink_to(ROOT / "scenarios")  # which the example's tests look for beside them
    made = tmp_path / "dialler"
    made.mkdir()
    shutil.copy(RECIPES / "carrier.yaml", made)
    for name in ("dial.py", "few_calls.py", "test_dialler.py"):
        shutil.copy(ROOT / "examples" / name, made)
    return made


@pytest.mark.parametrize("name", JOBS)
def test_the_lines_of_a_job(name: str, python: dict[str, str], repository: Path) -> None:
    job = JOBS[name]()
    for line in job.lines:
        run(["bash", "-e", "-o", "pipefail", "-c", line], cwd=repository, env=python)
    for kept in job.kept:
        assert list(repository.glob(kept)), kept
    for report in ("carrier.xml", "tests.xml"):
        suites = list(ElementTree.parse(repository / report).iter("testsuite"))
        assert sum(int(suite.get("tests", 0)) for suite in suites) > 3
        assert all(suite.get("failures") == "0" for suite in suites)


def test_a_dialler_that_waits_too_long_fails_the_job(python: dict[str, str], repository: Path) -> None:
    install, against, *_ = gitlab().lines
    patient = against.replace("--patience 2", "--patience 4")
    assert patient != against
    run(["bash", "-e", "-c", install], cwd=repository, env=python)
    with pytest.raises(AssertionError, match=r"exit status 1\n(?s:.*)stalled_calls"):
        run(["bash", "-e", "-c", patient], cwd=repository, env=python)
    assert 'failures="1"' in (repository / "carrier.xml").read_text()


def test_the_scenario_of_the_jobs() -> None:
    scenario = load(RECIPES / "carrier.yaml")
    for job in (github(), gitlab()):
        called = re.findall(r"\+49\d+", job.lines[1])
        assert len(called) == len(scenario.calls)


# The image


BUILDING = 300
"""Seconds that the image may take: the root is copied, and pip installs from the index."""


@dataclass(frozen=True)
class Buildah:
    """buildah with a storage of its own."""

    program: str
    storage: Path

    def __call__(self, command: str, *arguments: str, patience: float = BUILDING) -> str:
        where = ("--root", str(self.storage / "root"), "--runroot", str(self.storage / "run"))
        environment = os.environ | {"BUILDAH_ISOLATION": "chroot"}  # containers within containers need no engine
        return run([self.program, *where, command, *arguments], patience, env=environment, cwd=ROOT)


@pytest.fixture
def buildah(tmp_path: Path) -> Iterator[Buildah]:
    program = shutil.which("buildah")
    if program is None:
        pytest.skip("buildah is not installed; on Debian and Ubuntu: apt-get install --no-install-recommends buildah")
    if os.geteuid() != 0:
        pytest.skip("the image is built as root only: the root that it is built upon is root's")
    made = Buildah(program, tmp_path / "storage")
    try:
        yield made
    finally:
        made("rm", "--all")
        made("rmi", "--all", "--force")


@pytest.mark.timeout(2 * BUILDING)
def test_the_image(buildah: Buildah, tmp_path: Path) -> None:
    root = asterisk_root()
    base = buildah("from", "scratch").split()[-1]
    (ignored := tmp_path / "ignored").write_text("tmp/*\n")  # where other tests' Asterisks are at work just now
    buildah("copy", "--quiet", "--ignorefile", str(ignored), "--contextdir", str(root), base, str(root), "/")
    buildah("commit", "--quiet", "--rm", base, "localhost/base")

    # The machine's certificates, for it may reach the index by a proxy that has one of its own.
    certificates = "/etc/ssl/certs:/etc/ssl/certs:ro"
    file = str(RECIPES / "Containerfile")
    buildah(
        "build", "--volume", certificates, "--build-arg", "BASE=localhost/base", "-t", "simcarrier", "-f", file, "."
    )

    container = buildah("from", "localhost/simcarrier").split()[-1]
    entry = buildah("inspect", "--format", "{{.OCIv1.Config.Entrypoint}} {{.OCIv1.Config.User}}", container)
    assert entry.split() == ["[simcarrier]", "65534:65534"]
    called = "simcarrier run /scenarios/rejected-608.yaml --calls 1 --for 20s --listen"
    dial = ["--exec", "python /examples/dial.py +498912345678"]
    told = buildah("run", container, "--", *called.split(), f"udp:127.0.0.1:{free_udp_port()}", *dial)
    assert "608 Rejected" in told
    assert "1 call: 1 x 608" in told
    everything = (
        "simcarrier run /scenarios/answered.yaml --for 100ms --html /tmp/page.html --control 127.0.0.1:0 --listen"
    )
    told = buildah("run", container, "--", *everything.split(), "tls:127.0.0.1:0")
    assert "control at http://127.0.0.1:" in told


# Compose

NETWORK = ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child")
"""Namespaces as compose makes them, more or less. Whatever runs in there ends with it."""


def services() -> tuple[dict[str, Any], dict[str, Any]]:
    told = read("compose.yaml")["services"]
    assert list(told) == ["carrier", "asterisk"]
    return told["carrier"], told["asterisk"]


def volumes() -> dict[Path, str]:
    """What of ours stands where in Asterisk's container."""
    found = (volume.split(":") for volume in services()[1]["volumes"])
    return {(RECIPES / here).resolve(): there for here, there, _ in found}


def test_what_compose_names_is_there() -> None:
    carrier, asterisk = services()
    context = (RECIPES / carrier["build"]["context"]).resolve()
    assert context == ROOT
    assert (context / carrier["build"]["dockerfile"]).is_file()
    assert all(path.is_file() for path in volumes())
    assert asterisk["network_mode"] == "service:carrier"
    assert asterisk["build"]["dockerfile_inline"].startswith("FROM debian:sid\n")


def test_what_compose_runs(tmp_path: Path) -> None:
    root = asterisk_root()
    if os.geteuid() != 0 or subprocess.run([*NETWORK, "true"], check=False).returncode:
        pytest.skip("networks of one's own can be made as root only, and not in every container")
    carrier, asterisk = services()
    written = [f"var/{name}/asterisk" for name in ("log", "spool", "lib")] + ["run/asterisk"]
    script = ["set -e", "ip link set lo up"]
    for name in written:
        (tmp_path / name).mkdir(parents=True)
        script += [f"mkdir -p {root}/{name}", f"mount --bind {tmp_path / name} {root}/{name}"]
    (tmp_path / "var/spool/asterisk/outgoing").mkdir()
    for here, there in volumes().items():
        script += [f"[ -e {root}{there} ] || touch {root}{there}", f"mount --bind {here} {root}{there}"]
    outcomes = tmp_path / "var/log/asterisk/outcomes.csv"
    arguments = [str(argument).replace("/scenarios/", f"{ROOT}/scenarios/") for argument in carrier["command"]]
    script += [
        f"chroot {root} {asterisk['command']} &",
        shlex.join([sys.executable, "-m", "simcarrier", *arguments]),
        f"for i in $(seq 50); do [ -s {outcomes} ] && exit 0; sleep 0.1; done; exit 1",
    ]
    told = run([*NETWORK, "bash", "-c", "\n".join(script)], cwd=ROOT)
    assert "+4930123456 -> +498912345678: 486 Busy Here" in told
    assert outcomes.read_text() == 'simcarrier,+498912345678,BUSY,17,"SIP 486 Busy Here"\n'

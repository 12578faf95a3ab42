"""Every example in the documents is run, and prints what stands there; every scenario in them is one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from simcarrier.cli import main
from simcarrier.conditions import Condition
from simcarrier.probe.reading import load_plan
from simcarrier.scenario.dialects import table_of
from simcarrier.scenario.load import ScenarioError, load
from simcarrier.stores.importing.mapping import load_mapping
from tests.docs.markdown import ROOT, Block, all_blocks, comparable, files_for

BLOCKS = all_blocks()
SCRIPTS = [block for block in BLOCKS if block.kind in ("sh", "python") and not block.not_run]
EXAMPLES = [*SCRIPTS, *(block for block in BLOCKS if block.printed_by)]
SCENARIOS = [block for block in BLOCKS if block.kind.startswith("yaml")]

# What is shown and not run, by its first word; each has its reason in a comment beside it.
NOT_RUN = ["make", ".", "simcarrier"]


def place(block: Block) -> str:
    return block.place


def test_there_is_something_to_run() -> None:
    assert len(SCRIPTS) > 12
    assert len(SCENARIOS) > 8


def test_what_is_not_run_says_why() -> None:
    left_out = [block for block in BLOCKS if block.not_run]
    assert [block.text.split()[0] for block in left_out] == NOT_RUN
    assert "sipp" in left_out[-1].text
    assert all(block.kind == "sh" and len(block.not_run.split()) > 3 for block in left_out)


def test_every_block_is_of_a_kind_that_is_looked_at() -> None:
    assert {block.kind for block in BLOCKS} == {
        "sh",
        "python",
        "python test",
        "yaml",
        "yaml wrong",
        "yaml dialect",
        "yaml plan",
        "yaml mapping",
        "csv",
        "sql",
        "text",
    }
    claimed = {block.output for block in SCRIPTS} | {block.text for block in EXAMPLES if block.printed_by}
    loose = [block.place for block in BLOCKS if block.kind == "text" and block.text not in claimed]
    assert loose == []


def test_every_test_file_in_the_documents_is_run_by_an_example() -> None:
    for block in BLOCKS:
        name = block.text.partition("\n")[0].removeprefix("# ")
        if block.kind == "python test" and name != "conftest.py":
            run_by = [script for script in SCRIPTS if script.document == block.document and name in script.text]
            assert run_by, block.place


# pytest in an example: without the plugins that a reader may not have, and that warn if nothing is set up for them.
PYTEST_OPTIONS = "-p no:asyncio -p no:anyio -p no:cacheprovider -p no:schemathesis"


def run(block: Block, folder: Path) -> subprocess.CompletedProcess[str]:
    for name, text in files_for(block.document).items():
        (folder / name).write_text(text)
    for name in ("scenarios", "probes", "examples"):
        (folder / name).symlink_to(ROOT / name)
    command = block.printed_by or block.text
    return subprocess.run(
        [sys.executable, "-c", command] if block.kind == "python" else ["bash", "-c", command],
        cwd=folder,
        # With CI in the environment pytest tells its summary at full length, and not what a reader sees.
        env={name: value for name, value in os.environ.items() if name != "CI"}
        | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTEST_ADDOPTS": PYTEST_OPTIONS},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=40,
        check=False,
    )


@pytest.mark.parametrize("block", EXAMPLES, ids=place)
def test_an_example_prints_what_stands_there(block: Block, tmp_path: Path) -> None:
    result = run(block, tmp_path)
    assert result.returncode == 0, result.stdout
    shown = block.text if block.printed_by else block.output
    assert comparable(result.stdout) == comparable(shown or ""), result.stdout


def test_the_schema_example_writes_a_schema(tmp_path: Path) -> None:
    block = next(block for block in SCRIPTS if "schema >" in block.text)
    assert run(block, tmp_path).returncode == 0
    assert '"$defs"' in (tmp_path / "scenario.schema.json").read_text()


@pytest.mark.parametrize("block", SCENARIOS, ids=place)
def test_a_scenario_in_the_documents_is_one(block: Block, tmp_path: Path) -> None:
    for name, shown in files_for(block.document).items():
        (tmp_path / name).write_text(shown)
    file = tmp_path / "block.yaml"
    file.write_text(block.text if "\nname: " in f"\n{block.text}" else f"name: fragment\n{block.text}")
    if block.kind == "yaml dialect":
        assert not all(table_of(str(file)).inherited(condition) for condition in Condition)
    elif block.kind == "yaml plan":
        if "pki/" in block.text:  # as `simcarrier pki init pki` makes them
            assert CliRunner().invoke(main, ["pki", "init", str(tmp_path / "pki")]).exit_code == 0
        assert load_plan(file).calls
    elif block.kind == "yaml mapping":
        assert load_mapping(str(file)).fields
    elif block.kind == "yaml wrong":
        with pytest.raises(ScenarioError):
            load(file)
    else:
        scenario = load(file)
        assert scenario.calls or scenario.carrier.subscribers


@pytest.mark.parametrize(
    ("printed", "shown", "same"),
    [
        pytest.param("403 after 0.102 s", "403 after 1.353 s", True, id="times differ"),
        pytest.param("403 Forbidden", "404 Forbidden", False, id="codes may not"),
        pytest.param("on udp:127.0.0.1:41234", "on udp:127.0.0.1:5060", True, id="ports differ"),
        pytest.param("on udp:127.0.0.1:41234", "on tcp:127.0.0.1:41234", False, id="transports may not"),
        pytest.param("a\nb", "b\na", True, id="order of two programs"),
        pytest.param("a\na", "a", False, id="a line more"),
        pytest.param('"source":"127.0.0.1:4444"', '"source":"127.0.0.1:5555"', True, id="source"),
        pytest.param('"ended_after":0.44', '"ended_after":0.0', True, id="times in JSON"),
        pytest.param("lines 2 of 2", "lines 3 of 3", False, id="counts may not"),
    ],
)
def test_the_comparison_itself(printed: str, shown: str, same: bool) -> None:
    assert (comparable(printed) == comparable(shown)) is same

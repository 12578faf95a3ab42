"""The arrows of the architecture hold: import-linter's contracts, and that `sip` needs nobody."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "simcarrier"
SIP_FILES = sorted((PACKAGE / "sip").rglob("*.py"))


def test_import_linter_keeps_every_contract() -> None:
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command as run; run()",
        "--no-cache",
    ]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=50, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 broken" in result.stdout


def foreign_imports(source: str, package: tuple[str, ...]) -> list[str]:
    """Modules imported from neither the standard library nor simcarrier.sip, by a source in `package`."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*base, *([node.module] if node.module else [])))
            # `from simcarrier import sip` names its module only on the right.
            names = [f"{module}.{alias.name}" for alias in node.names] if module == "simcarrier" else [module]
        else:
            continue
        found += [
            name
            for name in names
            if name.partition(".")[0] not in sys.stdlib_module_names
            and name != "simcarrier.sip"
            and not name.startswith("simcarrier.sip.")
        ]
    return found


@pytest.mark.parametrize("path", SIP_FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_sip_imports_only_the_standard_library_and_itself(path: Path) -> None:
    package = path.relative_to(ROOT).parent.parts
    assert foreign_imports(path.read_text(encoding="utf-8"), package) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        pytest.param("import pydantic", ["pydantic"], id="import"),
        pytest.param("def f():\n    from yaml import load", ["yaml"], id="import inside a function"),
        pytest.param("from simcarrier.net import udp", ["simcarrier.net"], id="another room"),
        pytest.param("from ..net import udp", ["simcarrier.net"], id="another room, relative"),
        pytest.param("from simcarrier import net", ["simcarrier.net"], id="another room, by the package"),
        pytest.param("from simcarrier.sipper import x", ["simcarrier.sipper"], id="a name that begins alike"),
        pytest.param("import re\nfrom .via import Via\nfrom simcarrier.sip import uri", [], id="allowed"),
    ],
)
def test_the_check_itself(source: str, found: list[str]) -> None:
    assert foreign_imports(source, ("simcarrier", "sip")) == found

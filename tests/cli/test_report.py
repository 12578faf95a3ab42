"""``simcarrier report``: text, JSON, HTML; exit statuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deliverability.kit import Shelf
from tests.stores.rows import NOON

ROOT = Path(__file__).parents[2]


def report(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "simcarrier", "report", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, timeout=50, check=False, cwd=folder, env=environment)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shelf = Shelf(tmp_path)
    shelf.put(100, 12, cause="blocked_by_analytics", market="US", terminating_carrier="<b>Bell</b>")
    shelf.put(50, 0, caller="+4930\x1b[31m", market="DE", code=480)
    shelf.store.close()
    return tmp_path


def test_text(folder: Path) -> None:
    done = report(folder, "calls.db", "--at", "last", "--timezone", "Europe/Berlin")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "150 calls after 2026-11-22 13:00:00 CET, up to 2026-11-23 13:00:00 CET"
    assert lines[1] == "answered 138, refused 12"
    assert lines[4].startswith(
        "alert: declined, caller +4930123456: 603 12.0%, above 5% (12 of 100 calls in 4 h; true share "
    )
    assert any(line.startswith("  likely cause: blocked_by_analytics: ") for line in lines)
    assert "+4930123456    100     88.0%  12.0%  0.0%  0.0%     0.0%  0.0%    0.0%" in lines
    assert "By hour (CET)" in lines
    assert any(line.startswith("US: no baseline yet (0 of 5 days") for line in lines)
    assert "\x1b" not in done.stdout


def test_json(folder: Path) -> None:
    done = report(folder, "calls.db", "--at", "2026-11-23 12:00", "--since", "4h", "--format", "json")
    told = json.loads(done.stdout)
    assert (told["until"], told["total"]["attempts"], told["total"]["code_603"]) == (NOON, 150, 12)
    assert [alert["rule"] for alert in told["alerts"]] == ["declined"]
    assert {row["value"]: row["attempts"] for row in told["groups"]["market"]} == {"US": 100, "DE": 50}
    assert set(told["delays"][0]) == {"market", "measured", "p50", "p90", "p95", "p99"}
    assert [each["verdict"] for each in told["baselines"]] == ["no baseline yet"] * 2


def test_html_is_escaped_and_needs_nothing(folder: Path) -> None:
    assert report(folder, "calls.db", "--at", "last", "--html", "r.html").returncode == 0
    page = (folder / "r.html").read_text()
    assert "&lt;b&gt;Bell&lt;/b&gt;" in page
    assert "<b>Bell" not in page
    assert "default-src &#x27;none&#x27;" in page
    assert "<script" not in page
    assert "src=" not in page.replace("style-src", "").replace("default-src", "")
    again = report(folder, "calls.db", "--html", "r.html")
    assert (again.returncode, again.stderr) == (
        2,
        "simcarrier: r.html is there already: name another file, or say --force\n",
    )
    assert report(folder, "calls.db", "--html", "r.html", "--force").returncode == 0


def test_nothing_to_tell(folder: Path) -> None:
    done = report(folder, "calls.db", "--at", "2020-01-01")
    assert done.returncode == 0
    assert done.stdout.splitlines()[1] == "nothing to tell"


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["none.db"], 2, "there are no records in none.db"),
        (["calls.txt"], 2, "must be a file such as calls.db"),
        (["calls.db", "--rules", "bad.yaml"], 2, 'bad.yaml:1:1: the key "rules" is missing'),
        (["calls.db", "--at", "noon"], 2, "must be a time such as 2026-11-23 08:00"),
        (["calls.db", "--timezone", "Mars/Base"], 2, "must be a time zone such as Europe/Berlin"),
        (["calls.db", "--html", "no/such/folder.html"], 1, "cannot write no/such/folder.html"),
        (["broken.db"], 3, "broken.db: file is not a database"),
        (["postgresql://127.0.0.1:1/none"], 3, "postgresql://127.0.0.1:1/none: connection "),
    ],
)
def test_what_is_wrong_is_told_in_words(folder: Path, arguments: list[str], status: int, said: str) -> None:
    (folder / "bad.yaml").write_text("rulez: []\n")
    (folder / "broken.db").write_text("no database at all, but long enough to be looked at as one" * 50)
    done = report(folder, *arguments)
    assert done.returncode == status
    assert said in done.stderr
    assert "Traceback" not in done.stderr

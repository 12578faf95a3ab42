"""The page as a run writes it: with the calls that came, and the findings."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from simcarrier.artefacts import html as html_file
from simcarrier.artefacts.html import Html
from simcarrier.artefacts.page import NoTemplates
from simcarrier.attachment import CannotAttach, Findings
from simcarrier.service import CarrierService
from simcarrier.verdict.outcome import Outcome
from tests.artefacts.kit import calls, message, nobody, refused, run
from tests.artefacts.test_page import checked


def test_a_run(tmp_path: Path) -> None:
    path = tmp_path / "run.html"
    findings = Findings((Outcome("x", "a", "b", False, calls=("call1",)),), (), ("x: wanted a, got b",))
    bad = message(2, "INVITE", "X: <script>alert(1)</script>", "Authorization: Digest secret").replace(b":+49", b":+1")
    carrier = run([Html(path)], calls(message(1), bad), findings)
    page = path.read_text()
    text = " ".join(checked(page).text.split())
    assert (path.stat().st_mode & 0o777) == 0o600
    assert "One way" in text
    assert f"listened on {carrier.addresses[0]}" in text
    assert "Failed: 1 reason x: wanted a, got b" in text
    assert "1 403 +4930 to +49891 Forbidden" in text
    assert "2 404 +130 to +1891 Not Found" in text
    assert "X: <script>alert(1)</script>" in text
    assert "secret" not in page
    assert "rule refused: to is +1891, wanted +49*" in text
    assert page.count("<svg xmlns") == 2


def test_a_run_without_calls(tmp_path: Path) -> None:
    path = tmp_path / "run.html"
    run([Html(path)], nobody)
    assert "No call came." in path.read_text()


def test_what_was_no_call_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "run.html"

    async def dial(carrier: CarrierService) -> None:
        await asyncio.to_thread(refused, carrier, message(7, "OPTIONS"))
        await calls(message(1))(carrier)

    run([Html(path)], dial)
    text = " ".join(checked(path.read_text()).text.split())
    assert "Other messages What was no call, such as REGISTER. OPTIONS call7" in text


def test_a_run_that_did_not_begin_leaves_no_empty_page(tmp_path: Path) -> None:
    path = tmp_path / "run.html"
    with pytest.raises(OSError, match="cannot listen"):
        run([Html(path)], nobody, listen="udp:192.0.2.1:5060")
    assert not path.exists()


def test_without_the_package_the_run_does_not_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise NoTemplates

    monkeypatch.setattr(html_file, "check_templates", missing)
    path = tmp_path / "run.html"
    with pytest.raises(CannotAttach, match="needs the package Jinja2"):
        run([Html(path)], nobody)
    assert not path.exists()


def test_a_page_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(CannotAttach, match="/dev/full cannot be written: No space left on device"):
        run([Html(Path("/dev/full"))], calls(message()))


def test_a_lost_page_is_told(tmp_path: Path) -> None:
    path = tmp_path / "run.html"

    async def dial(carrier: CarrierService) -> None:
        os.replace(path, tmp_path / "elsewhere")

    with pytest.raises(CannotAttach, match="deleted or replaced"):
        run([Html(path)], dial)
    assert "No call came." in (tmp_path / "elsewhere").read_text()


def test_the_first_unmatched_calls_of_a_long_run_are_not_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(html_file, "PINNED", 2)
    path = tmp_path / "run.html"

    async def dial(carrier: CarrierService) -> None:
        recent = carrier.journal.recent
        for number in range(6):
            unmatched = number == 3
            invite = message(number)
            await calls(invite.replace(b":+49", b":+1") if unmatched else invite)(carrier)
            if number < 5:
                recent.clear()

    run([Html(path)], dial)
    text = " ".join(checked(path.read_text()).text.split())
    assert "4 of 6 calls" in text
    assert "4 404" in text
    assert "5 403" not in text

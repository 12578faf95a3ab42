"""Codecs of a trunk: pjproject offers them, and speaks one that our own stack has not."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from simcarrier.probe.client import Prober
from simcarrier.probe.engine import Unfit
from simcarrier.probe.engines import make_engine
from simcarrier.probe.guard import Guard, Policy
from simcarrier.probe.reading import plan_of
from simcarrier.probe.result import Result
from simcarrier.scenario.faults import ScenarioError
from simcarrier.scenario.load import loads
from tests.engines.kit import probe_carrier
from tests.probe.network_kit import CALLED, CALLER, plan_for

pytest.importorskip("pjsua2", reason="pjsua2 is not installed: pip install 'simcarrier[pjsua2]', or make pjsua2")

from simcarrier.probe.pjsua2.binding import RESAMPLES

needs_g722 = pytest.mark.skipif(not RESAMPLES, reason="this pjsua2 has no G722: the wheel has")
CALLEE = Path(__file__).with_name("callee.py")
ANSWERS = loads("name: answers\ncalls: [{outcome: answered}]\n")


@contextmanager
def callee(codec: str) -> Iterator[str]:
    """A callee that speaks one codec; gives its address."""
    with subprocess.Popen([sys.executable, str(CALLEE), codec], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = next(line.split()[1] for line in process.stdout if line.startswith("port "))
        yield f"127.0.0.1:{port}"
        process.kill()


def offered(invite: bytes) -> list[str]:
    return re.findall(r"a=rtpmap:\d+ ([\w.-]+)/", invite.decode())


@needs_g722
def test_a_codec_that_only_pjproject_has_is_spoken_and_heard() -> None:
    with callee("G722") as address:
        results: list[Result] = []
        trunk = {"address": f"udp:{address}", "caller": CALLER, "codecs": ["G722", "PCMA"]}
        calls = [{"to": CALLED, "talk": "3500ms"}]
        plan = plan_of({"name": "wideband", "trunks": {"trunk": trunk}, "calls": calls, "listen": True})
        asyncio.run(Prober(plan, Guard(Policy()), results.append, environment={}, engine="pjsua2").run())
    (result,) = results
    assert result.verdict == "answered"
    assert result.observation is not None
    audio = result.observation.audio
    assert audio is not None
    assert audio.codec == "G722"
    assert any(str(sound).startswith("busy (DE") for sound in audio.sounds), audio


@pytest.mark.parametrize(
    ("codecs", "names"),
    [
        (None, ["PCMU", "PCMA", "telephone-event"]),
        (["pcma"], ["PCMA", "telephone-event"]),
        pytest.param(["G722", "PCMU"], ["G722", "PCMU", "telephone-event"], marks=needs_g722),
        ("PCMA", ["PCMA", "telephone-event"]),
    ],
)
def test_they_are_offered_in_order(codecs: Any, names: list[str]) -> None:
    told = probe_carrier(ANSWERS, trunk={} if codecs is None else {"codecs": codecs})
    assert told.ends == [("answered", 200)]
    assert offered(told.transcripts[0].messages[0].data) == names


@needs_g722
def test_a_codec_in_common_is_needed() -> None:
    assert probe_carrier(ANSWERS, trunk={"codecs": ["G722"]}).ends == [("refused", 488)]


def test_one_that_is_not_compiled_in_is_named() -> None:
    with pytest.raises(Unfit, match=r"trunk trunk: this pjsua2 has no codec AMR-WB; there are .*PCMU"):
        probe_carrier(ANSWERS, trunk={"codecs": ["PCMA", "AMR-WB"]})


def test_with_ice_all_trunks_offer_the_same() -> None:
    trunk = {"address": "udp:127.0.0.1", "caller": CALLER}
    two = {"one": {**trunk, "codecs": ["PCMU", "PCMA"], "ice": True}, "other": {**trunk, "codecs": ["G722"]}}
    plan = plan_of({"name": "two", "trunks": two, "calls": [{"to": CALLED}]})
    with pytest.raises(Unfit, match="trunk one: ice needs the same codecs on all trunks of a plan"):
        make_engine("pjsua2", plan, lambda response: None, None)


@pytest.mark.parametrize("codecs", [[], [""], ["G 722"], {"a": "b"}, "a/8000"])
def test_what_is_no_codec_s_name(codecs: Any) -> None:
    with pytest.raises(ScenarioError, match=r"codecs.*must be codecs by their names in SDP, such as \[G722, PCMA\]"):
        plan_for("udp:127.0.0.1:5060", trunk={"codecs": codecs})

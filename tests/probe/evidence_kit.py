"""A results file as ``simcarrier probe --results`` writes it, of calls made in memory."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from simcarrier.probe.campaign import Wanted
from simcarrier.probe.evidence import exhibits, write_evidence
from simcarrier.probe.masking import Masker
from simcarrier.probe.result import judged
from simcarrier.probe.results_file import Results
from simcarrier.records.observation import Observation
from simcarrier.records.transcript import Passed, Transcript, call_id_of, message_as_dict, without_credentials
from tests.probe.kit import CALLED, CALLER, WALL, Bench

PROBE, CARRIER = ("10.0.0.1", 5060), ("10.0.0.2", 5060)

SCENARIO = f"""
    carrier:
      customers: [{{name: gateway, user: gateway, password: very-secret-password}}]
    calls:
      - {{to: "{CALLED}", outcome: answered, ring: 1s}}
      - to: "+4940222444"
        respond:
          code: 403
          phrase: "<script>alert(1)</script> | `{CALLER}` barred"
          headers: {{Reason: 'Q.850;cause=21;text="0049 40 222 444 may not be called"'}}
      - {{to: "+4940222555", steps: [trying, silence]}}
"""
"""One call that is answered, one refused with a phrase that means harm and tells numbers, one stalled."""

NUMBERS = (CALLED, "+4940222444", "+4940222555")


def passed_of(bench: Bench, call_id: str) -> list[Passed]:
    """The messages of a call as a probe would have kept them."""
    transcript = Transcript()
    for passage in bench.wire.trace:
        if call_id_of(passage.data) != call_id:
            continue
        sent = passage.source == "probe"
        if not sent and not passage.arrived:
            continue
        at = passage.sent_at if sent else passage.arrived[0]
        transcript.add(Passed(at + WALL, sent, "UDP", PROBE, CARRIER, without_credentials(passage.data)))
    return transcript.messages


def told_of(seen: Observation, messages: Iterable[Passed]) -> dict[str, Any]:
    """A call's line, before it is JSON."""
    wanted = Wanted(seen.number, seen.trunk, seen.caller, seen.called, None, 1.0)
    return judged(wanted, seen, []).as_dict() | {"messages": [message_as_dict(one) for one in messages]}


def write_results(path: Path, lines: Iterable[dict[str, Any]]) -> Path:
    """The file, with its summary."""
    objects = [*lines, {"event": "summary", "calls": 3}]
    path.write_text("".join(json.dumps(one) + "\n" for one in objects))
    return path


def probed_lines() -> list[dict[str, Any]]:
    """Three calls, all challenged, made in memory."""
    bench = Bench()
    bench.carrier(SCENARIO)
    return [
        told_of(seen, passed_of(bench, seen.call_id))
        for seen in [
            bench.probe(called=number, username="gateway", password="very-secret-password") for number in NUMBERS
        ]
    ]


def probed_file(folder: Path) -> Path:
    """Their results file."""
    return write_results(folder / "results.jsonl", probed_lines())


def archive_of(path: Path, *, mask: bool = False, every: bool = False) -> dict[str, bytes]:
    """What an evidence archive of a results file holds, by name, in order."""
    results = Results(path)
    masker = Masker(results.numbers) if mask else None
    stream = io.BytesIO()
    write_evidence(stream, results, exhibits([one for one in results.calls if every or one.failed], masker), masker)
    with zipfile.ZipFile(stream) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def with_data(passed: Passed, data: bytes) -> Passed:
    """The same message with other bytes."""
    return replace(passed, data=data)

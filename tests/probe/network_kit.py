"""A prober and a carrier in one loop, on real sockets over loopback; the waiting is left out (fast_loop)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simcarrier.probe.client import Prober
from simcarrier.probe.guard import Guard, Policy
from simcarrier.probe.plan import Plan
from simcarrier.probe.reading import plan_of
from simcarrier.probe.result import Result
from simcarrier.probe.summary import Summary
from simcarrier.records.observation import Observation
from simcarrier.records.transcript import Transcript
from simcarrier.scenario.models import Scenario, Tls
from simcarrier.service import CarrierService
from simcarrier.sip.transport import ListenAddress
from simcarrier.testing import fast_loop
from simcarrier.trust.pki import make_authority, make_server, write_new

CALLER, CALLED = "+493012345678", "+498912345678"


@dataclass
class Probed:
    """What a probe came to."""

    results: list[Result] = field(default_factory=list)
    summary: Summary = field(default_factory=Summary)
    transcripts: list[Transcript] = field(default_factory=list)
    journal: list[str] = field(default_factory=list)

    @property
    def seen(self) -> Observation:
        """The only call's observation."""
        (result,) = self.results
        assert result.observation is not None
        return result.observation

    @property
    def ends(self) -> list[tuple[str, int | None]]:
        """Outcome and code of each call, in the order of the plan."""
        seen = [each.observation for each in sorted(self.results, key=lambda one: one.wanted.number)]
        assert all(each is not None for each in seen)
        return [
            (str(each.outcome), None if each.final is None else each.final.code) for each in seen if each is not None
        ]


def write_pki(folder: Path) -> None:
    """ca.pem, server.pem and server-key.pem in a folder."""
    now = time.time()
    authority = make_authority(now)
    server = make_server(authority, now)
    files = {
        "ca.pem": authority.certificate_pem(),
        "server.pem": server.certificate_pem(),
        "server-key.pem": server.key_pem(),
    }
    write_new(folder, files, ["server-key.pem"])


def with_certificate(scenario: Scenario, folder: Path) -> Scenario:
    """The scenario with the certificate that `write_pki` has made."""
    tls = Tls.model_construct(certificate=folder / "server.pem", key=folder / "server-key.pem")
    return scenario.model_copy(update={"carrier": scenario.carrier.model_copy(update={"tls": tls})})


def plan_for(address: str, *, to: Any = CALLED, trunk: Mapping[str, Any] | None = None, **further: Any) -> Plan:
    """A plan that calls some numbers through a trunk, as a file would have it."""
    return plan_of(
        {
            "name": "test",
            "trunks": {"trunk": {"address": address, "caller": CALLER, **(trunk or {})}},
            "calls": [{"to": to}],
            **further,
        }
    )


async def probe(plan: Plan, guard: Guard | None = None, **said: Any) -> Probed:
    """Run a plan."""
    told = Probed()

    def keep(seen: Observation, transcript: Transcript) -> None:
        told.transcripts.append(transcript)

    prober = Prober(plan, guard or Guard(Policy()), told.results.append, keep=keep, environment={}, **said)
    told.summary = await prober.run()
    return told


def probe_carrier(
    scenario: Scenario,
    *,
    transport: str = "udp",
    seed: int = 1,
    pki: Path | None = None,
    recordings: Path | None = None,
    **said: Any,
) -> Probed:
    """Run a plan against a carrier, on a loop without waiting. Takes what `plan_for` takes."""

    async def run() -> Probed:
        carried = with_certificate(scenario, pki) if pki is not None else scenario
        listen = [ListenAddress.parse(f"{transport}:127.0.0.1:0")]
        async with CarrierService(carried, listen=listen, seed=seed) as carrier:
            trunk = dict(said.pop("trunk", {}))
            if pki is not None:
                trunk["ca"] = str(pki / "ca.pem")
            environment = said.pop("environment", {})
            told = Probed()
            prober = Prober(
                plan_for(f"{transport}:{carrier.address}", trunk=trunk, **said),
                Guard(Policy()),
                told.results.append,
                keep=lambda seen, transcript: told.transcripts.append(transcript),
                environment=environment,
                recordings=recordings,
            )
            told.summary = await prober.run()
            assert prober.idle
            journal = carrier.journal
        told.journal = [record.ending or "" for record in journal.recent]
        return told

    return fast_loop.run(run())

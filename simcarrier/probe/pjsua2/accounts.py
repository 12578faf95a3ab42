"""From a trunk of the plan to what pjproject knows it by, and what of it pjproject cannot do. Sans-IO but for names."""

from __future__ import annotations

import socket
from collections.abc import Sequence

from simcarrier.net.driver import source_host
from simcarrier.probe.engine import Unfit
from simcarrier.probe.invite import domain_of
from simcarrier.probe.plan import Plan
from simcarrier.probe.target import Target
from simcarrier.sip.transport import Transport, host_for_uri

from .events import G711, Account


def account_of(
    plan: Plan,
    trunk: str,
    target: Target,
    credentials: tuple[str, str] | None,
    roots: str,
    ports: tuple[int, int] | None,
) -> Account:
    """The account of calls to a target.

    Args:
        plan: as loaded.
        trunk: the trunk's name.
        target: where they go.
        credentials: user and password; None for none.
        roots: a PEM file of the certificates that are trusted.
        ports: for RTP, the first even one and the last; None: any.

    Raises:
        OSError: there is no way there.
    """
    model = plan.trunks[trunk]
    domain = domain_of(model)
    user, password = credentials or (None, None)
    return Account(
        f"<sip:{user or 'probe'}@{domain}>",
        target.transport,
        source_host(target.address),
        _route(target),
        user,
        password,
        f"sip:{domain}" if model.register_ and user is not None else None,
        model.srtp,
        model.ice,
        model.codecs or G711,
        roots if target.transport is Transport.TLS else "",
        ports,
    )


def _route(target: Target) -> str:
    """pjproject looks a TLS peer's name up by itself, so it must lead where the plan's did."""
    host, port = target.address
    if target.transport is not Transport.TLS or target.server_name is None:
        return target.text
    found = socket.getaddrinfo(target.server_name, port, type=socket.SOCK_STREAM)
    if host not in {entry[4][0] for entry in found}:
        raise OSError(
            0, f"pjsua2 can't call {target.text} in the name of {target.server_name}: that name has another address"
        )
    return f"{host_for_uri(target.server_name)}:{port}"


def demand_one_offer(plan: Plan) -> None:
    """With ICE an offer is made some time after the call was begun, when another call may have changed what is offered.

    Raises:
        Unfit: a trunk has ICE, and others other codecs.
    """
    offers = {tuple(name.lower() for name in model.codecs or G711) for model in plan.trunks.values()}
    ice = [name for name, model in plan.trunks.items() if model.ice]
    if ice and len(offers) > 1:
        raise Unfit(f"trunk {ice[0]}: ice needs the same codecs on all trunks of a plan")


def demand_codecs(plan: Plan, there: Sequence[str]) -> None:
    """Ask for every codec that the plan wants.

    Raises:
        Unfit: this pjproject cannot speak one.
    """
    known = {name.lower() for name in there}
    for trunk, model in plan.trunks.items():
        for name in model.codecs or ():
            if name.lower() not in known:
                raise Unfit(f"trunk {trunk}: this pjsua2 has no codec {name}; there are {', '.join(there)}")

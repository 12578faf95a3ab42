"""What the INVITE of a wanted call is made of: for the calls, and for what is shown of them beforehand."""

from __future__ import annotations

from simcarrier.sip.invitation import Invitation
from simcarrier.sip.transport import host_for_uri

from .campaign import Wanted
from .plan import Plan, TrunkModel

WITH_BLOCKS = "*;+sip.608"
"""Feature-Caps of a caller that understands 608 (RFC 8688 section 4.2)."""


def domain_of(trunk: TrunkModel) -> str:
    """The domain in From and To."""
    return trunk.domain or host_for_uri(trunk.address.host)


def invitation_of(plan: Plan, wanted: Wanted, identity: str | None = None) -> Invitation:
    """A call's INVITE, without credentials.

    Args:
        plan: where the call stands.
        wanted: the call.
        identity: the value of Identity, if it is signed.
    """
    trunk = plan.trunks[wanted.trunk]
    domain = domain_of(trunk)
    port = "" if trunk.domain or trunk.address.port is None else f":{trunk.address.port}"
    fields = list(wanted.headers)
    if trunk.asserted:
        fields.append(("P-Asserted-Identity", f"<sip:{wanted.caller}@{domain}>"))
    if identity is not None:
        fields.append(("Identity", identity))
    fields.append(("Feature-Caps", WITH_BLOCKS))
    return Invitation(
        f"sip:{wanted.called}@{domain}{port}",
        f"<sip:{wanted.caller}@{domain}>",
        fields=tuple(fields),
    )

"""Whom a connection trusts, and why it could not be made, in words that a person can act on.

There is no way to leave a certificate unchecked: whoever has one that nobody vouches for names its CA.
"""

from __future__ import annotations

import os
import ssl

from simcarrier.net.tcp import StreamChannel
from simcarrier.net.tls import client_context
from simcarrier.sip.transport import Channel

from .plan import Plan

UNTRUSTED = "name its CA with ca: in the plan, or with --ca"

_NAME_MISMATCH = (62, 64)
"""X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH of OpenSSL."""
_EXPIRED, _NOT_YET = 10, 9


def in_words(error: OSError) -> str:
    """What went wrong with a connection.

    Args:
        error: what came of trying to make it.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        said = error.verify_message
        if error.verify_code in _NAME_MISMATCH:
            return f"the certificate is for another name: {said}; call the trunk by the name in its certificate"
        if error.verify_code in (_EXPIRED, _NOT_YET):
            return f"the certificate is not valid at this time: {said}"
        return f"the certificate is not trusted: {said}; {UNTRUSTED}"
    if isinstance(error, ssl.SSLError):
        reason = (error.reason or "").replace("_", " ").lower()
        return f"TLS failed: {reason or 'the handshake was not completed'}; is there TLS at this port?"
    if isinstance(error, TimeoutError) and error.errno is None:
        return "no connection came about in time"
    if isinstance(error, ConnectionResetError) or error.errno is None:
        return "the connection was closed before it stood"
    # asyncio's own text names the address once more.
    return os.strerror(error.errno).lower()


def failure_of(channel: Channel) -> str:
    """Why a channel failed, in words; empty if nothing is known of that."""
    failure = channel.failure if isinstance(channel, StreamChannel) else None
    return "" if failure is None else in_words(failure)


def client_tls_of(plan: Plan) -> ssl.SSLContext | None:
    """The context of a plan's TLS connections: the system's roots, and those that its trunks name; None for the former.

    Raises:
        OSError: a file can't be read, or holds no certificate.
    """
    files = [trunk.ca for trunk in plan.trunks.values() if trunk.ca is not None]
    if not files:
        return None
    context = client_context()
    for file in files:
        try:
            context.load_verify_locations(file)
        except ssl.SSLError:
            raise OSError(0, "holds no certificate in PEM", str(file)) from None
    return context

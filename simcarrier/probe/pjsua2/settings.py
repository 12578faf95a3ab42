"""What pjproject is told: its settings, as values of its own. Made and used on the stack's thread only."""

from __future__ import annotations

import ctypes
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from simcarrier.probe.preview import AGENT
from simcarrier.sip.transport import Transport

from .binding import MOST_CALLS, RESAMPLES, pj
from .events import Account, Dial
from .taps import BUFFER

CLOCK = 8000
"""Samples a second, within pjproject."""

REGISTERED = 300
"""Seconds that a registration is asked for, as the built-in engine does."""

_SRTP = {"none": 0, "optional": 1, "mandatory": 2}


def endpoint_settings(*, listens: bool = False) -> Any:
    """The endpoint's, without the writer of its log. One that listens sends silence as sound is sent."""
    config = pj.EpConfig()
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    config.uaConfig.maxCalls = MOST_CALLS
    config.uaConfig.userAgent = AGENT
    config.uaConfig.mwiUnsolicitedEnabled = False
    config.medConfig.clockRate = config.medConfig.sndClockRate = CLOCK  # that of G.711, which is not resampled then
    if listens:
        _listen(config.medConfig)
    config.logConfig.level = config.logConfig.consoleLevel = 4  # where messages are logged
    config.logConfig.msgLogging = 1
    config.logConfig.decor = 0
    return config


def _listen(config: Any) -> None:
    """Listen and send silence as sound.

    By default the jitter buffer leaves out frames so as to be quick, which nobody hears but an ear that takes tones to
    pieces. The binding has a name for that setting and none for its values; but it reads them from JSON.
    """
    document = pj.JsonDocument()
    document.writeObject(config)
    told = json.loads(document.saveString())
    held = round(BUFFER * 1000)
    settings = {"noVad": True, "jbDiscardAlgo": 0, "jbInit": held, "jbMinPre": held, "jbMaxPre": held, "jbMax": 2000}
    told["MediaConfig"].update(settings)
    wanted = pj.JsonDocument()
    wanted.loadString(json.dumps(told))
    wanted.readObject(config)


def offer(endpoint: Any, codecs: Sequence[str]) -> tuple[str, ...]:
    """Have the next INVITEs offer these codecs, in this order; pjproject has one row of priorities for all calls.

    Returns:
        All that it can speak, by their names in SDP.
    """
    wanted = [name.lower() for name in codecs]
    there: dict[str, None] = {}
    for codec in endpoint.codecEnum2():
        name, clock, _ = codec.codecId.split("/")
        rank = None
        if RESAMPLES or int(clock) == CLOCK:
            there[name] = None
            rank = wanted.index(name.lower()) if name.lower() in wanted else None
        endpoint.codecSetPriority(codec.codecId, 0 if rank is None else 255 - rank)
    return tuple(there)


def transport_settings(account: Account) -> tuple[Any, Any]:
    """Kind and settings of the transport of an account."""
    config = pj.TransportConfig()
    config.boundAddress = account.host
    config.tlsConfig.verifyServer = True
    config.tlsConfig.CaListFile = account.roots
    kind = f"PJSIP_TRANSPORT_{account.transport.value}{'6' if ':' in account.host else ''}"
    return getattr(pj, kind), config


def call_settings(dial: Dial) -> Any:
    """Those of a call, its INVITE's fields among them."""
    wanted = pj.CallOpParam(True)
    wanted.opt.customCallId = dial.call_id
    wanted.opt.audioCount, wanted.opt.videoCount = 1, 0
    if hasattr(wanted.opt, "textCount"):
        wanted.opt.textCount = 0  # newer versions offer text beside audio by default, with ports of its own
    wanted.txOption.localUri, wanted.txOption.targetUri = dial.caller, dial.uri
    for name, value in dial.fields:
        header = pj.SipHeader()
        header.hName, header.hValue = name, value
        wanted.txOption.headers.append(header)
    return wanted


def account_settings(account: Account, transport: int) -> Any:
    """Those of an account, on a transport."""
    config = pj.AccountConfig()
    config.idUri = account.uri
    by = "" if account.transport is Transport.UDP else f";transport={account.transport.lower()}"
    config.sipConfig.proxies.append(f"<sip:{account.route}{by};lr;hide>")  # where it goes, and no Route in the message
    config.sipConfig.transportId = transport
    if account.username is not None and account.password is not None:
        config.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", account.username, 0, account.password))
    if account.registrar is not None:
        config.regConfig.registrarUri = account.registrar
        config.regConfig.timeoutSec = REGISTERED
    config.callConfig.prackUse = pj.PJSUA_100REL_OPTIONAL
    config.callConfig.timerUse = pj.PJSUA_SIP_TIMER_OPTIONAL
    config.natConfig.iceEnabled = account.ice
    config.natConfig.contactRewriteUse = config.natConfig.sipOutboundUse = 0
    config.natConfig.viaRewriteUse = config.natConfig.sdpNatRewriteUse = 0
    config.mediaConfig.transportConfig.boundAddress = account.host
    if account.ports is not None:
        first, last = account.ports
        config.mediaConfig.transportConfig.port = first
        config.mediaConfig.transportConfig.portRange = max(last - first - 1, 1)  # of RTP ports; 0 would be no limit
    config.mediaConfig.lockCodecEnabled = False  # a second offer after the answer would be one more thing to go wrong
    config.mediaConfig.srtpUse = _SRTP[account.srtp]
    config.mediaConfig.srtpSecureSignaling = 0
    if ":" in account.host:
        config.sipConfig.ipv6Use = config.mediaConfig.ipv6Use = pj.PJSUA_IPV6_ENABLED
    return config


@contextmanager
def silenced() -> Iterator[None]:
    """Standard output leads nowhere meanwhile, that of C included."""
    sys.stdout.flush()
    flush = ctypes.CDLL(None).fflush
    flush(None)
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        flush(None)
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)

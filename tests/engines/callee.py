"""A callee that speaks one codec, by pjproject in a process of its own: ``python callee.py CODEC``.

It prints the port at which it listens, answers a call, and plays the German busy tone until it is hung up on.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import pjsua2 as pj

UP = 15.0
"""Seconds after which it ends at the latest."""


class Line(pj.Account):  # type: ignore[misc]  # pjsua2 has no types
    """Answers."""

    def onIncomingCall(self, prm: Any) -> None:
        """A call comes in."""
        CALLS.append(Answered(self, prm.callId))
        answer = pj.CallOpParam()
        answer.statusCode = 200
        CALLS[-1].answer(answer)


class Answered(pj.Call):  # type: ignore[misc]  # pjsua2 has no types
    """A call that is up."""

    def onCallMediaState(self, prm: Any) -> None:
        """Its media begin."""
        tone, tones = pj.ToneDesc(), pj.ToneDescVector()
        tone.freq1, tone.freq2, tone.on_msec, tone.off_msec = 425, 0, 480, 480
        tones.append(tone)
        player = pj.ToneGenerator()
        player.createToneGenerator(8000, 1)
        player.play(tones, True)
        player.startTransmit(self.getAudioMedia(-1))
        KEPT.append(player)


CALLS: list[Answered] = []
KEPT: list[Any] = []


def main(codec: str) -> None:
    """Listen, and wait."""
    endpoint = pj.Endpoint()
    endpoint.libCreate()
    config = pj.EpConfig()
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    config.medConfig.clockRate = config.medConfig.sndClockRate = 8000
    config.logConfig.level = config.logConfig.consoleLevel = 0
    endpoint.libInit(config)
    endpoint.audDevManager().setNullDev()
    for each in endpoint.codecEnum2():
        endpoint.codecSetPriority(each.codecId, 255 if each.codecId.startswith(f"{codec}/") else 0)
    transport = pj.TransportConfig()
    transport.boundAddress = "127.0.0.1"
    number = endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
    endpoint.libStart()
    account = pj.AccountConfig()
    account.idUri = "sip:callee@127.0.0.1"
    account.sipConfig.transportId = number
    account.mediaConfig.transportConfig.boundAddress = "127.0.0.1"
    line = Line()
    line.create(account)
    print("port", endpoint.transportGetInfo(number).localAddress.rpartition(":")[2], flush=True)
    until = time.monotonic() + UP
    while time.monotonic() < until and not (CALLS and not CALLS[-1].isActive()):
        endpoint.libHandleEvents(10)
    KEPT.clear()
    CALLS.clear()
    line.shutdown()
    del line
    endpoint.libDestroy()


if __name__ == "__main__":
    main(sys.argv[1])

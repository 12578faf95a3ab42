"""Nagle's algorithm is off at both ends: a second response behind a first one does not wait for an acknowledgement."""

from __future__ import annotations

import asyncio
import socket

import pytest

from simcarrier.net import tcp
from simcarrier.scenario.load import loads
from simcarrier.service import CarrierService
from simcarrier.sip.transport import ListenAddress


def test_an_accepted_connection_sends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []

    async def run() -> None:
        listen = [ListenAddress.parse("tcp:127.0.0.1:0")]
        async with CarrierService(loads("name: x\ncalls: [{respond: 486}]"), listen=listen) as carrier:
            accepted = tcp.StreamListener.accepted

            def look(listener: tcp.StreamListener, channel: tcp.StreamChannel, wire: asyncio.Transport) -> None:
                sock = wire.get_extra_info("socket")
                told.append(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
                accepted(listener, channel, wire)

            monkeypatch.setattr(tcp.StreamListener, "accepted", look)
            _, writer = await asyncio.open_connection("127.0.0.1", carrier.addresses[0].port)
            async with asyncio.timeout(5):
                while not told:
                    await asyncio.sleep(0.01)
            writer.close()
            await writer.wait_closed()

    asyncio.run(run())
    assert told == [1]

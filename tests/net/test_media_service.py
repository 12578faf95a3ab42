"""A carrier with audio, as a whole: when it has any, what it says if it cannot speak, and that it leaves no socket."""

from __future__ import annotations

import asyncio
import os
from array import array

import pytest

from simcarrier.media import rtp
from simcarrier.net import espeak
from simcarrier.net.udp import open_socket
from simcarrier.scenario.load import loads
from simcarrier.service import CannotPlay, CarrierService
from simcarrier.sip.transport import ListenAddress


def service(calls: str, listen: str = "udp:127.0.0.1:0", carrier: str = "{}") -> CarrierService:
    scenario = loads(f"name: x\ncarrier: {carrier}\ncalls: [{calls}]", "x")
    return CarrierService(scenario, listen=[ListenAddress.parse(listen)], seed=1)


def sockets() -> int:
    return sum(
        os.readlink(f"/proc/self/fd/{fd}").startswith("socket:") for fd in os.listdir("/proc/self/fd") if _is(fd)
    )


def _is(fd: str) -> bool:
    return os.path.lexists(f"/proc/self/fd/{fd}")


@pytest.mark.parametrize(
    ("calls", "carrier", "has"),
    [
        ("{respond: 404}", "{}", False),
        ("{outcome: answered, early_media: true}", "{}", False),
        ("{outcome: answered}", "{media: {}}", True),
        ("{steps: [answer, {play: echo}]}", "{}", True),
        ("{mix: [{share: 100%, steps: [answer, {play: echo}]}]}", "{}", True),
        ("{respond: {code: 608, announce: if_not_understood}}", "{}", True),
    ],
)
@pytest.mark.asyncio
async def test_who_has_audio(calls: str, carrier: str, has: bool) -> None:
    async with service(calls, carrier=carrier) as made:
        assert (made.media is not None) is has


@pytest.mark.asyncio
async def test_a_text_and_no_voice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simcarrier.service.speak", lambda text: None)
    with pytest.raises(CannotPlay, match=r"needs espeak-ng .* name a WAV file in its place"):
        await service("{steps: [answer, {play: say Sorry}]}").start()
    async with service("{respond: {code: 608, announce: always}}"):
        pass  # the tone alone


@pytest.mark.parametrize(
    ("listen", "host", "kind"), [("udp:127.0.0.1:0", "127.0.0.1", "IP4"), ("udp:[::1]:0", "::1", "IP6")]
)
@pytest.mark.asyncio
async def test_a_call_and_the_end_of_it(listen: str, host: str, kind: str) -> None:
    before = sockets()
    loop = asyncio.get_running_loop()
    sip, audio = open_socket(host, 0), open_socket(host, 0)
    here = f"[{host}]" if ":" in host else host
    port, media = sip.getsockname()[1], audio.getsockname()[1]
    body = f"v=0\r\no=- 1 1 IN {kind} {host}\r\ns=-\r\nc=IN {kind} {host}\r\nt=0 0\r\nm=audio {media} RTP/AVP 8\r\n"
    async with service("{steps: [progress, {play: noise}, silence]}", listen) as made:
        invite = (
            f"INVITE sip:+49301@{here} SIP/2.0\r\nVia: SIP/2.0/UDP {here}:{port};branch=z9hG4bK1\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n"
            f"Contact: <sip:{here}:{port}>\r\n"
            f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        )
        await loop.sock_sendto(sip, invite.encode(), (host, made.addresses[0].port))
        heard = [rtp.parse(await asyncio.wait_for(loop.sock_recv(audio, 2048), 5)) for _ in range(3)]
        assert [packet.payload_type for packet in heard] == [8, 8, 8]
        assert made.media is not None
        assert len(made.media) == 1
        await loop.sock_sendto(sip, invite.replace("INVITE", "CANCEL").split("Content-Type")[0].encode()
                               + b"Content-Length: 0\r\n\r\n", (host, made.addresses[0].port))  # fmt: skip
        async with asyncio.timeout(5):
            while len(made.media):
                await asyncio.sleep(0.01)
        assert made.media.free == 5000
    sip.close()
    audio.close()
    assert sockets() == before


def test_the_voice(monkeypatch: pytest.MonkeyPatch) -> None:
    espeak.speak.cache_clear()
    monkeypatch.setattr("shutil.which", lambda program: None)
    assert espeak.speak("no voice") is None
    espeak.speak.cache_clear()
    monkeypatch.setattr("shutil.which", lambda program: "/bin/false")
    assert espeak.speak("no voice") is None
    espeak.speak.cache_clear()


def test_it_speaks() -> None:
    if espeak.shutil.which(espeak.PROGRAM) is None:  # type: ignore[attr-defined]  # the module's own
        pytest.skip("espeak-ng is not installed")
    spoken = espeak.speak("--version is no option of mine.")
    assert isinstance(spoken, array)
    assert 8000 < len(spoken) < 80_000
    assert max(spoken) > 2000
    assert espeak.speak("--version is no option of mine.") is spoken

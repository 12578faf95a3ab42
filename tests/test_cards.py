"""Cards of 608s over HTTP and HTTPS: served beside the carrier, to who knows the name, and to nobody else."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import sys
from pathlib import Path

import httpx
import pytest

from simcarrier.carrier.cards import CERTIFICATE, Cards
from simcarrier.cli.session import CANNOT_BEGIN, Options, run_carrier
from simcarrier.net.card_server import CardServer, NoWebServer
from simcarrier.scenario.load import loads
from simcarrier.scenario.models import Scenario
from simcarrier.service import CannotSign, CarrierService
from simcarrier.trust.card_damage import NAMED, CardDamage
from simcarrier.trust.fetch import HttpsFetcher
from simcarrier.trust.jcard import Contact
from simcarrier.trust.pki import make_authority, make_server, parse_chain, write_new
from simcarrier.trust.referent import follow_card
from simcarrier.trust.rejection import RejectionVerdict, read_rejection
from simcarrier.trust.store import Certificates, TrustList


def scenario(signing: str) -> Scenario:
    return loads(
        "name: x\ncarrier: {listen: 'udp:127.0.0.1:0', redress: {name: Desk, tel: +18005550100}, "
        f"signing: {{deliver: http{signing}}}}}\ncalls: [{{respond: {{code: 608, call_info: signed}}}}]"
    )


def address_in(carrier: CarrierService) -> str:
    now = asyncio.get_running_loop().time()
    return carrier.switch.cards.call_info(now).partition("<")[2].partition(">")[0]


@pytest.mark.asyncio
async def test_a_card_and_its_certificate_are_served(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with CarrierService(scenario("")) as carrier, httpx.AsyncClient(trust_env=False) as client:
        assert carrier.cards is not None
        uri = address_in(carrier)
        assert uri.startswith(f"{carrier.cards.base}/")
        answer = await client.get(uri)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/jose")
        assert answer.headers["cache-control"] == "no-store"
        where = f"{carrier.cards.base}/{CERTIFICATE}"
        chain = parse_chain((await client.get(where)).content)
        wall = carrier.switch.cards._wall_offset + asyncio.get_running_loop().time()
        verdict = read_rejection(
            answer.content, certificate_for=Certificates([(where, chain)]), trust=TrustList(chain[:1]), now=wall
        )
        assert (verdict.names, verdict.contact) == ((), Contact("Desk", tel="+18005550100"))
        unknown = [
            await client.get(f"{carrier.cards.base}/{name}") for name in ("x" * 22, "", "a/b", "y" * 5000, "%00")
        ]
        assert {(one.status_code, one.content) for one in unknown} == {(404, b"")}
        assert (await client.post(uri)).status_code == 405
    assert "PRIVATE" not in caplog.text
    with pytest.raises(httpx.ConnectError):
        async with httpx.AsyncClient(trust_env=False) as client:
            await client.get(where)


@pytest.mark.asyncio
async def test_over_https_with_a_certificate_of_one_s_own(tmp_path: Path) -> None:
    now = 1_790_000_000.0
    authority = make_authority(now, days=3650)
    server = make_server(authority, now, days=3650)
    files = {"ca.pem": authority.certificate_pem(), "s.pem": server.certificate_pem(), "k.pem": server.key_pem()}
    write_new(tmp_path, files, ["k.pem"])
    made = scenario(f", listen: 'https:127.0.0.1:0', tls: {{certificate: {tmp_path}/s.pem, key: {tmp_path}/k.pem}}")
    trusting = ssl.create_default_context(cafile=tmp_path / "ca.pem")
    async with CarrierService(made) as carrier, httpx.AsyncClient(verify=trusting, trust_env=False) as client:
        assert (await client.get(address_in(carrier))).status_code == 200


@pytest.mark.asyncio
async def test_over_https_with_a_certificate_made_on_the_fly() -> None:
    anybody = ssl.create_default_context()
    anybody.check_hostname = False
    anybody.verify_mode = ssl.CERT_NONE
    made = scenario(", listen: 'https:127.0.0.1:0'")
    async with CarrierService(made) as carrier, httpx.AsyncClient(verify=anybody, trust_env=False) as client:
        assert (await client.get(address_in(carrier))).status_code == 200


def at(cards: Cards, damage: CardDamage | None) -> str:
    now = asyncio.get_running_loop().time()
    return cards.call_info(now, damage).partition("<")[2].partition(">")[0]


@pytest.mark.parametrize("damage", CardDamage)
@pytest.mark.asyncio
async def test_cards_that_are_wrong_on_purpose(damage: CardDamage) -> None:
    """Followed as a dialler follows them: over https, to the card and to its certificate, by our reading side."""
    anybody = ssl.create_default_context()
    anybody.check_hostname = False
    anybody.verify_mode = ssl.CERT_NONE
    async with CarrierService(scenario(", listen: 'https:127.0.0.1:0'")) as carrier:
        cards = carrier.switch.cards
        trust = TrustList(parse_chain(cards.certificate)[:1])
        fetcher = HttpsFetcher(anybody, allow_private=True)
        wall = cards._wall_offset + asyncio.get_running_loop().time()

        async def follow(wrong: CardDamage | None) -> RejectionVerdict:
            known = Certificates()
            return await follow_card(at(cards, wrong), fetcher=fetcher, certificates=known, trust=trust, now=wall)

        verdict = await follow(damage)
        assert verdict.names == (NAMED[damage],)
        details = {"too_large": "too large", "not_there": "not answered with 200", "redirect_loop": "redirect loop"}
        assert verdict.faults[0].detail.startswith(details.get(damage, ""))
        assert (await follow(None)).ok


@pytest.mark.asyncio
async def test_what_is_no_http_does_no_harm(capfd: pytest.CaptureFixture[str]) -> None:
    async with CarrierService(scenario("")) as carrier:
        assert carrier.cards is not None
        host, _, port = carrier.cards.base.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"\x16\x03\x01 nonsense\r\n\r\n")
        assert b"400" in await reader.read()
        writer.close()
        await writer.wait_closed()
    assert capfd.readouterr() == ("", "")


@pytest.mark.asyncio
async def test_an_address_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(
            CannotSign, match=rf"cards cannot be served at http:127.0.0.1:{port}: Address already in use"
        ):
            await CarrierService(scenario(f", listen: 'http:127.0.0.1:{port}'")).start()


def without_uvicorn(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if it were not installed, and what needs it had not been imported."""
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "simcarrier.net.http_server", raising=False)


@pytest.mark.asyncio
async def test_without_the_extras(monkeypatch: pytest.MonkeyPatch) -> None:
    without_uvicorn(monkeypatch)
    with pytest.raises(NoWebServer, match=r"needs the package uvicorn: pip install 'simcarrier\[web\]'"):
        await CardServer(lambda name: None).start("127.0.0.1", 0)
    with pytest.raises(CannotSign, match="uvicorn"):
        await CarrierService(scenario("")).start()


def test_the_command_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    without_uvicorn(monkeypatch)
    assert run_carrier(scenario(""), Options()) == CANNOT_BEGIN
    out, err = capsys.readouterr()
    assert (out, err) == ("", "simcarrier: serving cards needs the package uvicorn: pip install 'simcarrier[web]'\n")


@pytest.mark.asyncio
async def test_nothing_is_served_that_is_not_asked_for() -> None:
    async with CarrierService(loads("name: x\ncarrier: {listen: 'udp:127.0.0.1:0'}")) as carrier:
        assert carrier.cards is None

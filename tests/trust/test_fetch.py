"""Following a peer's URI: what is refused, by name, and that the connection goes to the address that was checked."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
import socket
import ssl
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from simcarrier.trust.fetch import (
    Fetched,
    Fetcher,
    FetchRefused,
    HttpsFetcher,
    Limits,
    OffFetcher,
    is_public,
    read_data_uri,
)
from simcarrier.trust.pki import make_authority, make_server, write_new


class Site:
    """An HTTPS server that answers each path with bytes put there beforehand, and notes what was asked."""

    def __init__(self, server: asyncio.Server) -> None:
        self.port = int(server.sockets[0].getsockname()[1])
        self.pages: dict[str, bytes] = {}
        self.asked: list[str] = []

    def url(self, path: str, host: str = "localhost") -> str:
        return f"https://{host}:{self.port}{path}"

    def redirect(self, path: str, location: str) -> None:
        self.pages[path] = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()

    def page(self, path: str, body: bytes, *fields: str) -> None:
        head = "".join(f"{field}\r\n" for field in (*fields, f"Content-Length: {len(body)}"))
        self.pages[path] = f"HTTP/1.1 200 OK\r\n{head}\r\n".encode() + body


AUTHORITY = make_authority(time.time())


def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cadata=AUTHORITY.certificate_pem().decode())


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    credential = make_server(AUTHORITY, time.time(), hosts=["localhost", "name.example"])
    write_new(tmp_path, {"server.pem": credential.certificate_pem() + credential.key_pem()}, ["server.pem"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    made: list[Site] = []
    tasks: set[asyncio.Task[None]] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            tasks.add(task)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            path = head.split(" ")[1]
            made[0].asked.append(head)
            page = made[0].pages.get(path)
            if page is None:
                await asyncio.Event().wait()  # says nothing, for ever
            writer.write(page or b"")
            if path == "/drip":
                while True:
                    writer.write(b"x")
                    await asyncio.sleep(0.01)
            await writer.drain()
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    made.append(Site(server))
    yield made[0]
    server.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await server.wait_closed()


async def home(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


def bench(limits: Limits | None = None) -> HttpsFetcher:
    return HttpsFetcher(trusting(), limits, allow_private=True, resolve=home)


async def refused(fetcher: Fetcher, uri: str) -> str:
    with pytest.raises(FetchRefused) as caught:
        await fetcher.fetch(uri)
    assert str(caught.value).isprintable()
    return caught.value.name


@pytest.mark.asyncio
async def test_a_page(site: Site) -> None:
    site.page("/r/9f2c?a=b", b"a.b.c", "Content-Type: Application/JOSE; charset=x")
    assert await bench().fetch(site.url("/r/9f2c?a=b")) == Fetched(
        site.url("/r/9f2c?a=b"), b"a.b.c", "application/jose"
    )
    assert site.asked[0].startswith("GET /r/9f2c?a=b HTTP/1.1\r\n")
    assert f"Host: localhost:{site.port}\r\n" in site.asked[0]


@pytest.mark.asyncio
async def test_without_a_path(site: Site) -> None:
    site.page("/", b"x")
    assert (await bench().fetch(f"HTTPS://LOCALHOST:{site.port}")).body == b"x"


@pytest.mark.asyncio
async def test_the_name_counts_and_not_the_address(site: Site) -> None:
    site.page("/x", b"x")
    assert (await bench().fetch(site.url("/x", "name.example"))).body == b"x"
    assert await refused(bench(), site.url("/x", "other.example")) == "cannot connect"
    assert await refused(bench(), site.url("/x", "127.0.0.1")) == "cannot connect"
    assert len(site.asked) == 1


@pytest.mark.asyncio
async def test_a_server_that_nobody_trusts(site: Site) -> None:
    site.page("/x", b"x")
    fetcher = HttpsFetcher(allow_private=True, resolve=home)
    with pytest.raises(FetchRefused, match="certificate verify failed"):
        await fetcher.fetch(site.url("/x"))


@pytest.mark.asyncio
async def test_redirects(site: Site) -> None:
    site.redirect("/1", "/2")
    site.redirect("/2", site.url("/3", "name.example"))
    site.redirect("/3", "4?x")
    site.page("/4?x", b"there")
    found = await bench().fetch(site.url("/1"))
    assert (found.uri, found.body) == (site.url("/4?x", "name.example"), b"there")
    assert await refused(bench(Limits(redirects=2)), site.url("/1")) == "too many redirects"


@pytest.mark.asyncio
async def test_redirect_loops(site: Site) -> None:
    site.redirect("/1", "/2")
    site.redirect("/2", "/1")
    site.redirect("/self", "/self")
    site.pages["/empty"] = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"
    for path in ("/1", "/self", "/empty"):
        assert await refused(bench(), site.url(path)) == "redirect loop"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("location", "name"),
    [
        ("http://localhost/", "scheme is not https"),
        ("data:,x", "scheme is not https"),
        ("file:///etc/passwd", "scheme is not https"),
        ("https://[::1", "cannot be fetched"),
        ("https://user@localhost/", "user name in the URI"),
    ],
)
async def test_redirects_to_where_nobody_goes(site: Site, location: str, name: str) -> None:
    site.redirect("/x", location)
    assert await refused(bench(), site.url("/x")) == name


@pytest.mark.asyncio
async def test_a_redirect_to_a_private_address(site: Site) -> None:
    """The first address is let through as if it were public; the second is not, wherever the first one sends us."""

    class Lenient(HttpsFetcher):
        async def _addresses(self, host: str, port: int) -> list[str]:
            return ["127.0.0.1"] if host == "localhost" else await super()._addresses(host, port)

    site.redirect("/x", f"https://169.254.169.254:{site.port}/latest/meta-data")
    assert await refused(Lenient(trusting(), resolve=home), site.url("/x")) == "address is not public"


@pytest.mark.asyncio
async def test_a_huge_body(site: Site) -> None:
    site.page("/big", b"x" * 70_000)
    site.page("/fits", b"x" * 65_536)
    assert await refused(bench(), site.url("/big")) == "too large"
    assert len((await bench().fetch(site.url("/fits"))).body) == 65_536
    assert await refused(bench(Limits(size=10)), site.url("/fits")) == "too large"


@pytest.mark.asyncio
async def test_a_body_without_an_end(site: Site) -> None:
    site.pages["/drip"] = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
    began = time.monotonic()
    assert await refused(bench(Limits(time=0.2)), site.url("/drip")) == "too slow"
    assert await refused(bench(Limits(size=3)), site.url("/drip")) == "too large"
    assert time.monotonic() - began < 2


@pytest.mark.asyncio
async def test_a_server_that_says_nothing(site: Site) -> None:
    began = time.monotonic()
    assert await refused(bench(Limits(time=0.2)), site.url("/silence")) == "too slow"
    assert time.monotonic() - began < 2


@pytest.mark.asyncio
async def test_a_name_server_that_says_nothing() -> None:
    async def never(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    fetcher = HttpsFetcher(trusting(), Limits(time=0.05), resolve=never)
    assert await refused(fetcher, "https://name.example/") == "too slow"


@pytest.mark.asyncio
async def test_a_compressed_body(site: Site) -> None:
    site.page("/bomb", gzip.compress(b"x" * 10_000_000), "Content-Encoding: gzip")
    assert await refused(bench(), site.url("/bomb")) == "compressed, though that was not asked for"
    assert "accept-encoding: identity" in site.asked[0].lower()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("page", "name"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "not answered with 200"),
        (b"HTTP/1.1 206 Partial\r\nContent-Length: 1\r\n\r\nx", "not answered with 200"),
        (b"SIP/2.0 200 OK\r\n\r\n", "cannot be fetched"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", "cannot be fetched"),
        (b"", "cannot be fetched"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000, "cannot be fetched"),
    ],
)
async def test_other_answers(site: Site, page: bytes, name: str) -> None:
    site.pages["/x"] = page
    assert await refused(bench(), site.url("/x")) == name


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("http://localhost/", "scheme is not https"),
        ("ftp://localhost/", "scheme is not https"),
        ("sip:desk@localhost", "scheme is not https"),
        ("", "scheme is not https"),
        ("https://", "not a URI"),
        ("https://localhost/\r\nX: y", "not a URI"),
        ("https://localhost/a b", "not a URI"),
        ("https://localhost:99999/", "not a URI"),
        ("https://[::1/", "not a URI"),
        ("https://büro.example/", "not a URI"),
        ("https://x/" + "a" * 5000, "not a URI"),
        ("https://me:secret@localhost/", "user name in the URI"),
        ("data:nothing", "not a data: URI"),
    ],
)
async def test_uris_that_are_not_followed(uri: str, name: str) -> None:
    assert await refused(bench(), uri) == name


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "[::1]",
        "[fe80::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "127.1",
        "0177.0.0.1",
    ],
)
async def test_private_addresses_are_refused(site: Site, host: str) -> None:
    site.page("/x", b"x")
    assert await refused(HttpsFetcher(trusting()), site.url("/x", host)) == "address is not public"
    assert site.asked == []


@pytest.mark.asyncio
async def test_names_of_private_addresses_are_refused(site: Site) -> None:
    async def both(host: str, port: int) -> list[str]:
        return ["192.0.32.8", "127.0.0.1"]

    site.page("/x", b"x")
    for resolve in (home, both, None):
        assert await refused(HttpsFetcher(trusting(), resolve=resolve), site.url("/x")) == "address is not public"
    assert site.asked == []


@pytest.mark.asyncio
async def test_a_name_is_looked_up_once(site: Site) -> None:
    """Else it could be public when it is checked and private when it is connected to."""
    asked: list[str] = []

    async def once(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["192.0.2.1"]

    site.page("/x", b"x")
    fetcher = HttpsFetcher(trusting(), allow_private=True, resolve=once)
    assert (await fetcher.fetch(site.url("/x", "name.example"))).body == b"x"
    assert asked == ["name.example"]


@pytest.mark.asyncio
async def test_the_next_address_is_tried(site: Site) -> None:
    async def two(host: str, port: int) -> list[str]:
        return ["::1", "127.0.0.1"]

    site.page("/x", b"x")
    fetcher = HttpsFetcher(trusting(), allow_private=True, resolve=two)
    assert (await fetcher.fetch(site.url("/x"))).body == b"x"


@pytest.mark.asyncio
async def test_names_that_are_not_found() -> None:
    async def fail(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    async def none(host: str, port: int) -> list[str]:
        return []

    for resolve in (fail, none):
        assert await refused(HttpsFetcher(trusting(), resolve=resolve), "https://no.example/") == "host not found"


@pytest.mark.asyncio
async def test_the_proxies_of_the_environment_are_not_used(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    site.page("/x", b"x")
    assert (await bench().fetch(site.url("/x"))).body == b"x"


@pytest.mark.asyncio
async def test_off_by_default() -> None:
    assert await refused(OffFetcher(), "https://localhost/") == "fetching is off"
    assert (await OffFetcher().fetch("data:application/jose,a.b.c")).body == b"a.b.c"
    assert (await bench().fetch("DATA:,a.b.c")).body == b"a.b.c"


@pytest.mark.parametrize(
    ("uri", "body", "media_type"),
    [
        ("data:application/jose,a.b.c", b"a.b.c", "application/jose"),
        ("data:,a%20b", b"a b", ""),
        ("data:;base64,YS5iLmM=", b"a.b.c", ""),
        ("data:Text/Plain;charset=utf-8;base64,YQ==", b"a", "text/plain"),
        ("data:,", b"", ""),
    ],
)
def test_data_uris(uri: str, body: bytes, media_type: str) -> None:
    assert read_data_uri(uri) == Fetched(uri, body, media_type)


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("data:x", "not a data: URI"),
        ("https://x/", "not a data: URI"),
        ("data:;base64,!!!", "not a data: URI"),
        ("data:;base64,YQ", "not a data: URI"),
        ("data:," + "x" * 65_537, "too large"),
        ("data:;base64," + base64.b64encode(b"x" * 65_537).decode(), "too large"),
        ("data:," + "%78" * 10_000_000, "too large"),
    ],
)
def test_data_uris_that_are_refused(uri: str, name: str) -> None:
    began = time.thread_time()
    with pytest.raises(FetchRefused) as caught:
        read_data_uri(uri)
    assert caught.value.name == name
    assert time.thread_time() - began < 0.5


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("240.0.0.1", False),
        ("::", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::808:808", True),
        ("2002:7f00:1::", False),
        ("not an address", False),
    ],
)
def test_public_addresses(address: str, public: bool) -> None:
    assert is_public(address) is public


def test_without_httpx_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(ImportError, match=r"httpx: pip install 'simcarrier\[trust\]'"):
        HttpsFetcher()

"""Following a URI that a peer sent: the referent of a Call-Info, the certificate at an ``x5u``.

Whoever answers a call chooses that URI, so following it lets a stranger make this machine ask things of other
machines, also of those that only this machine can reach. Hence it is off unless somebody turns it on, and then narrow:
https alone (or ``data:``, which asks nobody), public addresses alone, few bytes, little time, few redirects. A name is
resolved once and the connection goes to that very address, while TLS still checks the certificate against the name; a
name that changes its mind between two look-ups gains nothing. Proxies of the environment are not used.

The only module of this room that does network IO. What needs a referent takes a `Fetcher`, so tests put in their own.
"""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import re
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias
from urllib.parse import SplitResult, unquote_to_bytes, urljoin, urlsplit

from .extra import needed
from .fault import shown

if TYPE_CHECKING:
    import httpx

Resolve: TypeAlias = Callable[[str, int], Awaitable[list[str]]]
"""Gives the IP addresses of a host; the port is only for the look-up's sake."""

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MOST_ADDRESSES: Final = 4  # tried, of one name
_LONGEST_URI: Final = 4096
_DATA = re.compile(r"data:([^,;]*)((?:;[^,;]*)*),(.*)", re.IGNORECASE | re.DOTALL)
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


class FetchRefused(Exception):
    """It was not fetched.

    Attributes:
        name: why, such as ``scheme is not https`` or ``redirect loop``; from the list in the docs.
        detail: what was seen; may be empty. Fit to be printed.
    """

    def __init__(self, name: str, detail: str = "") -> None:
        super().__init__(f"{name}: {detail}" if detail else name)
        self.name = name
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a URI led to.

    Attributes:
        uri: where it was in the end, after redirects.
        body: the content.
        media_type: as it was named, in lower case and without parameters; may be empty.
    """

    uri: str
    body: bytes
    media_type: str = ""


class Fetcher(Protocol):
    """Follows a URI."""

    async def fetch(self, uri: str) -> Fetched:
        """What the URI leads to.

        Raises:
            FetchRefused: it was not followed, or not to the end.
        """


@dataclass(frozen=True, slots=True)
class Limits:
    """How far to go.

    Attributes:
        size: bytes of a body. Tokens have 1,000, chains of certificates 5,000.
        time: seconds in all, look-up, handshakes and redirects included.
        redirects: how many to follow.
    """

    size: int = 65_536
    time: float = 3.0
    redirects: int = 3


class OffFetcher:
    """The default: follows ``data:`` URIs, which ask nobody, and nothing else."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()

    async def fetch(self, uri: str) -> Fetched:
        """As `Fetcher.fetch`."""
        if _is_data(uri):
            return read_data_uri(uri, self._limits.size)
        raise FetchRefused("fetching is off", shown(uri))


class HttpsFetcher:
    """Follows https and ``data:`` URIs.

    Args:
        context: which servers to believe; None: the system's roots.
        limits: how far to go.
        allow_private: whether to connect to addresses that are not public, for test benches.
        resolve: how to look up names; None: the system's way.

    Raises:
        MissingExtra: httpx is not installed.
    """

    def __init__(
        self,
        context: ssl.SSLContext | None = None,
        limits: Limits | None = None,
        *,
        allow_private: bool = False,
        resolve: Resolve | None = None,
    ) -> None:
        with needed():
            import httpx
        self._httpx = httpx
        self._context = context or ssl.create_default_context()
        self._limits = limits or Limits()
        self._allow_private = allow_private
        self._resolve = resolve or _resolve

    async def fetch(self, uri: str) -> Fetched:
        """As `Fetcher.fetch`."""
        if _is_data(uri):
            return read_data_uri(uri, self._limits.size)
        try:
            async with asyncio.timeout(self._limits.time):
                return await self._follow(uri)
        except TimeoutError:
            raise FetchRefused("too slow", f"more than {self._limits.time:g} s") from None

    async def _follow(self, uri: str) -> Fetched:
        seen: set[str] = set()
        # Not a client, only what a client stands on: no cookies, proxies, redirects or decompression of its own.
        async with self._httpx.AsyncHTTPTransport(verify=self._context, trust_env=False) as transport:
            while True:
                if uri in seen:
                    raise FetchRefused("redirect loop", shown(uri))
                if len(seen) > self._limits.redirects:
                    raise FetchRefused("too many redirects", f"more than {self._limits.redirects}")
                seen.add(uri)
                found = await self._get(transport, uri)
                if isinstance(found, Fetched):
                    return found
                uri = found

    async def _get(self, transport: httpx.AsyncHTTPTransport, uri: str) -> Fetched | str:
        """What stands there, or where it points to."""
        parts, host = _checked(uri)
        port = parts.port or 443
        last: Exception | None = None
        for address in (await self._addresses(host, port))[:_MOST_ADDRESSES]:
            try:
                return await self._ask(transport, uri, parts, host, address)
            except (self._httpx.ConnectError, self._httpx.ConnectTimeout) as error:
                last = error
            except (self._httpx.HTTPError, self._httpx.InvalidURL, ValueError) as error:
                raise FetchRefused("cannot be fetched", shown(error)) from None
        raise FetchRefused("cannot connect", shown(last))

    async def _addresses(self, host: str, port: int) -> list[str]:
        try:
            addresses = [str(ipaddress.ip_address(host))]
        except ValueError:
            try:
                addresses = await self._resolve(host, port)
            except OSError as error:
                raise FetchRefused("host not found", shown(host)) from error
        if not addresses:
            raise FetchRefused("host not found", shown(host))
        if not self._allow_private:
            # One private address among public ones is no accident.
            private = next((one for one in addresses if not is_public(one)), None)
            if private is not None:
                raise FetchRefused("address is not public", private)
        return addresses

    async def _ask(
        self, transport: httpx.AsyncHTTPTransport, uri: str, parts: SplitResult, host: str, address: str
    ) -> Fetched | str:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        netloc = f"[{address}]" if ":" in address else address
        request = self._httpx.Request(
            "GET",
            f"https://{netloc}:{parts.port or 443}{target or '/'}",
            headers={"Host": parts.netloc, "Accept-Encoding": "identity", "Connection": "close"},
            # The name that the certificate must have; the connection goes to the address that was checked. The time in
            # all is watched above; an address that does not answer must leave some of it for the next one.
            extensions={"sni_hostname": host, "timeout": {"connect": self._limits.time / 2}},
        )
        response = await transport.handle_async_request(request)
        try:
            if response.status_code in _REDIRECTS:
                return urljoin(uri, str(response.headers.get("location", "")))
            if response.status_code != 200:
                raise FetchRefused("not answered with 200", str(response.status_code))
            if response.headers.get("content-encoding", "identity").lower() != "identity":
                raise FetchRefused("compressed, though that was not asked for")
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > self._limits.size:
                    raise FetchRefused("too large", f"more than {self._limits.size} bytes")
            kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            return Fetched(uri, bytes(body), shown(kind))
        finally:
            await response.aclose()


def read_data_uri(uri: str, longest: int = 65_536) -> Fetched:
    """What a ``data:`` URI holds (RFC 2397).

    Raises:
        FetchRefused: it is none, or holds more than so many bytes.
    """
    if len(uri) > 3 * longest + _LONGEST_URI:
        raise FetchRefused("too large", f"more than {longest} bytes")
    found = _DATA.fullmatch(uri)
    if found is None:
        raise FetchRefused("not a data: URI")
    kind, params, content = found.groups()
    body = unquote_to_bytes(content)
    if params.lower().endswith(";base64"):
        try:
            body = base64.b64decode(body, validate=True)
        except ValueError:
            raise FetchRefused("not a data: URI", "broken base64") from None
    if len(body) > longest:
        raise FetchRefused("too large", f"more than {longest} bytes")
    return Fetched(uri, body, shown(kind.strip().lower()))


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the open Internet: neither private nor loopback nor link-local nor multicast.

    An IPv6 address that stands for an IPv4 one (mapped, 6to4, Teredo, NAT64) is what that is.
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
        if inner is not None:
            ip = inner
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _is_data(uri: str) -> bool:
    return uri[:5].lower() == "data:"


def _checked(uri: str) -> tuple[SplitResult, str]:
    """The parts of an https URI and its host, if it may be followed at all."""
    if len(uri) > _LONGEST_URI:
        raise FetchRefused("not a URI", "it is too long")
    try:
        parts = urlsplit(uri)
        host = parts.hostname or ""
        host.encode("ascii")
        _ = parts.port
    except ValueError:
        raise FetchRefused("not a URI", shown(uri)) from None
    if parts.scheme.lower() != "https":
        raise FetchRefused("scheme is not https", shown(uri))
    if not host or not uri.isprintable() or " " in uri:
        raise FetchRefused("not a URI", shown(uri))
    if parts.username is not None or parts.password is not None:
        raise FetchRefused("user name in the URI", shown(host))
    return parts, host


async def _resolve(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))

"""Who may speak to the control port.

On a loopback address everybody on this machine may, as with any test tool, and nobody else. Two kinds of visitor come
in by the browser of somebody on this machine all the same, and are kept out:

- a page of elsewhere that posts to ``http://127.0.0.1:8080``: its browser adds an ``Origin``, which must be our own;
- a page whose name was made to point to 127.0.0.1 (DNS rebinding): the ``Host`` is then that name, and a Host that is
  neither ``localhost`` nor a loopback address is refused.

No response allows another origin to read it (CORS). Any other address needs a token, which then every request brings as
``Authorization: Bearer TOKEN``; no page can know it, so the Host may be any name that leads here.

A person with a browser brings the token once, in a form, and gets a *pass* for it: a cookie that scripts cannot read,
that browsers send to us alone and from our own pages alone (SameSite), and that ends with the process. Whatever changes
something with a pass must also say by its Origin that it comes from our pages.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

TOKEN_VARIABLE = "SIMCARRIER_CONTROL_TOKEN"

SHORTEST_TOKEN = 16
"""Characters; what is shorter can be guessed."""

LONGEST_TOKEN = 1024

OPEN_PATHS = frozenset({"/health", "/ready"})
"""What needs no token: those who ask whether a service is there mostly have none, and learn nothing else."""

LOGIN = "/login"
STATIC = "/static/"
"""What a browser needs before it has a pass."""

PASS = "simcarrier_pass"
"""The name of the cookie."""

READING = frozenset({"GET", "HEAD"})

_ADDRESS = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:]+)):([0-9]{1,5})")
_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:]+))(?::[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class WebAddress:
    """Where the server listens: an IP address and a port; 0 for any free one."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> WebAddress:
        """Read ``127.0.0.1:8080``, ``[::1]:8080`` or ``localhost:8080``.

        Raises:
            ValueError: it is none of these; the text completes "...: ".
        """
        found = _ADDRESS.fullmatch(text)
        if not found or int(found[3]) > 65535:
            raise ValueError("write an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080; port 0 for any")
        host = found[1] or found[2]
        host = "127.0.0.1" if host.lower() == "localhost" else host
        try:
            return cls(str(ipaddress.ip_address(host)), int(found[3]))
        except ValueError:
            raise ValueError("the host must be an IP address, such as 127.0.0.1, or localhost") from None

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return ipaddress.ip_address(self.host).is_loopback

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class NoToken(ValueError):
    """A token is needed and not there, or not fit to be one; the text says what to do. It never holds the token."""


def read_token(environment: Mapping[str, str], file: Path | None) -> str | None:
    """The token, from a file or else from the environment; None if neither has one.

    Args:
        environment: of the process.
        file: with the token in its only line.

    Raises:
        NoToken: the file cannot be read, or what is there is no token.
    """
    if file is not None:
        try:
            with file.open("rb") as opened:
                token = opened.read(LONGEST_TOKEN + 2).decode("ascii").strip()
        except OSError as error:
            raise NoToken(f"the file of the control token cannot be read: {file}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise NoToken(f"the file of the control token holds something else than a line of ASCII: {file}") from None
        place = str(file)
    else:
        if TOKEN_VARIABLE not in environment:
            return None
        token, place = environment[TOKEN_VARIABLE], TOKEN_VARIABLE
    if not SHORTEST_TOKEN <= len(token) <= LONGEST_TOKEN or not re.fullmatch(r"[!-~]+", token):
        raise NoToken(
            f"the control token in {place} must have {SHORTEST_TOKEN} to {LONGEST_TOKEN} visible ASCII characters"
        )
    return token


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a request is not let in: ``token``, ``origin`` or ``host``, and the same in words."""

    by: str
    why: str


class Access:
    """Lets requests in.

    Args:
        address: where the server listens.
        token: what every request must bring; None for nothing.
        browsers: whether a browser may log in with it.

    Raises:
        NoToken: others than this machine could reach the address, and there is no token.
    """

    def __init__(self, address: WebAddress, token: str | None, *, browsers: bool = False) -> None:
        if token is None and not address.is_loopback:
            raise NoToken(
                f"others can reach {address}, so control there needs a token: put one of {SHORTEST_TOKEN} characters "
                f"or more into the environment as {TOKEN_VARIABLE}, or name its file with --control-token"
            )
        self._token = None if token is None else token.encode()
        self._pass = secrets.token_urlsafe(32) if browsers and token is not None else None

    @property
    def asks_browsers(self) -> bool:
        """Whether a browser has to log in."""
        return self._pass is not None

    def pass_for(self, token: str) -> str | None:
        """What a browser gets for the token; None if it is another one."""
        return self._pass if self._pass is not None and self._is_token(token) else None

    def refusal(self, path: str, headers: Mapping[str, str], method: str = "GET") -> Refused | None:
        """Why a request is not let in; None if it is.

        Args:
            path: that it asks for.
            headers: by their names in small letters.
            method: what it wants there.
        """
        host, origin = headers.get("host", ""), headers.get("origin")
        if self._token is None and not _names_loopback(host):
            return Refused("host", f"use 127.0.0.1, [::1] or localhost as the host, not {host[:100]!r}")
        if origin is not None and urlsplit_host(origin) != host.lower():
            return Refused("origin", f"pages of {origin[:100]!r} have no access")
        if self._token is None or path in OPEN_PATHS:
            return None
        if self._pass is not None and (path == LOGIN or path.startswith(STATIC)):
            return None
        if self._has_pass(headers.get("cookie", "")):
            if method not in READING and origin is None:
                return Refused("origin", "what changes something must say where it comes from: there is no Origin")
            return None
        scheme, _, brought = headers.get("authorization", "").partition(" ")
        if not self._is_token(brought.strip()) or scheme.lower() != "bearer":
            return Refused("token", "bring the control token: Authorization: Bearer TOKEN")
        return None

    def _is_token(self, brought: str) -> bool:
        # Both sides as bytes, for compare_digest takes no text beyond ASCII; its time tells nothing of the token.
        return self._token is not None and hmac.compare_digest(_as_bytes(brought), self._token)

    def _has_pass(self, cookies: str) -> bool:
        if self._pass is None:
            return False
        for cookie in cookies.split(";"):
            name, _, value = cookie.strip().partition("=")
            if name == PASS and hmac.compare_digest(_as_bytes(value), self._pass.encode()):
                return True
        return False


def _as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def urlsplit_host(origin: str) -> str | None:
    """HOST or HOST:PORT of an origin; None if there is none, as in ``null``."""
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None


def _names_loopback(host: str) -> bool:
    found = _HOST.fullmatch(host)
    if not found:
        return False
    name = found[1] or found[2]
    if name.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False

"""A dialler of one function over a blocking socket, for tests of the fixture and for the suites that they run.

It imports nothing of simcarrier: a suite that uses it shows what the fixture itself does.
"""

from __future__ import annotations

import itertools
import socket
from collections.abc import Iterator
from contextlib import contextmanager

_numbers = itertools.count(1)

Address = tuple[str, int]


class Dialled:
    """One call: what came, and what can be sent."""

    def __init__(self, carrier: Address, to: str, caller: str, headers: str, call_id: str) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._carrier, self._to, self._caller, self._headers = carrier, to, caller, headers
        self._host, self.port = self._socket.getsockname()
        self._number = next(_numbers)
        self._call_id = call_id or f"{self._number}@{self.port}"
        self._tagged = f"<sip:{to}@carrier.example>"
        self.codes: list[int] = []

    def send(self, method: str, cseq: int = 1, branch: str = "") -> None:
        """A request of this call."""
        lines = [
            f"{method} sip:{self._to}@{self._carrier[0]}:{self._carrier[1]} SIP/2.0",
            f"Via: SIP/2.0/UDP {self._host}:{self.port};branch=z9hG4bK{self._number}{branch};rport",
            "Max-Forwards: 70",
            f"From: <sip:{self._caller}@dialler.example>;tag=1",
            f"To: {self._tagged}",
            f"Call-ID: {self._call_id}",
            f"CSeq: {cseq} {method}",
            f"Contact: <sip:dialler@{self._host}:{self.port}>",
            *([self._headers] if self._headers else []),
            "Content-Length: 0",
        ]
        self._socket.sendto("\r\n".join([*lines, "", ""]).encode(), self._carrier)

    def response(self, timeout: float) -> int:
        """The code of the next response to the INVITE, or 0 if none comes in time."""
        self._socket.settimeout(timeout)
        while True:
            try:
                text = self._socket.recv(65536).decode()
            except TimeoutError:
                return 0
            if text.startswith("SIP/2.0 ") and " INVITE\r\n" in text:
                break
        self._tagged = next(line[4:] for line in text.split("\r\n") if line.startswith("To: "))
        self.codes.append(int(text[8:11]))
        return self.codes[-1]

    def close(self) -> None:
        """Hear nothing any more."""
        self._socket.close()


@contextmanager
def dialled(
    carrier: Address, to: str = "+498912345678", caller: str = "+493012345678", headers: str = "", call_id: str = ""
) -> Iterator[Dialled]:
    """A call whose INVITE has been sent."""
    call = Dialled(carrier, to, caller, headers, call_id)
    try:
        call.send("INVITE")
        yield call
    finally:
        call.close()


def dial(
    carrier: Address,
    to: str = "+498912345678",
    caller: str = "+493012345678",
    headers: str = "",
    patience: float = 3.0,
    call_id: str = "",
) -> list[int]:
    """A call from its INVITE to its end: acknowledged, hung up if it was answered, given up when patience is over.

    Returns:
        The codes that came.
    """
    with dialled(carrier, to, caller, headers, call_id) as call:
        while (code := call.response(patience)) and code < 200:
            pass
        if not code:
            call.send("CANCEL")
            code = call.response(1)
        if 200 <= code < 300:
            call.send("ACK", branch="ack")
            call.send("BYE", cseq=2, branch="bye")
        elif code:
            call.send("ACK")
        return call.codes

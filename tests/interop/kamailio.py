"""A Kamailio with a configuration of the test's own: as a proxy in front of two carriers, unless it says otherwise."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from pathlib import Path

from .harness import free_udp_port, wait_until

IN_FRONT = """\
#!KAMAILIO
debug=1
log_stderror=yes
children=1
disable_tcp=yes
auto_aliases=no
dns=no
rev_dns=no
server_signature=no
listen=udp:127.0.0.1:{port}

loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "maxfwd.so"

request_route {{
    if (!mf_process_maxfwd_header("10")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
    if (is_method("OPTIONS") && uri == myself && !has_totag()) {{ sl_send_reply("200", "OK"); exit; }}
    if (is_method("CANCEL")) {{
        if (t_check_trans()) t_relay();
        exit;
    }}
    if (has_totag()) {{
        if (loose_route()) {{ t_relay(); exit; }}
        if (is_method("ACK") && t_check_trans()) {{ t_relay(); exit; }}
        sl_send_reply("404", "Not here");
        exit;
    }}
    t_check_trans();
    if (!is_method("INVITE")) {{ sl_send_reply("405", "Method Not Allowed"); exit; }}
    record_route();
    $du = "sip:{first}";
    t_on_failure("second");
    t_relay();
}}

failure_route[second] {{
    if (t_is_canceled()) exit;
    if (t_check_status("503")) {{
        $du = "sip:{second}";
        t_relay();
    }}
}}
"""
"""It sends a call to ``first``, and to ``second`` if the first says 503; both are HOST:PORT."""

OPTIONS = ("-DD", "-E", "-m", "16", "-M", "4")
"""In the foreground, logging to standard error, with little memory (megabytes, shared and of each process)."""

ATTEMPTS = 3
"""How often a start is tried: the port was free when it was asked for, and another program may have taken it since."""


class Kamailio:
    """A running Kamailio.

    Args:
        program: its path.
        folder: where its files go.
        configuration: with ``{port}`` and other fields to be filled in; it must answer OPTIONS with 200.
        values: the other fields.

    Attributes:
        address: HOST:PORT of its own.
    """

    def __init__(self, program: str, folder: Path, configuration: str = IN_FRONT, **values: str) -> None:
        self._log = folder / "kamailio.log"
        for attempt in range(1, ATTEMPTS + 1):
            port = free_udp_port()
            self.address = f"127.0.0.1:{port}"
            file = folder / "kamailio.cfg"
            file.write_text(configuration.format(port=port, **values))
            with self._log.open("w") as log:
                self._process = subprocess.Popen(
                    [program, "-f", str(file), *OPTIONS, "-w", str(folder), "-Y", str(folder)],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            try:
                wait_until(self._is_there, "Kamailio to answer OPTIONS")
                return
            except AssertionError:
                self.stop()
                if attempt == ATTEMPTS:
                    raise

    def _is_there(self) -> bool:
        assert self._process.poll() is None, self.log
        host, _, port = self.address.rpartition(":")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.settimeout(0.1)
            probe.connect((host, int(port)))
            own = probe.getsockname()[1]
            try:
                probe.send(
                    f"OPTIONS sip:{self.address} SIP/2.0\r\n"
                    f"Via: SIP/2.0/UDP 127.0.0.1:{own};branch=z9hG4bKprobe{own}\r\n"
                    f"From: <sip:test@127.0.0.1>;tag={own}\r\nTo: <sip:{self.address}>\r\nCall-ID: probe{own}\r\n"
                    "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n".encode()
                )
                return probe.recv(4096).startswith(b"SIP/2.0 200")
            except (TimeoutError, ConnectionRefusedError):
                return False

    @property
    def log(self) -> str:
        """What it has said."""
        return self._log.read_text(errors="replace")

    def stop(self) -> None:
        """End it, and the processes that it has started."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)  # a group of its own: its processes with it
            self._process.wait(5)

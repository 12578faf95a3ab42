"""simcarrier: a carrier in a box that fails on purpose, and a probe that says what a failure means.

The rooms, from the rim inwards: `cli` is the command line; `service` puts a scenario, a carrier and the network
together; `net` has the sockets; `carrier` decides and acts, `scenario` reads what it is to do, `records` keeps what
happened; `sip` is the protocol, without input and output. Arrows point one way, and a test holds them.
"""

from __future__ import annotations

__version__ = "0.1.0"

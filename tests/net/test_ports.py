"""Pairs of ports, where other programs have taken some."""

from __future__ import annotations

from random import Random

import pytest

from simcarrier.net.ports import NoPorts, PortPairs
from simcarrier.net.udp import open_socket
from tests.net.test_media import LOCAL, free_range


def test_ports_of_others_are_passed_over() -> None:
    low, high = free_range(3)
    other = open_socket(LOCAL, low + 1, 4096)
    try:
        pairs = PortPairs(low, high, Random(1))
        one, two = pairs.take(LOCAL), pairs.take(LOCAL)
        assert {one.port, two.port} == {low + 2, low + 4}
        with pytest.raises(NoPorts):
            pairs.take(LOCAL)
        pairs.give_back(one)
        pairs.give_back(two)
        assert pairs.free == 3
    finally:
        other.close()

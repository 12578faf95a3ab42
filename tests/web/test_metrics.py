"""Metrics: right, monotonic, and bounded in what their labels say."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from simcarrier.net.media import MediaCounters
from simcarrier.service import CarrierService
from simcarrier.web import metrics as room
from tests.web.kit import Controlled

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(carrier: Controlled) -> Samples:
    answer = carrier.request("GET", "/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.body)
        for sample in family.samples
    }


def labelled(name: str, **labels: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    return name, tuple(sorted(labels.items()))


def gained(after: Samples, before: Samples) -> Samples:
    return {key: value - before.get(key, 0) for key, value in after.items() if value != before.get(key, 0)}


def test_what_calls_add(carrier: Controlled) -> None:
    before = samples(carrier)
    carrier.dial("+491")
    carrier.dial("+7")
    carrier.client.force("busy")
    carrier.dial("+492")
    added = gained(samples(carrier), before)
    assert added[labelled("simcarrier_calls_total", code="403", condition="", rule="refused")] == 1
    assert added[labelled("simcarrier_calls_total", code="404", condition="", rule="")] == 1
    assert added[labelled("simcarrier_calls_total", code="486", condition="busy", rule="")] == 1
    assert added[labelled("simcarrier_calls_taken_total")] == 3
    assert added[labelled("simcarrier_calls_unmatched_total")] == 1
    assert added[labelled("simcarrier_post_dial_delay_seconds_count")] == 3
    assert added[labelled("simcarrier_post_dial_delay_seconds_bucket", le="+Inf")] == 3


def test_a_reset_does_not_touch_them(carrier: Controlled) -> None:
    carrier.dial("+491")
    before = samples(carrier)
    carrier.client.reset()
    assert gained(samples(carrier), before) == {}


def test_a_call_s_delay_stands_in_its_bucket(carrier: Controlled) -> None:
    carrier.client.add_rules(
        {"to": "+49*", "steps": ["trying", {"wait": "120ms"}, "ringing", {"wait": "200ms"}, {"respond": 480}]}
    )
    before = samples(carrier)
    carrier.dial("+491")
    added = gained(samples(carrier), before)
    name = "simcarrier_post_dial_delay_seconds_bucket"
    assert labelled(name, le="0.1") not in added
    assert added[labelled(name, le="0.25")] == 1
    assert 0.1 < added[labelled("simcarrier_post_dial_delay_seconds_sum")] < 0.25


def test_calls_up_and_lines() -> None:
    text = """
name: lines
carrier: {listen: "udp:127.0.0.1:0", lines: 30, trunks: [{name: main, lines: 5}]}
calls: [{steps: [trying, silence]}]
"""
    with Controlled(text) as carrier, carrier.dialled("+491") as call:
        assert call.response(1) == 100
        found = samples(carrier)
        assert found[labelled("simcarrier_calls_up")] == 1
        assert found[labelled("simcarrier_lines_in_use", trunk="main")] == 1
        assert found[labelled("simcarrier_lines", trunk="main")] == 5
        assert found[labelled("simcarrier_lines", trunk="")] == 30
        assert carrier.client.carrier()["lines"][0] == {"trunk": "", "total": 30, "in_use": 1}


def test_a_carrier_without_audio_tells_nothing_of_it(carrier: Controlled) -> None:
    assert not [key for key in samples(carrier) if "media" in str(key)]


def test_audio() -> None:
    text = """
name: audio
carrier: {listen: "udp:127.0.0.1:0", media: {}}
calls: [{respond: 403}]
"""
    with Controlled(text) as carrier:
        before = samples(carrier)
        assert before[labelled("simcarrier_media_streams")] == before[labelled("simcarrier_media_playing")] == 0
        assert before[labelled("simcarrier_media_ports_free")] == 5000

        def count(service: CarrierService) -> None:
            desk = service.media
            assert desk is not None
            desk.counters = MediaCounters(without=1, sent=7, received=6, unsent=5, not_rtp=4, strangers=3, withheld=2)
            for late, packets in ((0.0004, 5), (0.0015, 1), (0.5, 1)):
                desk.metronome.pace.add(late, packets)

        carrier.ask(count)
        found = gained(samples(carrier), before)
        assert found.pop(labelled("simcarrier_media_late_seconds_sum")) == pytest.approx(0.5035)
        late = {"0.001": 5, "0.002": 6, "0.005": 6, "0.01": 6, "0.02": 6, "0.04": 6, "0.1": 6, "+Inf": 7}
        assert found == {
            labelled("simcarrier_media_packets_total", way="sent"): 7,
            labelled("simcarrier_media_packets_total", way="received"): 6,
            labelled("simcarrier_media_dropped_total", why="unsent"): 5,
            labelled("simcarrier_media_dropped_total", why="not_rtp"): 4,
            labelled("simcarrier_media_dropped_total", why="strangers"): 3,
            labelled("simcarrier_media_withheld_total"): 2,
            labelled("simcarrier_media_without_total"): 1,
            labelled("simcarrier_media_late_seconds_count"): 7,
            **{labelled("simcarrier_media_late_seconds_bucket", le=bound): count for bound, count in late.items()},
        }


def test_labels_never_hold_numbers_and_stay_few(carrier: Controlled) -> None:
    for number in range(12):
        carrier.client.add_rules({"name": f"rule {number}", "to": f"+49{number}", "respond": 480})
        carrier.dial(f"+49{number}", caller=f"+4930{number}")
        carrier.client.remove_rule(f"rule {number}")
    found = samples(carrier)
    assert found[labelled("simcarrier_calls_total", code="480", condition="", rule="(removed)")] >= 12
    assert not [key for key in found if "+49" in str(key) or "rule 3" in str(key)]


def test_series_beyond_the_bound_are_one(carrier: Controlled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_SERIES", 1)
    carrier.dial("+491")
    carrier.dial("+7")
    found = {key: value for key, value in samples(carrier).items() if key[0] == "simcarrier_calls_total"}
    others = labelled("simcarrier_calls_total", code="(others)", condition="(others)", rule="(others)")
    assert len(found) == 2
    assert found[others] >= 1


def test_messages_that_were_not_used(carrier: Controlled) -> None:
    before = samples(carrier)
    with carrier.dialled("+491") as call:
        call._socket.sendto(b"nonsense", carrier.sip)
        call.response(1)
        call.send("ACK")
    carrier.settle()
    assert gained(samples(carrier), before)[labelled("simcarrier_messages_dropped_total", why="malformed")] == 1

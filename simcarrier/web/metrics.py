"""Metrics for Prometheus, worked out when they are asked for.

What labels can say is bounded: codes, conditions, the names of rules in force and of trunks. Numbers of callers or of
those called never stand in them. Counters begin with the run and never go back; a reset of the API does not touch them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from simcarrier.net.media import MediaDesk
from simcarrier.records.model import CallRecord
from simcarrier.service import CarrierService

from .seen import GONE, Seen

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"

BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0)
"""Seconds of post-dial delay: 0.1 to 3 are usual, at 10 a dialler gives up."""

LATE = (0.001, 0.002, 0.005, 0.01, 0.02, 0.04, 0.1)
"""Seconds that a packet of audio is late: 0.02 is a whole packet, which a phone's buffer may hold or not."""

MOST_SERIES = 1_000
"""Combinations of code, condition and rule that are told, the most frequent ones; the others are one, named so:"""

OTHERS = "(others)"


class Delays:
    """How long it took from the INVITE to the first response that says more than 100: the post-dial delay."""

    def __init__(self) -> None:
        self._counts = [0] * (len(BUCKETS) + 1)
        self._sum = 0.0

    def observe(self, records: Iterable[CallRecord]) -> None:
        """Calls have ended."""
        counts = self._counts
        for record in records:
            delay = record.progress_after
            if delay is None:
                delay = record.responded_after
            if delay is not None:
                counts[bisect_left(BUCKETS, delay)] += 1
                self._sum += delay

    def metric(self) -> Metric:
        """As Prometheus wants it: each bucket holds what is in those below."""
        below, buckets = 0, []
        for bound, count in zip([*map(str, BUCKETS), "+Inf"], self._counts, strict=True):
            below += count
            buckets.append((bound, below))
        family = HistogramMetricFamily(
            "simcarrier_post_dial_delay_seconds",
            "From the INVITE to the first response that says more than 100, of calls that have ended.",
        )
        family.add_metric([], buckets, self._sum)
        return family


class Metrics(Collector):
    """What a scrape gets.

    Args:
        carrier: started.
        seen: counts its calls.
        delays: theirs.
        rules: the names of the rules in force.
    """

    def __init__(self, carrier: CarrierService, seen: Seen, delays: Delays, rules: Callable[[], set[str]]) -> None:
        self._carrier = carrier
        self._seen = seen
        self._delays = delays
        self._rules = rules
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def text(self) -> bytes:
        """All metrics in the text format."""
        return generate_latest(self._registry)

    def describe(self) -> Iterable[Metric]:
        """Nothing ahead of a scrape."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """All metrics."""
        self._seen.settle()
        yield self._calls()
        yield self._delays.metric()
        switch = self._carrier.switch
        yield CounterMetricFamily("simcarrier_calls_taken", "Calls that have come.", value=switch.taken)
        yield CounterMetricFamily(
            "simcarrier_calls_unmatched", "Calls that no rule took.", value=self._carrier.journal.unmatched
        )
        yield GaugeMetricFamily("simcarrier_calls_up", "Calls that have not ended.", value=len(switch.calls))
        yield from self._lines()
        yield self._dropped()
        if self._carrier.media is not None:
            yield from _media(self._carrier.media)

    def _calls(self) -> Metric:
        family = CounterMetricFamily("simcarrier_calls", "Calls that have ended.", labels=("code", "condition", "rule"))
        in_force = self._rules()
        counts: Counter[tuple[str, str, str]] = Counter()
        for kinds in (self._seen.before, self._seen.kinds):
            for (code, condition, rule), number in kinds.items():
                name = "" if rule is None else rule if rule in in_force else GONE
                counts["none" if code is None else str(code), str(condition or ""), name] += number
        told = counts.most_common(MOST_SERIES)
        for labels, number in told:
            family.add_metric(list(labels), number)
        rest = counts.total() - sum(number for _, number in told)
        if rest:
            family.add_metric([OTHERS, OTHERS, OTHERS], rest)
        return family

    def _lines(self) -> Iterator[Metric]:
        used = GaugeMetricFamily("simcarrier_lines_in_use", "Lines that calls hold.", labels=("trunk",))
        total = GaugeMetricFamily("simcarrier_lines", "Lines that there are.", labels=("trunk",))
        trunks = self._carrier.switch.carrier.business.world.trunks
        for trunk in (trunks.shared, *trunks.all):
            if trunk.total is not None:
                used.add_metric([trunk.name], trunk.in_use)
                total.add_metric([trunk.name], trunk.total)
        yield used
        yield total

    def _dropped(self) -> Metric:
        family = CounterMetricFamily(
            "simcarrier_messages_dropped", "Messages that were not used, by why.", labels=("why",)
        )
        for why, number in dropped(self._carrier).items():
            family.add_metric([why], number)
        return family


def _media(desk: MediaDesk) -> Iterator[Metric]:
    """Of a carrier that plays something."""
    counted, pace = desk.counters, desk.metronome.pace
    yield GaugeMetricFamily("simcarrier_media_streams", "Calls that have ports for audio.", value=len(desk))
    yield GaugeMetricFamily("simcarrier_media_playing", "Calls that something is played to.", value=len(desk.metronome))
    yield GaugeMetricFamily("simcarrier_media_ports_free", "Pairs of ports that are not in use.", value=desk.free)
    packets = CounterMetricFamily("simcarrier_media_packets", "Packets of RTP, by their way.", labels=("way",))
    packets.add_metric(["sent"], counted.sent)
    packets.add_metric(["received"], counted.received)
    yield packets
    unused = CounterMetricFamily("simcarrier_media_dropped", "Packets of audio that came to nothing.", labels=("why",))
    for why, number in (("unsent", counted.unsent), ("not_rtp", counted.not_rtp), ("strangers", counted.strangers)):
        unused.add_metric([why], number)
    yield unused
    yield CounterMetricFamily(
        "simcarrier_media_withheld", "Descriptions that named a host where nothing may go.", value=counted.withheld
    )
    yield CounterMetricFamily("simcarrier_media_without", "Calls that got no ports.", value=counted.without)
    buckets = [*((str(bound), pace.within(bound)) for bound in LATE), ("+Inf", pace.packets)]
    late = HistogramMetricFamily("simcarrier_media_late_seconds", "How long after they were due packets left.")
    late.add_metric([], buckets, pace.total)
    yield late


def dropped(carrier: CarrierService) -> dict[str, int]:
    """Messages that were not used, by kind."""
    engine, net = carrier.switch.engine.counters, carrier.driver.counters
    return {
        "malformed": engine.malformed,
        "refused": engine.refused,
        "overloaded": engine.overloaded,
        "stray": engine.stray,
        "cut": net.cut,
        "unsent": net.dropped,
        "broken_streams": net.broken,
        "send_failures": net.send_failures,
        "engine_errors": net.engine_errors,
    }

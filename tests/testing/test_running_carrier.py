"""The carrier beside a test: what it is told to do, what it tells, and that it leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
import os
import re
import statistics
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from simcarrier.carrier.carrier import Carrier
from simcarrier.service import CannotListen
from simcarrier.testing import Expectation, RunningCarrier
from simcarrier.testing.fixture import Carriers
from tests.testing.dialling import dial, dialled

FILE = """
name: a file
ladders:
  slow: [trying, {wait: 20ms}, {respond: 480}]
calls:
  - {name: in turn, to: +491*, sequence: [486, 480, 603], by: caller}
  - {to: +492*, respond: 404}
"""


@pytest.fixture
def carrier() -> Iterator[RunningCarrier]:
    """A carrier that is not judged, for tests that judge it themselves."""
    running = RunningCarrier(grace=0.02).start()
    yield running
    running.stop()


def at(carrier: RunningCarrier) -> tuple[str, int]:
    return carrier.host, carrier.port


# Where it is


def test_it_says_where_it_is(carrier: RunningCarrier) -> None:
    assert carrier.host == "127.0.0.1"
    assert carrier.port > 1023
    assert carrier.address == f"127.0.0.1:{carrier.port}"
    assert carrier.uri == f"sip:127.0.0.1:{carrier.port}"


def test_it_listens_as_the_file_does_but_on_a_free_port_of_loopback() -> None:
    with RunningCarrier("name: x\ncarrier: {listen: ['udp:0.0.0.0:5060', 'tcp:[::]:5060']}") as carrier:
        listening = [(address.transport.lower(), address.host) for address in carrier.addresses]
    assert listening == [("udp", "127.0.0.1"), ("tcp", "::1")]
    assert 5060 not in [address.port for address in carrier.addresses]


def test_it_listens_where_it_is_told_to() -> None:
    with RunningCarrier(listen="tcp:127.0.0.1:0") as carrier:
        assert carrier.uri == f"sip:127.0.0.1:{carrier.port};transport=tcp"
        taken = f"tcp:127.0.0.1:{carrier.port}"
        threads = threading.active_count()
        with pytest.raises(CannotListen, match="the port is taken"):
            RunningCarrier(listen=["udp:127.0.0.1:0", taken]).start()
        assert threading.active_count() == threads


def test_a_setting_that_there_is_not() -> None:
    with pytest.raises(TypeError, match="no setting 'allow_all'; there are allow_unmatched, allow_unused, dialect"):
        RunningCarrier(allow_all=True)  # type: ignore[call-arg]  # that is what is tried


# What becomes of calls


ACTIONS: dict[str, tuple[Callable[[Expectation], Expectation], list[int]]] = {
    "reject": (lambda calls: calls.reject(), [403]),
    "reject with a code": (lambda calls: calls.reject(486), [486]),
    "reject after": (lambda calls: calls.reject(603, after=0.02), [100, 603]),
    "reject after a span": (lambda calls: calls.reject(603, after="10ms..20ms"), [100, 603]),
    "answers": (lambda calls: calls.answers(), [100, 180, 200]),
    "answers after ringing": (lambda calls: calls.answers(ring=0.02), [100, 180, 200]),
    "early media": (lambda calls: calls.answers(ring="20ms", early_media=True), [100, 183, 200]),
    "stalls": (lambda calls: calls.stalls(), [100, 487]),
    "stalls at once": (lambda calls: calls.stalls("nothing"), [487]),
    "stalls after 183": (lambda calls: calls.stalls("progress"), [100, 183, 487]),
    "rings for ever": (lambda calls: calls.rings_forever(), [100, 180, 487]),
    "condition": (lambda calls: calls.condition("lines_full"), [503]),
    "steps": (lambda calls: calls.steps(["trying", {"wait": "10ms"}, {"respond": {"code": 480}}]), [100, 480]),
    "does": (lambda calls: calls.does({"mix": [{"share": "100%", "respond": 486}]}), [486]),
    "never": (lambda calls: calls.never(), [404]),
    "never, said otherwise": (lambda calls: calls.reject(603).never(), [603]),
}


@pytest.mark.parametrize("name", ACTIONS)
def test_what_becomes_of_a_call(carrier: RunningCarrier, name: str) -> None:
    action, codes = ACTIONS[name]
    expectation = action(carrier.expect(to="+49*"))
    assert dial(at(carrier), patience=0.15) == codes
    (record,) = carrier.wait_for(calls=1)
    assert (record.code, record.rule) == (codes[-1], "expect(to='+49*')")
    assert (expectation.count, expectation.calls) == (1, [record])


def test_a_call_that_the_carrier_ends(carrier: RunningCarrier) -> None:
    carrier.expect().answers(talk=0.0)
    with dialled(at(carrier)) as call:
        while call.response(3) != 200:
            pass
        call.send("ACK", branch="ack")
        (record,) = carrier.wait_for(calls=1)
    assert record.ending == "hung_up_by_us"


def test_phrase_and_headers(carrier: RunningCarrier) -> None:
    carrier.expect().reject(503, phrase="Too many", headers={"Retry-After": 5, "X-To": "{to.user}"})
    dial(at(carrier), to="+4989")
    (record,) = carrier.calls
    assert record.phrase == "Too many"
    kept = [passed.data.decode() for passed, _ in carrier.messages()]
    assert [line for line in kept[1].split("\r\n") if re.match("Retry|X-", line)] == ["Retry-After: 5", "X-To: +4989"]


def test_the_dialect_says_conditions() -> None:
    with RunningCarrier(dialect="germany") as carrier:
        carrier.expect().condition("lines_full")
        assert dial(at(carrier)) == [486]
        assert carrier.calls[0].dialect == "germany"
    with pytest.raises(ValueError, match=r"the dialect .*klingon"):
        RunningCarrier(dialect="klingon")


@pytest.mark.parametrize(
    ("conditions", "taken"),
    [
        pytest.param({"to": "+4989"}, True, id="number"),
        pytest.param({"to": ["+1*", "+4989"]}, True, id="list"),
        pytest.param({"to": {"not": "+49*"}}, False, id="not"),
        pytest.param({"to": "/9$/"}, True, id="expression"),
        pytest.param({"from_": "+4930*"}, True, id="from"),
        pytest.param({"from_": "+4930*", "to": "+1*"}, False, id="one of two"),
        pytest.param({"headers": {"X-Campaign": "spring*"}}, True, id="header"),
        pytest.param({"headers": {"X-Campaign": {"absent": True}}}, False, id="absent header"),
        pytest.param({"source": "127.0.0.0/8"}, True, id="source"),
        pytest.param({}, True, id="any"),
    ],
)
def test_which_calls_are_meant(carrier: RunningCarrier, conditions: dict[str, object], taken: bool) -> None:
    expectation = carrier.expect(**conditions).reject(403)  # type: ignore[arg-type]  # a table
    codes = dial(at(carrier), to="+4989", caller="+4930", headers="X-Campaign: spring sale")
    assert codes == [403 if taken else 404]
    assert expectation.count == int(taken)


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        pytest.param(lambda carrier: carrier.expect(to="+49 1"), '"to" must be written without spaces', id="to"),
        pytest.param(lambda carrier: carrier.expect(from_="/(/"), '"from" is not a regular expression', id="from"),
        pytest.param(lambda carrier: carrier.expect().reject(99), 'code" must be a final code from 300', id="code"),
        pytest.param(lambda carrier: carrier.expect().condition("lines_fool"), 'did you mean "lines_full"', id="name"),
        pytest.param(lambda carrier: carrier.expect().steps([{"wait": 2}]), "write 2s or 2ms", id="unit"),
        pytest.param(lambda carrier: carrier.expect().steps([]), "at least one step", id="no steps"),
        pytest.param(lambda carrier: carrier.expect().does({"ladder": "slow"}), 'no ladder "slow"', id="ladder"),
        pytest.param(lambda carrier: carrier.expect().does({"respnd": 4}), 'did you mean "respond"', id="key"),
        pytest.param(lambda carrier: carrier.expect().answers(ring=-1), '"ring" must be a time', id="negative"),
        pytest.param(lambda carrier: carrier.expect().stalls("never"), "stalls after nothing, trying", id="stalls"),
        pytest.param(lambda carrier: carrier.expect().times(-1), "a whole number, 0 or more", id="count"),
        pytest.param(lambda carrier: carrier.expect().at_least(2).at_most(1), "at least 2 and at most 1", id="counts"),
        pytest.param(lambda carrier: [carrier.expect(name="a") for _ in "ab"], "'a' already", id="name twice"),
    ],
)
def test_what_is_wrong_is_told_where_it_is_written(
    carrier: RunningCarrier, make: Callable[[RunningCarrier], object], fault: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(fault)) as told:
        make(carrier)
    assert "pydantic" not in str(told.value)
    assert dial(at(carrier)) == [404]  # and it changes nothing


# Which rule comes first


def test_the_last_expectation_wins(carrier: RunningCarrier) -> None:
    carrier.expect(to="+49*").reject(403)
    assert dial(at(carrier)) == [403]
    carrier.expect(to="+4989*").reject(486)
    assert dial(at(carrier)) == [486]
    assert dial(at(carrier), to="+4930") == [403]
    again = carrier.expect(to="+4989*").reject(480)
    assert dial(at(carrier)) == [480]
    again.reject(603)
    assert dial(at(carrier)) == [603]
    assert [expectation.count for expectation in carrier.expectations] == [2, 1, 2]
    assert again.name == "expect(to='+4989*') #2"


def test_expectations_come_before_the_file_whose_sequences_go_on() -> None:
    with RunningCarrier(FILE) as carrier:
        assert dial(at(carrier), to="+491") == [486]
        first = carrier.expect(to="+491*", from_="+1*").reject(403)
        assert dial(at(carrier), to="+491", caller="+1") == [403]
        assert dial(at(carrier), to="+491") == [480]
        carrier.expect(to="+493*").does({"ladder": "slow"})
        assert dial(at(carrier), to="+493")[-1] == 480
        assert dial(at(carrier), to="+491") == [603]
        assert dial(at(carrier), to="+492") == [404]
        assert carrier.calls[-1].rule == "calls[1]"
        assert first.count == 1


def test_a_rule_of_the_highest_priority_comes_after_expectations() -> None:
    with RunningCarrier("name: x\ncalls: [{priority: 1000000, respond: 500}]") as carrier:
        assert dial(at(carrier)) == [500]
        carrier.expect().reject(403)
        assert dial(at(carrier)) == [403]


def test_rules_change_between_two_calls_while_calls_come(carrier: RunningCarrier) -> None:
    carrier.expect(to="+49*").reject(480)
    seen: list[list[int]] = []
    callers = [threading.Thread(target=lambda: seen.extend(dial(at(carrier)) for _ in range(20))) for _ in "ab"]
    for caller in callers:
        caller.start()
    for number in range(40):
        carrier.expect(to=f"+48{number}").reject(486)
    for caller in callers:
        caller.join()
    assert seen == [[480]] * 40
    assert carrier.expectations[0].count == 40


# How many


@pytest.mark.parametrize(
    ("count", "calls", "unmet"),
    [
        pytest.param(lambda e: e, 0, "wanted a call, got none", id="unsaid"),
        pytest.param(lambda e: e, 3, "", id="unsaid, used"),
        pytest.param(lambda e: e.times(2), 1, "wanted exactly 2, got 1", id="too few"),
        pytest.param(lambda e: e.times(2), 3, "wanted exactly 2, got 3", id="too many"),
        pytest.param(lambda e: e.times(2), 2, "", id="times"),
        pytest.param(lambda e: e.at_least(2), 1, "wanted at least 2, got 1", id="at least"),
        pytest.param(lambda e: e.at_least(0), 0, "", id="may be unused"),
        pytest.param(lambda e: e.at_most(1), 2, "wanted at most 1, got 2", id="at most"),
        pytest.param(lambda e: e.at_most(1), 0, "", id="at most, unused"),
        pytest.param(lambda e: e.at_least(1).at_most(2), 0, "wanted at least 1, got 0", id="both"),
        pytest.param(lambda e: e.never(), 1, "wanted no call, got 1", id="never"),
        pytest.param(lambda e: e.never(), 0, "", id="never, unused"),
    ],
)
def test_how_many_calls_there_must_be(
    carrier: RunningCarrier, count: Callable[[Expectation], Expectation], calls: int, unmet: str
) -> None:
    expectation = count(carrier.expect(to="+49*").reject(403))
    for _ in range(calls):
        dial(at(carrier))
    place = re.escape(expectation.place)
    assert re.fullmatch(r"test_running_carrier\.py:\d+", expectation.place)
    told = carrier.failures()
    if not unmet:
        assert told == []
        carrier.assert_all_expected()
        return
    assert told == [f"expect(to='+49*') at {expectation.place}: {unmet}"]
    with pytest.raises(AssertionError, match=rf"^expect\(to='\+49\*'\) at {place}: {unmet}\n(call 1: |no call came)"):
        carrier.assert_all_expected()


def test_an_expectation_must_say_what_becomes_of_its_calls(carrier: RunningCarrier) -> None:
    expectation = carrier.expect(to="+49*").times(1)
    assert carrier.failures() == [
        f"{expectation.name} at {expectation.place}: does not say what becomes of its calls: "
        "add .answers(), .reject(403) or another"
    ]


def test_calls_are_counted_while_they_are_up(carrier: RunningCarrier) -> None:
    expectation = carrier.expect().rings_forever()
    with dialled(at(carrier)):
        carrier.wait_for(taken=1)
        assert expectation.count == 1
        assert expectation.calls == []
        (up,) = carrier.open_calls
        assert (up.called, up.code, up.ending, up.provisional) == ("+498912345678", None, None, (100, 180))
        carrier.assert_all_expected()
    carrier.stop()
    assert carrier.open_calls == []
    assert [record.code for record in expectation.calls] == [487]


def test_a_call_is_in_the_list_as_soon_as_its_ack_has_been_sent(carrier: RunningCarrier) -> None:
    carrier.expect().reject(403)
    for calls in range(1, 101):
        dial(at(carrier))
        assert len(carrier.calls) == calls


def test_what_nobody_expected(carrier: RunningCarrier) -> None:
    carrier.expect(to="+49*", from_="+4930*").at_least(0).reject(403)
    dial(at(carrier), caller="+1415")
    assert carrier.failures() == [
        "nobody expected call 1: +1415 -> +498912345678: 404 Not Found, refused\n"
        "    rule expect(to='+49*', from_='+4930*'): from is +1415, wanted +4930*"
    ]
    carrier.allow_unmatched = True
    assert carrier.failures() == []


def test_what_the_business_refuses_was_expected() -> None:
    with RunningCarrier("name: x\ncarrier: {routed_callers: +4930*}") as carrier:
        carrier.expect().at_least(0).answers()
        assert dial(at(carrier), caller="+1415")[-1] == 403
    assert carrier.calls[0].why is not None


def test_an_unused_expectation_may_be_allowed_but_a_count_holds(carrier: RunningCarrier) -> None:
    carrier.expect(to="+1").reject(403)
    carrier.expect(to="+2").times(1).reject(403)
    carrier.allow_unused = True
    (told,) = carrier.failures()
    assert told.startswith("expect(to='+2')")


def test_a_text_may_be_indented_and_without_a_name_and_its_lines_are_counted_rightly() -> None:
    with RunningCarrier("""
        calls:
          - {name: busy, to: +49*, respond: 486}
        """) as carrier:
        assert dial(at(carrier)) == [486]
        assert carrier.scenario.name == "a carrier of this test"
    with pytest.raises(ValueError, match=r"^<text>:3:5: calls\[0\]: "):
        RunningCarrier("""
        calls:
          - {to: +49*, repsond: 486}
        """)


def test_the_file_s_own_expectations_are_judged() -> None:
    said = r"^<text>:[0-9]+:[0-9]+: calls: wanted at least 1 call with code 486, got 0$"
    with (
        pytest.raises(AssertionError, match=said),
        RunningCarrier(FILE + "expect: [{calls: {code: 486}, at_least: 1}]"),
    ):
        pass


def test_a_block_that_fails_by_itself_is_not_judged() -> None:
    with pytest.raises(ZeroDivisionError), RunningCarrier() as carrier:
        carrier.expect().reject(403).steps(["trying", {"wait": f"{1 / 0}s"}])


# Waiting


def test_waiting_blocks_until_it_is_so(carrier: RunningCarrier) -> None:
    carrier.expect().reject(403, after=0.05)
    caller = threading.Thread(target=lambda: [dial(at(carrier)) for _ in range(3)])
    caller.start()
    carrier.wait_for(taken=1)
    assert len(carrier.wait_for(calls=2)) == 2
    assert len(carrier.wait_for(lambda calls: [call.code for call in calls] == [403] * 3)) == 3
    caller.join()


def test_waiting_in_vain_tells_what_came(carrier: RunningCarrier) -> None:
    with pytest.raises(AssertionError, match=r"^waited 0.01 s for 1 call to end\nno call came to 127"):
        carrier.wait_for(calls=1, timeout=0.01)
    dial(at(carrier))
    with pytest.raises(AssertionError, match=r"for 2 calls to end and 3 calls to come\ncall 1: \+49.* 404 Not Found"):
        carrier.wait_for(calls=2, taken=3, timeout=0.01)
    with pytest.raises(AssertionError, match=r"^waited 0.01 s for a condition to hold\n"):
        carrier.wait_for(lambda calls: False, timeout=0.01)


def test_waiting_for_a_carrier_that_has_stopped_ends_at_once(carrier: RunningCarrier) -> None:
    stopping = threading.Timer(0.05, carrier.stop)
    stopping.start()
    began = time.monotonic()
    with pytest.raises(AssertionError, match="does not run any more"):
        carrier.wait_for(calls=1, timeout=10)
    assert time.monotonic() - began < 5
    stopping.join()


def test_a_condition_that_raises_does_so_here(carrier: RunningCarrier) -> None:
    with pytest.raises(ZeroDivisionError):
        carrier.wait_for(lambda calls: 1 / 0)
    with pytest.raises(TypeError, match="say what to wait for"):
        carrier.wait_for()
    with pytest.raises(TypeError, match="must be a function"):
        carrier.wait_for(3)  # type: ignore[arg-type]  # that is what is tried
    assert carrier.errors == []


def test_waiting_on_a_loop_does_not_block_it(carrier: RunningCarrier) -> None:
    carrier.expect().reject(403, after=0.05)
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0.001)

    async def main() -> None:
        turning = asyncio.create_task(turn())
        dialling = asyncio.create_task(asyncio.to_thread(dial, at(carrier)))
        await carrier.async_wait_for(taken=1)
        (record,) = await carrier.async_wait_for(calls=1)
        assert record.code == 403
        with pytest.raises(AssertionError, match=r"waited 0\.02 s for 2 calls to end"):
            await carrier.async_wait_for(calls=2, timeout=0.02)
        with pytest.raises(ZeroDivisionError):
            await carrier.async_wait_for(lambda calls: 1 / 0)
        turning.cancel()
        await dialling

    asyncio.run(main())
    assert turns > 10


def test_a_wait_that_is_given_up_leaves_nothing(carrier: RunningCarrier) -> None:
    async def main() -> None:
        waiting = asyncio.create_task(carrier.async_wait_for(calls=1))
        await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert await asyncio.to_thread(dial, at(carrier)) == [404]

    asyncio.run(main())
    assert carrier._seen._wakers == []
    assert carrier.errors == []


# Ladders


def test_the_ladder_of_a_call(carrier: RunningCarrier) -> None:
    carrier.expect().answers()
    with dialled(at(carrier)) as call:
        while call.response(3) != 200:
            pass
        call.send("ACK", branch="ack")
        call.send("BYE", cseq=2, branch="bye")
        carrier.wait_for(calls=1)
    (record,) = carrier.calls
    text = re.sub(r"\d\.\d{3}", "T.TTT", carrier.ladder(record))
    assert text == carrier_ladder(call.port)
    assert carrier.ladder(record.call_id) == carrier.ladder(record)
    assert carrier.ladder("another") == "no messages\n"
    assert list(carrier.ladders()) == [record.call_id]


def carrier_ladder(port: int) -> str:
    return f"""\
              dialler                         carrier
     T.TTT    |--INVITE---------------------->|
     T.TTT    |<------------------100 Trying--|
     T.TTT    |<-----------------180 Ringing--|
     T.TTT    |<-----------------200 OK +sdp--|
     T.TTT    |--ACK------------------------->|
     T.TTT    |--BYE------------------------->|
     T.TTT    |<----------------200 OK (BYE)--|
              the dialler is 127.0.0.1:{port}
"""


def test_ladders_are_bounded(carrier: RunningCarrier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simcarrier.testing.fixture.messages.LONGEST_LADDER", 2)
    monkeypatch.setattr("simcarrier.testing.fixture.messages.MOST_MESSAGES", 8)
    for _ in range(5):
        dial(at(carrier))
    first, *_, last = carrier.calls
    assert carrier.ladder(first) == "no messages\n"
    assert "... and 1 more messages" in carrier.ladder(last)


# What is left behind


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_nothing_is_left_behind() -> None:
    with RunningCarrier():  # what is made once, on first use
        pass
    gc.collect()
    before = descriptors(), threading.active_count(), gc.get_threshold(), gc.get_freeze_count()
    loops_and_tasks = [kept for kept in gc.get_objects() if isinstance(kept, asyncio.AbstractEventLoop | asyncio.Task)]
    for listen in ("udp:127.0.0.1:0", "tcp:127.0.0.1:0"):
        for _ in range(5):
            with RunningCarrier(listen=listen) as carrier:
                if listen.startswith("udp"):
                    carrier.expect().reject(403)
                    dial(at(carrier))
    del carrier
    gc.collect()
    assert (descriptors(), threading.active_count(), gc.get_threshold(), gc.get_freeze_count()) == before
    found = [kept for kept in gc.get_objects() if isinstance(kept, asyncio.AbstractEventLoop | asyncio.Task)]
    assert len(found) <= len(loops_and_tasks)


def test_a_dialler_that_is_gone_costs_no_second() -> None:
    carrier = RunningCarrier().start()
    carrier.expect().answers()
    with dialled(at(carrier)) as call:
        while call.response(3) != 200:
            pass
        call.send("ACK", branch="ack")
    carrier.wait_for(taken=1)
    began = time.perf_counter()
    carrier.stop()
    assert 0.05 < time.perf_counter() - began < 0.6
    assert [record.ending for record in carrier.calls] == ["hung_up_by_us"]


def test_it_starts_and_stops_in_a_moment() -> None:
    def cost() -> float:
        began = time.perf_counter()
        with RunningCarrier():
            pass
        return time.perf_counter() - began

    cost()
    assert statistics.median(cost() for _ in range(21)) < 0.050


def test_it_can_be_asked_when_it_has_stopped_and_stopped_again(carrier: RunningCarrier) -> None:
    dial(at(carrier))
    carrier.stop()
    carrier.stop()
    assert [record.code for record in carrier.calls] == [404]
    assert "404 Not Found" in carrier.ladder(carrier.calls[0])
    assert (carrier.open_calls, carrier.errors) == ([], [])
    assert carrier.address.startswith("127.0.0.1:")


def test_what_breaks_inside_of_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*anything: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(Carrier, "decide", broken)
    carrier = RunningCarrier(grace=0.02).start()
    dial(at(carrier), patience=0.02)
    assert [str(error) for error in carrier.errors] == ["a bug"]
    with pytest.raises(RuntimeError, match="the carrier broke") as told:
        carrier.__exit__(None, None, None)
    assert isinstance(told.value.__cause__, ZeroDivisionError)
    assert [str(error) for error in carrier.errors] == ["a bug"]


def test_what_breaks_in_a_callback_of_its_loop_is_told(carrier: RunningCarrier) -> None:
    carrier._thread.ask(lambda service: asyncio.get_running_loop().call_soon(lambda: 1 / 0))
    assert [type(error) for error in carrier.errors] == [ZeroDivisionError]


def test_a_question_that_raises_does_so_for_who_asked(carrier: RunningCarrier) -> None:
    with pytest.raises(TimeoutError, match="mine"):
        carrier._thread.ask(lambda service: exec("raise TimeoutError('mine')"))
    assert carrier.errors == []


# Several


def test_several_carriers() -> None:
    carriers = Carriers()
    first = carriers.loads("calls: [{to: $prefix*, respond: 403}]\nparameters: {prefix: +1}", set={"prefix": "+49"})
    second = carriers.run(allow_unmatched=True)
    assert dial(at(first)) == [403]
    assert dial(at(second)) == [404]
    assert carriers.failures() == []
    second.allow_unmatched = False
    (told,) = carriers.failures()
    assert told.startswith(f"at {second.address}: nobody expected call 1")
    assert carriers.stop() == []
    assert carriers.story().index("a carrier of this test") < carriers.story().index("expects no call")
    with pytest.raises(TypeError, match="no scenario whose parameters"):
        carriers.run(set={"a": "b"})

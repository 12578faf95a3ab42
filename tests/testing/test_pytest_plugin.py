"""The plugin in the suites of others: sync and async tests, many processes, what fails a test and what is then told."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from itertools import groupby, pairwise
from pathlib import Path

import pytest

# The suites below run in this process. What they import is thrown away after each; pydantic cannot be imported twice.
import simcarrier.testing
from simcarrier.records.capture import CaptureReader
from simcarrier.testing.fixture import Expectation, RunningCarrier, Settings

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]

# The plugins of schemathesis and Hypothesis would be imported anew by every suite below, which takes seconds.
INI = """
[pytest]
asyncio_mode = strict
asyncio_default_fixture_loop_scope = function
addopts = -p no:cacheprovider -p no:schemathesis -p no:hypothesispytest --strict-markers
filterwarnings = error
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    """A suite of somebody's, with `dial` and `dialled` to import; warnings are errors in it."""
    pytester.makeini(INI)
    shutil.copy(ROOT / "tests" / "testing" / "dialling.py", pytester.path)
    pytester.syspathinsert()
    return pytester


def run(suite: pytest.Pytester, source: str, *options: str, **wanted: int) -> pytest.RunResult:
    """Run a test file; it must come out as told."""
    head = """
        import asyncio, socket, threading, time
        import pytest
        from dialling import dial, dialled

        def at(carrier):
            return carrier.host, carrier.port
    """
    suite.makepyfile(test_it=f"{head}\n{source}")
    result = suite.runpytest_inprocess(*options)
    result.assert_outcomes(**wanted)
    return result


def told(result: pytest.RunResult) -> str:
    return "\n".join(result.outlines)


def test_a_sync_test(suite: pytest.Pytester) -> None:
    run(
        suite,
        """
        def test_refused(carrier):
            refused = carrier.expect(to="+49*").times(2).reject(403)
            assert [dial(at(carrier)) for _ in range(2)] == [[403], [403]]
            assert [call.code for call in carrier.calls] == [403, 403]
            carrier.assert_all_expected()
            assert carrier.wait_for(calls=2) == carrier.calls == refused.calls

        def test_another_has_a_carrier_of_its_own(carrier):
            assert carrier.calls == carrier.expectations == []
        """,
        passed=2,
    )


def test_async_tests_of_several_kinds(suite: pytest.Pytester) -> None:
    run(
        suite,
        """
        async def refused(carrier):
            carrier.expect(to="+49*").reject(403, after=0.02)
            dialling = asyncio.create_task(asyncio.to_thread(dial, at(carrier)))
            (call,) = await carrier.async_wait_for(calls=1)
            assert call.code == 403
            assert await dialling == [100, 403]

        @pytest.mark.asyncio
        async def test_pytest_asyncio(carrier):
            await refused(carrier)

        @pytest.mark.anyio
        async def test_anyio(carrier):
            await refused(carrier)

        @pytest.fixture
        def anyio_backend():
            return "asyncio"

        def test_asyncio_run(carrier):
            asyncio.run(refused(carrier))

        def test_another_loop(carrier):
            class Loop(asyncio.SelectorEventLoop):
                pass

            with asyncio.Runner(loop_factory=Loop) as runner:
                runner.run(refused(carrier))

        @pytest.mark.asyncio
        async def test_that_fails(carrier):
            carrier.expect().reject(403)
        """,
        passed=4,
        failed=1,
    )


def test_a_call_that_nobody_expected_fails_the_test(suite: pytest.Pytester) -> None:
    result = run(
        suite,
        """
        def test_unmatched(carrier):
            carrier.expect(to="+49*", from_="+4930*").at_least(0).answers()
            assert dial(at(carrier), caller="+1415") == [404]

        @pytest.mark.simcarrier(allow_unmatched=True)
        def test_allowed_by_the_marker(carrier):
            assert dial(at(carrier)) == [404]

        def test_allowed_by_the_attribute(carrier):
            carrier.allow_unmatched = True
            assert dial(at(carrier)) == [404]

        @pytest.mark.xfail(strict=True)
        def test_known_to_fail(carrier):
            dial(at(carrier))
        """,
        failed=1,
        passed=2,
        xfailed=1,
    )
    result.stdout.fnmatch_lines(
        [
            "*_ test_unmatched _*",
            "nobody expected call 1: +1415 -> +498912345678: 404 Not Found, refused",
            "    rule expect(to='+49[*]', from_='+4930[*]'): from is +1415, wanted +4930[*]",
            "*- simcarrier -*",
        ]
    )


def test_an_expectation_without_its_calls_fails_the_test(suite: pytest.Pytester) -> None:
    result = run(
        suite,
        """
        def test_unused(carrier):
            carrier.expect(to="+49*").reject(403)

        def test_too_few(carrier):
            carrier.expect(to="+49*").times(2).reject(403)
            dial(at(carrier))

        def test_never(carrier):
            carrier.expect(to="+1900*").never()
            dial(at(carrier), to="+1900")

        @pytest.mark.simcarrier(allow_unused=True)
        def test_allowed(carrier):
            carrier.expect(to="+49*").reject(403)

        def test_allowed_too(carrier):
            carrier.allow_unused = True
            carrier.expect(to="+49*").reject(403)
        """,
        failed=3,
        passed=2,
    )
    failures = re.findall(r"^expect\(.*", told(result), re.MULTILINE)
    assert failures == [
        "expect(to='+49*') at test_it.py:10: wanted a call, got none",
        "expect(to='+49*') at test_it.py:13: wanted exactly 2, got 1",
        "expect(to='+1900*') at test_it.py:17: wanted no call, got 1",
    ]


def test_a_failing_test_tells_what_came(suite: pytest.Pytester) -> None:
    result = run(
        suite,
        """
        def test_fails(carrier):
            carrier.expect(to="+49*").reject(403, after=0.01)
            carrier.expect(to="+44*", from_="+44*").at_least(0).reject(403)
            carrier.allow_unmatched = True
            dial(at(carrier))
            dial(at(carrier), to="+4420", call_id="second")
            with dialled(at(carrier), to="+4930") as call:
                call.response(2)
                assert call.response(2) == 200

        def test_passes(carrier):
            carrier.expect().reject(403)
            dial(at(carrier))

        def test_fails_without_a_call(carrier):
            carrier.wait_for(calls=1, timeout=0.01)
        """,
        failed=2,
        passed=1,
    )
    lines = result.outlines
    masked = (re.sub(r"\d\.\d{3}|127\.0\.0\.1:\d+", "N", line) for line in lines)
    # Nobody acknowledges the last 403: on a busy machine it may come again (Timer G) before the test is over.
    section = [line for line, _ in groupby(masked)]
    at = section.index("a carrier that expects no call, at sip:N: 3 calls")
    end = next(place for place, line in enumerate(section) if place > at and line.startswith("____"))
    assert "\n".join(section[at:end]) == (
        """\
a carrier that expects no call, at sip:N: 3 calls

call 1: +493012345678 -> +498912345678: 403 Forbidden, refused [expect(to='+49*')]
              dialler                         carrier
     N    |--INVITE---------------------->|
     N    |<------------------100 Trying--|
     N    |<---------------403 Forbidden--|
     N    |--ACK------------------------->|
              the dialler is N

call 2: +493012345678 -> +4420: 404 Not Found, refused
    nearly: rule expect(to='+44*', from_='+44*'): from is +493012345678, wanted +44*
    nearly: rule expect(to='+49*'): to is +4420, wanted +49*
              dialler                         carrier
     N    |--INVITE---------------------->|
     N    |<---------------404 Not Found--|
     N    |--ACK------------------------->|
              the dialler is N

call 3: +493012345678 -> +4930: 403 Forbidden, still up [expect(to='+49*')]
              dialler                         carrier
     N    |--INVITE---------------------->|
     N    |<------------------100 Trying--|
     N    |<---------------403 Forbidden--|
              the dialler is N"""
    )
    assert told(result).count("a carrier that expects no call") == 2  # none for the test that passed
    assert re.search(r"^E +AssertionError: waited 0.01 s for 1 call to end$", told(result), re.MULTILINE)


def test_what_breaks_inside_of_the_carrier_is_an_error_of_the_teardown(suite: pytest.Pytester) -> None:
    result = run(
        suite,
        """
        def test_broken(carrier, monkeypatch):
            def broken(*anything):
                raise ZeroDivisionError("a bug of the carrier")

            monkeypatch.setattr("simcarrier.carrier.carrier.Carrier.decide", broken)
            dial(at(carrier), patience=0.02)

        def test_the_next_is_well(carrier):
            carrier.expect().reject(403)
            dial(at(carrier))
        """,
        passed=2,
        errors=1,
    )
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_broken*",
            "inside of the carrier: ZeroDivisionError('a bug of the carrier')",
            "Traceback*",
            '*test_it.py", line *, in broken',
            "ZeroDivisionError: a bug of the carrier",
            "*- simcarrier -*",
            "inside of the carrier: ZeroDivisionError('a bug of the carrier')",
        ]
    )


def test_a_call_between_the_test_and_its_teardown_is_an_error(suite: pytest.Pytester) -> None:
    result = run(
        suite,
        """
        @pytest.fixture
        def late(carrier):
            yield
            dial(at(carrier))

        def test_late(late):
            pass

        def test_failed_already(carrier, late):
            carrier.expect(to="+1").reject(403)
        """,
        passed=1,
        failed=1,
        errors=1,
    )
    assert len(re.findall("^nobody expected call 1", told(result), re.MULTILINE)) == 1


SCENARIO = """
name: lines
parameters: {lines: 5}
carrier: {lines: $lines, listen: "udp:0.0.0.0:5060"}
calls: [{to: +49*, outcome: answered, ring: 0s}]
expect: [{calls: {to: "+49*"}, at_least: 1}]
"""


def test_the_marker_names_a_scenario(suite: pytest.Pytester) -> None:
    (suite.mkdir("scenarios") / "lines.yaml").write_text(SCENARIO)
    result = run(
        suite,
        """
        pytestmark = pytest.mark.simcarrier("scenarios/lines.yaml")

        def test_the_module_s(carrier):
            assert carrier.scenario.carrier.lines == 5
            assert dial(at(carrier))[-1] == 200

        @pytest.mark.simcarrier(set={"lines": 1}, dialect="germany", seed=3)
        def test_with_more(carrier):
            assert carrier.scenario.carrier.lines == 1
            with dialled(at(carrier)) as call:
                while call.response(2) != 200:
                    pass
                call.send("ACK", branch="ack")
                assert dial(at(carrier), to="+4930") == [486]
            assert {call.dialect for call in carrier.calls} == {"germany"}

        @pytest.mark.simcarrier(file=None, allow_unmatched=True)
        def test_without(carrier):
            assert dial(at(carrier)) == [404]

        def test_the_file_expects_a_call(carrier):
            pass
        """,
        passed=3,
        failed=1,
    )
    result.stdout.fnmatch_lines(["*lines.yaml:6:10: calls: wanted at least 1 call to +49[*], got 0"])


def test_what_is_wrong_with_a_marker_is_told_in_words(suite: pytest.Pytester) -> None:
    suite.path.joinpath("wrong.yaml").write_text("name: wrong\ncalls:\n  - {to: +49*, repsond: 403}\n")
    result = run(
        suite,
        """
        @pytest.mark.simcarrier("missing.yaml")
        def test_missing(carrier): ...

        @pytest.mark.simcarrier("wrong.yaml")
        def test_wrong(carrier): ...

        @pytest.mark.simcarrier("wrong.yaml", "missing.yaml")
        def test_two(carrier): ...

        @pytest.mark.simcarrier(allow_unmached=True)
        def test_misspelt(carrier): ...

        @pytest.mark.simcarrier(set={"lines": 2})
        def test_nothing_to_set(carrier): ...
        """,
        errors=5,
    )
    result.stdout.fnmatch_lines(
        [
            "E*missing.yaml:1:1: cannot be read: No such file or directory",
            'E*wrong.yaml:3:16: calls[[]0[]].repsond: unknown key "repsond"; did you mean "respond"?',
            "E*test_two: the marker simcarrier takes one file, not 2",
            "E*a carrier has no setting 'allow_unmached'; there are allow_unmatched, *",
            "E*there is no scenario whose parameters could be set",
        ]
    )


def test_a_file_is_found_beside_the_test_and_at_the_root(suite: pytest.Pytester) -> None:
    inner = suite.mkpydir("inner")
    (suite.mkdir("scenarios") / "a.yaml").write_text("name: at the root\n")
    (inner / "b.yaml").write_text("name: beside the test\n")
    (inner / "test_found.py").write_text(
        "def test_found(simcarrier):\n"
        "    names = [simcarrier.run(file).scenario.name for file in ('scenarios/a.yaml', 'b.yaml')]\n"
        "    assert names == ['at the root', 'beside the test']\n"
    )
    suite.runpytest_inprocess().assert_outcomes(passed=1)


def test_several_carriers_in_one_test(suite: pytest.Pytester) -> None:
    suite.path.joinpath("busy.yaml").write_text("name: busy\ncalls: [{respond: 486}]\n")
    result = run(
        suite,
        '''
        def test_failover(simcarrier):
            first = simcarrier.run("busy.yaml")
            second = simcarrier.loads("""
        calls:
          - {to: +49*, respond: 603}
        """)
            assert [dial(at(first)), dial(at(second))] == [[486], [603]]

        def test_that_fails(simcarrier):
            first, second = simcarrier.run(), simcarrier.run(allow_unmatched=True)
            dial(at(first)), dial(at(second))
        ''',
        passed=1,
        failed=1,
    )
    result.stdout.fnmatch_lines(["at 127.0.0.1:*: nobody expected call 1: *"])
    assert told(result).count("a carrier that expects no call, at sip:") == 2


SESSION = """
    import sys

    def pytest_unconfigure():
        names = {"asyncio", "pydantic", "yaml", "simcarrier.sip", "simcarrier.testing.fixture"}
        print("imported:", sorted(names & set(sys.modules)))
"""


@pytest.mark.parametrize("used", [False, True])
def test_nothing_is_imported_before_a_fixture_is_used(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, used: bool
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # others import asyncio
    pytester.makeconftest(SESSION)
    pytester.makepyfile(f"def test_it({'carrier' if used else ''}): pass")
    result = pytester.runpytest_subprocess("-p", "simcarrier.testing.pytest_plugin", "--strict-markers")
    result.assert_outcomes(passed=1)
    heavy = ["asyncio", "pydantic", "simcarrier.sip", "simcarrier.testing.fixture", "yaml"]
    assert f"imported: {heavy if used else []}" in result.outlines


def test_pytest_finds_the_plugin_by_itself(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(carrier, simcarrier): assert simcarrier.started == [carrier]")
    pytester.makeini(INI)
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=1)


ONE_FAILING = """
        def test_one(carrier):
            dial(at(carrier))
"""

FAILING = """
        def test_one(carrier):
            dial(at(carrier))

        def test_fine(carrier):
            carrier.expect().reject(403)
            dial(at(carrier))

        @pytest.mark.parametrize("number", ["+49 1/2"])
        def test_two(simcarrier, number):
            dial(at(simcarrier.run()))
            dial(at(simcarrier.run()))

        def test_without_a_carrier():
            assert False
"""


@pytest.mark.parametrize("by_option", [True, False], ids=["option", "ini"])
def test_a_failing_test_keeps_what_came_if_that_is_wanted(suite: pytest.Pytester, by_option: bool) -> None:
    if not by_option:
        suite.makeini(f"{INI}simcarrier_artefacts = kept/here\n")
    options = ["--simcarrier-artefacts", "kept/here"] if by_option else []
    result = run(suite, FAILING, *options, failed=3, passed=1)
    folder = suite.path / "kept" / "here"
    names = sorted(path.name for path in folder.iterdir())
    two = next(name for name in names if name.startswith("test_it.py-test_two")).removesuffix("-2.html")
    assert re.fullmatch(r"test_it\.py-test_two_\+49_1_2_-[0-9a-f]{8}", two)
    assert names == [
        "test_it.py-test_one.html",
        "test_it.py-test_one.pcap",
        f"{two}-2.html",
        f"{two}-2.pcap",
        f"{two}.html",
        f"{two}.pcap",
    ]
    result.stdout.fnmatch_lines(
        [f"kept: {folder}/test_it.py-test_one.pcap", f"kept: {folder}/test_it.py-test_one.html"]
    )
    with (folder / "test_it.py-test_one.pcap").open("rb") as stream:
        methods = [one.data.partition(b" ")[0] for one in CaptureReader(stream)]
    assert methods == [b"INVITE", b"SIP/2.0", b"ACK"]
    page = (folder / "test_it.py-test_one.html").read_text()
    assert "<h1>test_it.py::test_one</h1>" in page
    assert "nobody expected call 1" in page
    assert page.count("<svg xmlns") == 1
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_nothing_is_kept_unless_it_is_wanted(suite: pytest.Pytester) -> None:
    before = set(suite.path.iterdir())
    result = run(suite, ONE_FAILING, failed=1)
    assert "kept:" not in told(result)
    assert {path.name for path in set(suite.path.iterdir()) - before} <= {"test_it.py", "__pycache__"}


def test_a_folder_that_cannot_be_made_is_told(suite: pytest.Pytester) -> None:
    (suite.path / "file").write_text("")
    source = ONE_FAILING
    result = run(suite, source, "--simcarrier-artefacts", "file", failed=1)
    result.stdout.fnmatch_lines(["could not be kept: *File exists*"])


LEFTOVERS = """
    import gc, os, threading
    import pytest

    def state():
        gc.collect()
        return sorted(os.listdir("/proc/self/fd")), threading.enumerate(), gc.get_threshold(), gc.get_freeze_count()

    @pytest.fixture(autouse=True, scope="session")
    def nothing_is_left():
        from simcarrier.testing import RunningCarrier
        with RunningCarrier():
            pass
        before = state()
        yield
        assert state() == before
"""


def test_nothing_is_left_in_the_suite(suite: pytest.Pytester) -> None:
    suite.makeconftest(LEFTOVERS)
    run(
        suite,
        """
        @pytest.mark.parametrize("number", range(20))
        def test_it(carrier, number):
            carrier.expect().reject(403)
            dial(at(carrier))

        @pytest.mark.parametrize("number", range(2))
        def test_that_leaves_a_call_up(carrier, number):
            carrier.expect().stalls()
            with dialled(at(carrier)) as call:
                call.response(2)

        @pytest.mark.simcarrier(listen="tcp:127.0.0.1:0")
        def test_a_connection(carrier):
            with socket.create_connection(at(carrier)):
                pass
        """,
        passed=23,
    )


def test_two_processes_never_share_a_port(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        test_ports="""
        import time
        from pathlib import Path
        import pytest
        from dialling import dial

        @pytest.mark.parametrize("number", range(200))
        def test_it(carrier, number, worker_id):
            began = time.monotonic()
            carrier.expect(to=f"+49{number}").times(1).reject(403)
            assert dial((carrier.host, carrier.port), to=f"+49{number}") == [403]
            with Path(f"ports-{worker_id}").open("a") as file:
                print(carrier.port, began, time.monotonic(), file=file)

        def test_that_fails(carrier):
            dial((carrier.host, carrier.port))
        """
    )
    result = suite.runpytest_subprocess("-n", "2", "-q")
    result.assert_outcomes(passed=200, failed=1)
    # The report of the one that failed has crossed the border of its process.
    result.stdout.fnmatch_lines(["*- simcarrier -*", "*|--INVITE--*", "*|<--*404 Not Found--|"])
    lines = [line.split() for worker in suite.path.glob("ports-gw*") for line in worker.read_text().splitlines()]
    held = sorted((int(port), float(began), float(ended)) for port, began, ended in lines)
    assert len(held) == 200
    assert len(list(suite.path.glob("ports-gw*"))) == 2
    again = [(one, two) for one, two in pairwise(held) if one[0] == two[0]]
    assert [pair for pair in again if pair[0][2] > pair[1][1]] == []


def test_the_example_passes(pytester: pytest.Pytester) -> None:
    pytester.makeini(INI)
    for folder in ("examples", "scenarios"):
        shutil.copytree(ROOT / folder, pytester.path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    result = pytester.runpytest_subprocess("examples/test_dialler.py", "-q")
    assert result.parseoutcomes().keys() == {"passed"}


def test_the_benchmark_runs_and_leaves_nothing_behind() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "fixture.py"), "--runs", "20"],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    medians = {row.split()[0]: float(row.split()[1]) for row in done.stdout.splitlines()[2:5]}
    assert medians["start"] + medians["stop"] < 50
    assert done.stdout.splitlines()[-1] == "left behind: 0 threads, 0 files and sockets"


PAGE = (ROOT / "docs" / "pytest.md").read_text(encoding="utf-8")


def public(kind: type) -> set[str]:
    own = {name for name in vars(kind) if not name.startswith("_")}
    return own - {"start", "stop", "ask_to_stop", "follow", "records_by", "count_by", "unmet"}


@pytest.mark.parametrize(
    "name", sorted(public(Expectation) | public(RunningCarrier) | Settings.__optional_keys__ | {"run", "loads", "set"})
)
def test_every_name_stands_in_the_page(name: str) -> None:
    assert re.search(rf"^\|[^|]*`{name}(\(.*?\))?`.*\||`simcarrier\.{name}\(", PAGE, re.MULTILINE), name


def test_every_name_of_the_kit_stands_in_its_page() -> None:
    kit = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`([A-Za-z]+)`", "\n".join(re.findall(r"^\| (`.*?) \|", kit, re.MULTILINE))))
    assert told == set(simcarrier.testing.__all__)
    for name in simcarrier.testing.__all__:
        assert getattr(simcarrier.testing, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'Telephone'"):
        simcarrier.testing.Telephone  # noqa: B018  # looking it up is what is tried

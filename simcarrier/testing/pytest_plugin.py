"""The pytest plugin: a carrier beside each test that asks for one.

    def test_a_refused_number_is_not_called_again(carrier):
        carrier.expect(to="+49*").times(1).reject(403)
        my_dialler.run(carrier.address)

`carrier` is one carrier; `@pytest.mark.simcarrier("scenarios/x.yaml", set={"lines": 2})` says which. `simcarrier`
starts as many as a test wants. When a test has passed its carriers are asked: calls that nobody expected and
expectations without their calls make it fail after all. What goes wrong inside of a carrier is an error of the
teardown. A failing test has a section ``simcarrier`` in its report, with the ladder of each call.

pytest loads every plugin that is installed, in suites that have no use for it too. So nothing but pytest is imported
here; `fixture` is when the first test asks for a carrier.
"""

from __future__ import annotations

import traceback
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .fixture import Carriers, RunningCarrier

SECTION = "simcarrier"

_CARRIERS: pytest.StashKey[Carriers] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where a failing test leaves what came to its carriers."""
    told = "keep a capture and a page of the calls of each failing test in this folder"
    group = parser.getgroup("simcarrier", "calls of a dialler")
    group.addoption("--simcarrier-artefacts", metavar="DIR", help=told)
    parser.addini("simcarrier_artefacts", f"{told}, relative to the root of the suite", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        "simcarrier(file=None, *, set=None, listen=..., seed=..., dialect=..., allow_unmatched=False, "
        "allow_unused=False, grace=0.1): what the fixture carrier runs.",
    )


@pytest.fixture
def simcarrier(request: pytest.FixtureRequest) -> Iterator[Carriers]:
    """Starts carriers: `run("file.yaml", **settings)`, `loads("calls: ...", **settings)`."""
    from .fixture import Carriers

    carriers = Carriers((request.path.parent, request.config.rootpath, request.config.invocation_params.dir))
    request.node.stash[_CARRIERS] = carriers
    yield carriers
    errors = carriers.stop()
    # What came between the end of the test and now. A test that has failed already is not to be told off twice.
    trouble = carriers.failures() if carriers.fine else []
    trouble += [
        f"inside of the carrier: {error!r}\n{''.join(traceback.format_exception(error)).rstrip()}"
        for error in dict.fromkeys(errors)
    ]
    if trouble:
        pytest.fail("\n".join(trouble), pytrace=False)


@pytest.fixture
def carrier(request: pytest.FixtureRequest, simcarrier: Carriers) -> RunningCarrier:
    """A carrier of this test alone, on a free port of loopback; see the marker `simcarrier`."""
    file, settings = _asked_for(request.node)
    return simcarrier.run(file, **settings)


def _asked_for(node: pytest.Item) -> tuple[Any, dict[str, Any]]:
    """The file and the settings of the markers: those of a class or a module, and the test's own before them."""
    file: Any = None
    settings: dict[str, Any] = {}
    for marker in reversed(list(node.iter_markers("simcarrier"))):
        if len(marker.args) > 1:
            raise pytest.UsageError(f"{node.nodeid}: the marker simcarrier takes one file, not {len(marker.args)}")
        said = dict(marker.kwargs)
        file = said.pop("file", marker.args[0] if marker.args else file)
        settings |= said
    return file, settings


def _kept(item: pytest.Item, carriers: Carriers, report: pytest.TestReport) -> str:
    """Keep a capture and a page of a failing test if that is wanted; what is to be said of them."""
    config = item.config
    said, root = config.getoption("simcarrier_artefacts"), config.invocation_params.dir
    if not said:
        said, root = config.getini("simcarrier_artefacts"), config.rootpath
    if not said:
        return ""
    from .fixture.artefacts import keep

    return "\n\n" + "\n".join(keep(carriers.started, root / said, item.nodeid, report.longreprtext))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """A test that has passed fails if its carriers have something to say against it."""
    result = yield
    carriers = item.stash.get(_CARRIERS, None)
    if carriers is not None:
        failures = carriers.failures()
        if failures:
            pytest.fail("\n".join(failures), pytrace=False)
        carriers.fine = True
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failing test tells what came to its carriers."""
    report = yield
    carriers = item.stash.get(_CARRIERS, None)
    if carriers is not None and report.failed and carriers.started:
        report.sections.append((SECTION, carriers.story() + _kept(item, carriers, report)))
    if call.when == "teardown" and carriers is not None:
        del item.stash[_CARRIERS]  # pytest keeps its items; they need not keep ours
    return report

"""Analytics as a scenario writes them, what is wrong with them."""

from __future__ import annotations

import re

import pytest

from simcarrier.scenario.business.analytics import AnalyticsModel, LabelledModel
from simcarrier.scenario.load import ScenarioError, loads
from simcarrier.scenario.schema import json_schema
from simcarrier.scenario.units import Span


def analytics(written: str) -> AnalyticsModel:
    found = loads(f"name: x\ncarrier: {{analytics: {written}}}").carrier.analytics
    assert found is not None
    return found


def test_all_that_can_be_said() -> None:
    one = analytics(
        "{window: 1h, calls: 50, short_call: 4s, short_share: 50%, unanswered_share: 70%, spread: 90%,"
        " weights: {short: 50%, unanswered: 50%, spread: 0%}, labelled_at: 30%, blocked_at: 60%, recovery: 12h,"
        " blocks: 100%, silently: 0%, labelled: {screened: 20%, declined: 0%}, exempt: [+4930*, +4989*]}"
    )
    assert (one.window, one.calls, one.recovery) == (Span(3600, 3600), 50, Span(43200, 43200))
    assert (one.weights.short, one.weights.unanswered, one.weights.spread) == (0.5, 0.5, 0.0)
    assert (one.labelled.screened, one.labelled.declined) == (0.2, 0.0)
    assert one.exempt is not None
    assert one.exempt.matches("+4989123")


def test_it_may_say_nothing() -> None:
    assert analytics("{}") == AnalyticsModel()


WRONG = {
    "{window: 4}": '"window" must have its unit: write 4s or 4ms',
    "{window: 0s}": '"window" must be a time above 0s, such as 4h, not "0s"',
    "{recovery: 1h..2h}": '"recovery" must be a time such as 12s or 200ms, not "1h..2h"',
    "{calls: 0}": '"calls" must be a number of calls, at least 1, not "0"',
    "{short_share: 0%}": '"short_share" must be a share above 0%',
    "{weights: {short: 50%, unanswered: 20%, spread: 20%}}": "the weights add to 90%, not to 100%",
    "{weights: {short: 100%}}": 'the key "unanswered" is missing',
    "{labelled: {screened: 95%}}": "the shares add to 105%, to more than 100%",
    "{labelled_at: 80%}": "labelled_at is 80% and blocked_at 70%: a caller ID is labelled before it is blocked",
    "{blocked_at: 20%}": "labelled_at is 40% and blocked_at 20%",
    "{blocked: 20%}": 'unknown key "blocked"; did you mean',
    "{exempt: +49 30}": '"exempt" must be written without spaces',
    "[]": "must be a mapping",
}


@pytest.mark.parametrize(("written", "says"), WRONG.items())
def test_what_is_wrong_is_said(written: str, says: str) -> None:
    with pytest.raises(ScenarioError, match=re.escape(says)):
        analytics(written)


def test_weights_in_thirds_are_a_whole() -> None:
    made = analytics("{weights: {short: 33.333333333%, unanswered: 33.333333333%, spread: 33.333333333%}}")
    assert made.weights.short == pytest.approx(1 / 3)


def test_defaults_in_the_schema_are_what_they_mean() -> None:
    schema = json_schema()["$defs"]
    for model in (AnalyticsModel, LabelledModel):
        for key, field in model.model_fields.items():
            default = schema[model.__name__]["properties"][key].get("default")
            if isinstance(default, str):
                text = f"name: x\ncarrier: {{analytics: {{{key}: {default}}}}}"
                if model is LabelledModel:
                    text = f"name: x\ncarrier: {{analytics: {{labelled: {{{key}: {default}}}}}}}"
                made = loads(text).carrier.analytics
                assert made is not None
                assert getattr(made if model is AnalyticsModel else made.labelled, key) == field.default, key
    weights = schema["AnalyticsModel"]["properties"]["weights"]["default"]
    assert AnalyticsModel(weights=weights).weights == AnalyticsModel().weights

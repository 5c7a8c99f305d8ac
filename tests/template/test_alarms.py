"""Alarms: each failure that nobody sees otherwise wakes somebody, and each alarm has a page that says what to do."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.support.lambdas import ROOT
from tests.template.reading import Template, target

TELL = {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}
COUNTED = re.compile(r'\bcount\(\s*"(\w+)"')


@pytest.fixture
def alarms(template: Template) -> dict[str, dict[str, Any]]:
    return template.of_type("AWS::CloudWatch::Alarm")


def watched(alarms: dict[str, dict[str, Any]], metric: str) -> set[str]:
    """Logical names behind the dimensions of all alarms on a metric."""
    found = set()
    for alarm in alarms.values():
        inner = [one["MetricStat"]["Metric"] for one in alarm.get("Metrics", []) if "MetricStat" in one]
        for one in [alarm, *inner]:
            if one.get("MetricName") == metric:
                found |= {target(dimension["Value"]) for dimension in one.get("Dimensions", [])}
    return found


def test_every_alarm_tells_somebody_and_has_a_page(alarms: dict[str, dict[str, Any]]) -> None:
    assert alarms
    for name, alarm in alarms.items():
        assert alarm["AlarmActions"] == TELL, name
        assert alarm["OKActions"] == TELL, name
        assert alarm["TreatMissingData"] in ("notBreaching", "breaching"), name
        page = ROOT / alarm["AlarmDescription"]
        assert page.is_file(), f"{name}: {alarm['AlarmDescription']} is missing"
        assert name in page.read_text(encoding="utf-8"), f"{page.name} does not name {name}"


def test_every_page_belongs_to_an_alarm(alarms: dict[str, dict[str, Any]]) -> None:
    pages = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs/runbooks").glob("*.md")}
    assert pages == {alarm["AlarmDescription"] for alarm in alarms.values()}


def test_dead_letters_and_late_queues_are_noticed(template: Template, alarms: dict[str, dict[str, Any]]) -> None:
    queues = template.of_type("AWS::SQS::Queue")
    dead = {target(one["RedrivePolicy"]["deadLetterTargetArn"]) for one in queues.values() if "RedrivePolicy" in one}
    assert dead <= watched(alarms, "ApproximateNumberOfMessagesVisible")
    assert set(queues) - dead <= watched(alarms, "ApproximateAgeOfOldestMessage")


def test_errors_of_every_function_are_noticed(template: Template, alarms: dict[str, dict[str, Any]]) -> None:
    # A function that only a laptop has cannot be watched: the alarm would name what is not there.
    always = {name for name in template.functions if "Condition" not in template.resources[name]}
    assert always == watched(alarms, "Errors")


def test_sums_stay_within_what_cloudwatch_adds_up(alarms: dict[str, dict[str, Any]]) -> None:
    for name, alarm in alarms.items():
        metrics = [one for one in alarm.get("Metrics", []) if "MetricStat" in one]
        assert len(metrics) <= 10, f"{name} adds up {len(metrics)} metrics, CloudWatch at most ten: split it"
        assert all(
            one["ReturnData"] is False and one["Label"] == target(one["MetricStat"]["Metric"]["Dimensions"][0]["Value"])
            for one in metrics
        )


def test_a_clock_that_stopped_is_noticed(template: Template, alarms: dict[str, dict[str, Any]]) -> None:
    often = {name for name, _, one in template.events("ScheduleV2") if "minute" in one["ScheduleExpression"]}
    assert often == watched(alarms, "Invocations")


def test_our_own_failure_counters_are_noticed(alarms: dict[str, dict[str, Any]]) -> None:
    sources = [*(ROOT / "shared").rglob("*.py"), *(ROOT / "functions").glob("*/*/app.py")]
    counted = {name for path in sources for name in COUNTED.findall(path.read_text(encoding="utf-8"))}
    ours = {alarm["MetricName"]: alarm for alarm in alarms.values() if alarm.get("Namespace") == "sidedesk"}
    assert set(ours) <= counted, "an alarm waits for something that nobody counts"
    assert {name for name in counted if name.endswith(("Failed", "Error", "Exceeded", "Letter"))} <= set(ours)
    for alarm in ours.values():
        assert alarm["Dimensions"] == [{"Name": "service", "Value": {"Fn::Sub": "sidedesk-${Stage}"}}]


def test_the_dimension_of_our_counters_is_the_one_that_is_written(template: Template) -> None:
    variables = template.defaults["Environment"]["Variables"]
    assert variables["POWERTOOLS_SERVICE_NAME"] == {"Fn::Sub": "sidedesk-${Stage}"}
    assert variables["POWERTOOLS_METRICS_NAMESPACE"] == "sidedesk"


def test_every_page_is_in_the_overview() -> None:
    overview = (ROOT / "docs/operate.md").read_text(encoding="utf-8")
    pages = (path.name for path in (ROOT / "docs/runbooks").glob("*.md"))
    assert [page for page in pages if f"(runbooks/{page})" not in overview] == []

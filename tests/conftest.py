"""What holds for every floor: the slow tests come last, and in CI a skip is a failure."""

import os

import pytest

#: A skip on a developer's machine says what it lacks; CI's machine is made by the project itself, and lacks nothing.
STRICT = os.environ.get("CI", "") not in ("", "0", "false")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.get_closest_marker("slow") is not None)


def refuse_skip(report):
    if STRICT and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not accept: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    report = yield
    refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report():
    report = yield
    refuse_skip(report)
    return report

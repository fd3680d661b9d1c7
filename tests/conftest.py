"""What holds for every floor: databases, the order, who may run side by side, and in CI a skip is a failure."""

import fcntl
import logging
import os
import sys
import tempfile
from pathlib import Path

import pytest

# Before gRPC is imported, as in the driver: what runs in this process forks as well.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "false"

#: A skip on a developer's machine says what it lacks; CI's machine is made by the project itself, and lacks nothing.
STRICT = os.environ.get("CI", "") not in ("", "0", "false")


@pytest.fixture(autouse=True)
def logged_as_before():
    """Take back what a command that ran in this process made of its logging: it says little, for its user."""
    level = logging.getLogger().level
    yield
    logging.getLogger().setLevel(level)


@pytest.fixture
def plugins_registry():
    """A folder for a kubelet's sockets, whose path leaves room for their names."""
    with tempfile.TemporaryDirectory(prefix="kubelet-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def postgresql():
    """A PostgreSQL of the tests' own."""
    from tests.lab.databases import PostgreSQL
    from tests.lab.servers import running

    with running(PostgreSQL) as server:
        yield server


@pytest.fixture(scope="session")
def mariadb():
    """A MariaDB of the tests' own."""
    from tests.lab.databases import MariaDB
    from tests.lab.servers import running

    with running(MariaDB) as server:
        yield server


@pytest.fixture(scope="session")
def kubernetes():
    """A Kubernetes of the tests' own, which has no nodes; our kinds are installed."""
    from tests.lab.clusters import Kubernetes
    from tests.lab.servers import running

    with running(Kubernetes) as server:
        server.install()
        yield server


@pytest.fixture(params=["postgresql", "mariadb"])
def server(request):
    """Each of the database servers."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def space(kubernetes):
    """A namespace of this test's own."""
    return kubernetes.namespace()


def pytest_collection_modifyitems(config, items):
    if config.pluginmanager.hasplugin("xdist"):
        for item in items:
            # On one worker: a cluster is slow to start, and is never at rest. But what has to be alone would keep
            # that one waiting until the others have nothing left to do.
            needs = "kubernetes" in item.name or "kubernetes" in item.fixturenames
            if needs and not item.get_closest_marker("alone"):
                item.add_marker(pytest.mark.xdist_group("kubernetes"))
    # Those that run alone come last of all, when there is nobody left to wait for.
    items.sort(key=lambda item: [item.get_closest_marker(name) is not None for name in ("alone", "slow")])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    # This file itself is the lock between the workers of a run, so nothing is left behind.
    with Path(__file__).open(encoding="utf-8") as machine:
        fcntl.flock(machine, fcntl.LOCK_EX if item.get_closest_marker("alone") else fcntl.LOCK_SH)
        try:
            return (yield)
        finally:
            # Closing would not do: a child that was forked meanwhile may have it open.
            fcntl.flock(machine, fcntl.LOCK_UN)


def pytest_unconfigure():
    # Where a test has asked for processes to fork from.
    if "tests.ready.process" in sys.modules:
        sys.modules["tests.ready.process"].end()


def refuse_skip(report):
    if STRICT and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not accept: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    report = yield
    refuse_skip(report)
    # A worker's report travels as UTF-8, and a test may have written what is none.
    report.sections = [(name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections]
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report():
    report = yield
    refuse_skip(report)
    return report

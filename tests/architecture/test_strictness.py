"""What holds for every floor, tried on a small suite of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent.parent


@pytest.fixture
def run_suite(tmp_path):
    shutil.copy(TESTS / "conftest.py", tmp_path)

    def run(source, *arguments, ci):
        (tmp_path / "test_it.py").write_text(source)
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "-c",
            os.devnull,
            "--rootdir",
            ".",
            "-q",
            *arguments,
            ".",
        ]
        environment = {**os.environ, "CI": ci}
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    return run


SKIPS = {
    "call": "import pytest\ndef test_it(): pytest.skip('no loop device')\n",
    "mark": "import pytest\n@pytest.mark.skip(reason='no loop device')\ndef test_it(): pass\n",
    "module": "import pytest\npytest.skip('no loop device', allow_module_level=True)\n",
    "import": "import pytest\npytest.importorskip('no_such_module', reason='no loop device')\n",
}


@pytest.mark.parametrize("source", SKIPS.values(), ids=SKIPS)
def test_a_skip_fails_in_ci(run_suite, source):
    done = run_suite(source, ci="true")
    assert done.returncode != 0, done.stdout
    assert "which CI does not accept" in done.stdout
    assert "no loop device" in done.stdout


def test_a_skip_is_a_skip_elsewhere(run_suite):
    done = run_suite(SKIPS["call"] + "def test_other(): pass\n", ci="")
    assert done.returncode == 0, done.stdout
    assert "1 passed, 1 skipped" in done.stdout


def test_what_passes_passes_in_ci(run_suite):
    done = run_suite("def test_it(): pass\n", ci="true")
    assert done.returncode == 0, done.stdout


SIDE_BY_SIDE = """
import os
import threading
from pathlib import Path
import pytest
HERE = Path(__file__).parent

def pause(seconds):
    threading.Event().wait(seconds)

@pytest.mark.alone
@pytest.mark.parametrize("number", range(4))
def test_alone(number):
    assert not list(HERE.glob("busy*"))
    busy = HERE / f"busy-{number}"
    busy.touch()
    pause(0.1)
    assert list(HERE.glob("busy*")) == [busy]
    busy.unlink()

@pytest.mark.parametrize("number", range(4))
def test_beside_another(number):
    (HERE / f"worker-{os.environ['PYTEST_XDIST_WORKER']}").touch()
    for _ in range(1000):
        if len(list(HERE.glob("worker-*"))) == 2:
            return
        pause(0.01)
    pytest.fail("no other one began meanwhile")
"""


def test_tests_go_on_side_by_side_but_for_those_that_have_to_be_alone(run_suite):
    done = run_suite(SIDE_BY_SIDE, "-n", "2", ci="true")
    assert done.returncode == 0, done.stdout
    assert "8 passed" in done.stdout

"""os-brick's programs: run as os-brick would run them."""

import subprocess
import sys
import time

import pytest
from os_brick import exception, privileged
from os_brick.privileged import rootwrap
from oslo_concurrency import processutils

from cinderblock.brick.programs import execute


@pytest.fixture(autouse=True)
def as_root():
    privileged.default.set_client_mode(False)


#: What runs a program for os-brick: ours, and its own.
BOTH = pytest.mark.parametrize("run", [execute, rootwrap.execute], ids=["ours", "os-brick's"])


@BOTH
@pytest.mark.parametrize("options", [{}, {"run_as_root": True, "root_helper": ""}, {"attempts": 3, "interval": 0}])
def test_what_a_program_says_is_returned(run, options):
    assert run("sh", "-c", "echo out; echo err >&2", **options) == ("out\n", "err\n")


@BOTH
def test_a_program_is_given_its_input(run):
    assert run("cat", process_input="wörds") == ("wörds", "")
    assert run("cat", process_input=b"bytes") == ("bytes", "")
    assert run("cat") == ("", "")


@BOTH
def test_an_argument_may_be_a_number(run):
    assert run("echo", 7) == ("7\n", "")


@BOTH
@pytest.mark.parametrize("accept", [False, 3, [0, 3]])
def test_a_status_may_be_expected(run, accept):
    assert run("sh", "-c", "echo said; exit 3", check_exit_code=accept) == ("said\n", "")


@BOTH
@pytest.mark.parametrize("accept", [True, 0, [0, 2]])
def test_any_other_status_is_a_failure_that_hides_passwords(run, accept):
    with pytest.raises(processutils.ProcessExecutionError) as failed:
        run("sh", "-c", "echo password=secret; echo password=secret >&2; exit 3", check_exit_code=accept)
    error = failed.value
    assert error.exit_code == 3
    assert "secret" not in f"{error.stdout} {error.stderr} {error.cmd}"


@BOTH
def test_a_program_that_is_not_there_is_a_failure_too(run):
    with pytest.raises(processutils.ProcessExecutionError) as failed:
        run("/no/such/program")
    assert "No such file" in str(failed.value.description)


@BOTH
def test_a_program_that_hangs_is_ended(run):
    with pytest.raises(exception.ExecutionTimeout):
        run("sleep", "60", timeout=0.1)
    assert run("sleep", "60", timeout=0.1, check_exit_code=False)[0] == ""


@BOTH
def test_a_program_is_run_again_until_it_does_not_fail(run, tmp_path):
    tried = tmp_path / "tried"
    script = f"echo >>{tried}; test $(wc -l <{tried}) = 3"
    run("sh", "-c", script, attempts=3, interval=0)
    assert tried.read_text() == "\n" * 3
    with pytest.raises(processutils.ProcessExecutionError):
        run("sh", "-c", script, attempts=3, interval=0)
    assert tried.read_text() == "\n" * 6


@BOTH
def test_a_program_that_is_run_again_is_given_time(run, tmp_path):
    tried, began = tmp_path / "tried", time.monotonic()
    run("sh", "-c", f"echo >>{tried}; test $(wc -l <{tried}) = 2", attempts=2, interval=0.1)
    assert time.monotonic() - began > 0.2


@BOTH
def test_options_that_are_seldom_are_honoured(run):
    assert run("printenv", "HOME", env_variables={"HOME": "here"}, loglevel=10) == ("here\n", "")


@BOTH
def test_a_program_dies_of_a_broken_pipe(run):
    with pytest.raises(processutils.ProcessExecutionError) as failed:
        run("sh", "-c", "kill -PIPE $$")
    assert failed.value.exit_code == -13


@pytest.mark.parametrize(("module", "said"), [("cinderblock.brick.programs", ""), (rootwrap.__name__, "copied\n")])
def test_a_program_is_no_copy_of_this_process_first(module, said):
    # In a process of its own, because what is registered stays so; Python calls it where it does not use vfork.
    program = (
        f"import os; from {module} import execute; os.register_at_fork(before=lambda: print('copied')); execute('true')"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == said

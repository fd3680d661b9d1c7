"""The programs of Cinder's drivers: run as oslo would run them."""

import subprocess
import sys
from pathlib import Path

import pytest
from oslo_concurrency import processutils

from cinderblock.cinder import programs

#: What runs a program for Cinder: ours, and oslo's own.
BOTH = pytest.mark.parametrize("run", [programs.execute, processutils.execute], ids=["ours", "oslo's"])


@BOTH
@pytest.mark.parametrize("options", [{}, {"run_as_root": True, "root_helper": "sudo"}, {"loglevel": 10}])
def test_what_a_program_says_is_returned(run, options):
    assert run("sh", "-c", "echo out; echo err >&2", **options) == ("out\n", "err\n")
    assert run("echo", 7, binary=True) == (b"7\n", b"")
    assert run("echo $((6 + 1))", shell=True) == ("7\n", "")  # noqa: S604 - some drivers do


@BOTH
def test_a_program_is_given_what_it_needs(run, tmp_path):
    assert run("cat", process_input="wörds") == ("wörds", "")
    assert run("cat") == ("", "")
    assert run("sh", "-c", "echo $HERE; pwd", env_variables={"HERE": "here"}, cwd=tmp_path) == (
        f"here\n{tmp_path}\n",
        "",
    )


@BOTH
def test_a_status_may_be_expected_and_any_other_is_a_failure_that_hides_passwords(run):
    command = ("sh", "-c", "echo password=secret; echo password=secret >&2; exit 3")
    for accept in (False, 3, [0, 3]):
        assert run(*command, check_exit_code=accept)[0] == "password=secret\n"
    for options in ({}, {"check_exit_code": True}, {"check_exit_code": [0, 2]}):
        with pytest.raises(processutils.ProcessExecutionError) as failed:
            run(*command, **options)
        assert failed.value.exit_code == 3
        assert "secret" not in f"{failed.value.stdout} {failed.value.stderr} {failed.value.cmd}"


@BOTH
def test_a_program_that_is_not_there_is_a_failure_too(run):
    with pytest.raises(FileNotFoundError):
        run("/no/such/program")


@BOTH
def test_a_program_is_run_again_until_it_does_not_fail(run, tmp_path):
    tried = tmp_path / "tried"
    run("sh", "-c", f"echo >>{tried}; test $(wc -l <{tried}) = 3", attempts=3, delay_on_retry=False)
    assert tried.read_text() == "\n" * 3


@BOTH
def test_a_program_dies_of_a_broken_pipe(run):
    with pytest.raises(processutils.ProcessExecutionError) as failed:
        run("sh", "-c", "kill -PIPE $$")
    assert failed.value.exit_code == -13


@BOTH
def test_a_program_may_be_limited(run):
    limits = processutils.ProcessLimits(address_space=2**30, cpu_time=30, core_file_size=0)
    assert run("sh", "-c", "ulimit -v; ulimit -t; ulimit -c", prlimit=limits) == ("1048576\n30\n0\n", "")
    with pytest.raises(processutils.ProcessExecutionError):
        run("/no/such/program", prlimit=limits)


def test_it_takes_no_python_to_limit_a_program():
    limits = processutils.ProcessLimits(cpu_time=30)
    command = ("sh", "-c", "echo $1", "sh", "--help")
    assert programs.execute(*command, prlimit=limits, python_exec="/no/such/python") == ("--help\n", "")


@BOTH
def test_a_function_of_the_callers_own_is_called_before_the_program(run, tmp_path):
    run("true", preexec_fn=(tmp_path / "called").touch)
    assert (tmp_path / "called").exists()


@pytest.mark.parametrize(
    ("execute", "said"),
    [("programs.execute", ""), ("processutils.execute", "copied\n")],
)
def test_a_program_is_no_copy_of_this_process_first(execute, said):
    assert _in_a_process(f"{execute}('true')") == said


def test_every_module_of_cinder_runs_its_programs_so_while_a_runtime_is_open(lab):
    from cinder import utils
    from cinder.brick.local_dev import lvm

    configuration = lab.configure({"array": "vendor.RunningDriver"})
    runtime = lab.open(configuration)
    vendor = runtime.start(configuration.backends[0]).driver
    assert vendor.given is utils.processutils.execute is lvm.putils.execute is programs.execute
    assert utils.processutils.ProcessExecutionError is processutils.ProcessExecutionError
    assert processutils.execute is not programs.execute
    runtime.close()
    assert utils.processutils is lvm.putils is processutils


def test_a_function_that_a_driver_was_given_for_all_modules_is_no_copy_either():
    # As a default of arguments, which most drivers have, it was given before anything could be replaced.
    before = "import cinderblock.cinder.first; from cinder import utils; given = utils.execute"
    assert _in_a_process("programs.install(); given('true')", before=before) == ""
    assert _in_a_process("given('true')", before=before) == "copied\n"


def test_a_driver_that_takes_the_function_from_oslo_is_given_ours_and_one_of_ssh_keeps_its_own():
    from cinder.volume.drivers.lvm import LVMVolumeDriver
    from cinder.volume.drivers.nfs import NfsDriver
    from cinder.volume.drivers.san.san import SanDriver

    from cinderblock.cinder.overlays import mended

    assert programs.arguments(NfsDriver) == programs.arguments(mended(NfsDriver)) == {"execute": programs.execute}
    assert programs.arguments(SanDriver) == programs.arguments(LVMVolumeDriver) == {}


def test_the_program_for_targets_is_found_without_a_path_and_without_eventlet():
    said = programs.execute(
        "cinder-rtstool", "verify", env_variables={"PATH": "/usr/bin", "PYTHONPROFILEIMPORTTIME": "1"}
    )
    assert "cinder.cmd.rtstool" in said[1]
    assert "eventlet" not in said[1]


def test_the_program_for_targets_is_cinders_own():
    theirs = Path(sys.executable).with_name("cinder-rtstool")
    for words in ((), ("create",), ("save", "/no/such/folder/at/all")):
        ended = []
        for program in ("cinder-rtstool", str(theirs)):
            out, _ = programs.execute(program, *words, check_exit_code=False)
            with pytest.raises(processutils.ProcessExecutionError) as failed:
                programs.execute(program, *words)
            ended.append((failed.value.exit_code, [line.partition(" ")[2] for line in out.splitlines()]))
        assert ended[0] == ended[1]


def _in_a_process(call, *, before=""):
    """Return what is said when a process makes a call that, from then on, tells of its copies.

    A process of its own, because what is registered stays so; Python calls it where it does not use vfork.
    """
    program = (
        "import os\n"
        "from cinderblock.cinder import programs\n"
        "from oslo_concurrency import processutils\n"
        f"{before}\n"
        "os.register_at_fork(before=lambda: print('copied'))\n"
        f"{call}"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=True)
    return done.stdout

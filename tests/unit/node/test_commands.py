"""Running programs."""

import pytest

from cinderblock.errors import BackendUnavailable, ConfigurationError
from csi.node.commands import CommandFailed, Commands


def test_what_a_program_said_comes_back():
    assert Commands().run("echo", "hello world").out == "hello world\n"


def test_no_shell_reads_the_arguments():
    assert Commands().run("echo", "$(id); `id` > /x").out == "$(id); `id` > /x\n"


def test_a_status_that_is_an_answer_is_no_failure():
    assert Commands().run("false", accept=(0, 1)).code == 1


def test_a_failure_says_which_program_and_why():
    with pytest.raises(CommandFailed, match=r"'ls' ended with 2: .*No such file") as caught:
        Commands().run("ls", "/absent")
    assert caught.value.code == 2


def test_a_missing_program_is_named_with_its_package():
    with pytest.raises(ConfigurationError, match="no-such-tool"):
        Commands().run("no-such-tool")


def test_a_program_that_hangs_is_killed():
    with pytest.raises(BackendUnavailable, match="did not end"):
        Commands().run("sleep", "600", timeout_s=0.1)

"""The command line: exit codes, and words instead of tracebacks."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from csi import cli
from csi.commands import sample
from tests.ready.process import cinderblock

ROOT = Path(__file__).parents[3]


def in_a_new_process(*arguments, environment=None):
    """Run the command as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "csi.cli", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environment,
    )


@pytest.mark.parametrize("command", [[], ["serve"], ["demo"], ["drivers"], ["check"], ["sample-config"]])
def test_every_command_has_help(command, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main([*command, "--help"])
    assert caught.value.code == 0
    assert "usage: cinderblock" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fly"],
        ["serve"],
        ["serve", "some"],
        ["serve", "all", "--end", "x"],
        ["serve", "controller", "--registration-dir", "/x"],
        ["serve", "node", "--store", "memory:"],
        ["serve", "all", "--node-object"],
    ],
)
def test_a_wrong_command_line_is_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    assert "usage: cinderblock" in capsys.readouterr().err


def test_the_version_is_told(capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith("cinderblock ")


def test_the_sample_is_printed(capsys):
    assert cli.main(["sample-config"]) == 0
    assert capsys.readouterr().out == sample.text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--endpoint", "tcp://127.0.0.1:1"], "unix:///PATH only"),
        ([], "CSI_ENDPOINT"),
        (["--endpoint", "unix:///x.sock", "--config", "/absent.conf"], "/absent.conf cannot be read"),
    ],
)
def test_serve_says_in_words_what_it_lacks(arguments, words, tmp_path):
    arguments = ("--state-dir", tmp_path / "state", *arguments)
    ended = in_a_new_process("serve", "all", *arguments, environment={"PATH": "/bin"})
    assert ended.returncode == 1
    assert ended.stderr.startswith("cinderblock: ")
    assert words in ended.stderr
    assert not (tmp_path / "state").exists()


def test_a_node_of_its_own_needs_the_common_key(tmp_path):
    endpoint = f"unix://{tmp_path}/csi.sock"
    ended = cinderblock("serve", "node", "--state-dir", tmp_path / "state", "--endpoint", endpoint)
    assert ended.returncode == 1
    assert "--key-file" in ended.stderr


def test_a_folder_in_use_is_refused_in_words(tmp_path):
    from csi.serving import claimed

    with claimed(tmp_path / "state"):
        ended = cinderblock("serve", "all", "--state-dir", tmp_path / "state", "--endpoint", f"unix://{tmp_path}/s")
    assert ended.returncode == 1
    assert "is in use by process" in ended.stderr


@pytest.fixture
def config(tmp_path):
    def write(**sections):
        text = f"[DEFAULT]\nenabled_backends = {', '.join(sections)}\n"
        for name, options in sections.items():
            text += f"[{name}]\n" + "".join(f"{option} = {value}\n" for option, value in options.items())
        (tmp_path / "cinder.conf").write_text(text)
        return tmp_path / "cinder.conf"

    return write


def local(tmp_path, **more):
    driver = "cinderblock.cinder.local_files.LocalFilesDriver"
    return {"volume_driver": driver, "local_files_path": tmp_path / "volumes", **more}


def test_check_says_what_works_and_what_does_not(config, tmp_path):
    file = config(
        good=local(tmp_path),
        typo={"volume_driver": "cinder.volume.drivers.lvm.LVMVolumDriver", "san_password": "hunter22"},
    )
    ended = in_a_new_process("check", "--config", file)
    assert ended.returncode == 1
    good, typo = ended.stdout.splitlines()
    assert good.startswith("ok      good (")
    assert typo.startswith("FAILED  typo (")
    assert "did you mean 'cinder.volume.drivers.lvm.LVMVolumeDriver'" in typo
    assert "Traceback" not in ended.stdout + ended.stderr
    assert "hunter22" not in ended.stdout + ended.stderr


def test_an_unknown_option_is_a_warning_and_under_strict_an_error(config, tmp_path):
    file = config(good=local(tmp_path, local_file_path="x"))
    lenient, strict = cinderblock("check", "--config", file), cinderblock("check", "--strict", "--config", file)
    assert (lenient.returncode, strict.returncode) == (0, 1)
    assert "warning: " in lenient.stdout
    assert "error: " in strict.stdout
    assert "did you mean 'local_files_path'" in lenient.stdout


def test_check_without_a_file_checks_the_embedded_default():
    ended = cinderblock("check")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("ok      local")


@pytest.mark.parametrize(
    "text", ["nonsense", "[DEFAULT]\n", "[DEFAULT]\nenabled_backends = absent\n", "[csi]\nx = y\n"]
)
def test_a_file_that_is_no_configuration_is_told_in_one_line(tmp_path, text):
    (tmp_path / "cinder.conf").write_text(text)
    ended = cinderblock("check", "--config", tmp_path / "cinder.conf")
    assert ended.returncode == 1
    assert ended.stderr.startswith("cinderblock: ")
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.slow
def test_drivers_lists_all_of_them_and_one():
    table = in_a_new_process("drivers")
    assert table.returncode == 0
    assert len(table.stdout.splitlines()) > 80
    assert "supported by Cinder" in table.stdout.splitlines()[-1]
    one = json.loads(cinderblock("drivers", "--json", "LVMVolumeDriver").stdout)
    assert [driver["class_path"] for driver in one] == ["cinder.volume.drivers.lvm.LVMVolumeDriver"]
    assert "volume_group" in [option["name"] for option in one[0]["options"]]
    typo = cinderblock("drivers", "LVMVolumDriver")
    assert typo.returncode == 1
    assert "did you mean 'LVMVolumeDriver'" in typo.stderr
    assert cinderblock("drivers", "LVMVolumeDriver").stdout.splitlines()[0] == one[0]["class_path"]

"""The command lines of `cinderblock volume` and `cinderblock snapshot`, and their words."""

import json

import pytest

from csi import cli
from csi.commands import describing
from csi.commands.progress import progress
from tests.contract.stores import snapshot, volume
from tests.waiting import eventually

VERBS = {
    "volume": ["", "list", "show", "manage", "unmanage", "revert", "retype", "delete"],
    "snapshot": ["", "list", "show", "manage", "unmanage", "delete"],
}


@pytest.mark.parametrize(("command", "verb"), [(command, verb) for command, verbs in VERBS.items() for verb in verbs])
def test_every_verb_has_help(command, verb, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main([command, *verb.split(), "--help"])
    assert caught.value.code == 0
    assert f"usage: cinderblock {command} {verb}".rstrip() in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fly"],
        ["show"],
        ["delete"],
        ["manage"],
        ["manage", "data"],
        ["manage", "--reference", "source-name=x"],
        ["manage", "data", "--reference", "x"],
        ["manage", "data", "--reference", "=x"],
        ["revert", "v"],
        ["retype", "v"],
        ["retype", "--qos", "a=1"],
        ["retype", "v", "--qos", "a"],
    ],
)
def test_a_wrong_command_line_is_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["volume", *arguments])
    assert caught.value.code == 2
    assert "usage: cinderblock" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fly"],
        ["show"],
        ["delete"],
        ["manage", "s", "--volume", "v"],
        ["manage", "s", "--reference", "source-name=x"],
        ["manage", "--volume", "v", "--reference", "source-name=x"],
        ["manage", "s", "--volume", "v", "--reference", "x"],
    ],
)
def test_a_wrong_command_line_on_snapshots_is_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["snapshot", *arguments])
    assert caught.value.code == 2
    assert "usage: cinderblock" in capsys.readouterr().err


def test_a_table_is_as_wide_as_its_content():
    assert list(describing.table(("ID", "GIB"), [("a-long-id", "1"), ("b", "100")])) == [
        "ID         GIB",
        "a-long-id  1",
        "b          100",
    ]


def test_nothing_secret_is_told():
    found = describing.facts(volume(), ["node-1"])
    assert "CHAP" not in str(found)
    assert "password" not in "\n".join(describing.lines(found))
    assert found["taken_over_from"] == {"source-name": "old-name"}
    taken = describing.snapshot_facts(snapshot())
    assert "CHAP" not in str(taken)
    assert "password" not in "\n".join(describing.lines(taken))


def plain(value):
    """As a program reads it."""
    return json.loads(json.dumps(value))


@pytest.mark.parametrize(
    ("shared", "mode", "kind"), [(False, "ReadWriteOnce", "Filesystem"), (True, "ReadWriteMany", "Block")]
)
def test_a_persistent_volume_names_the_volume_and_where_it_is(shared, mode, kind):
    claim = describing.persistent_volume(volume(multiattach=shared), driver_name="d.io", topology={"zone": "a"})
    spec = plain(claim)["spec"]
    assert spec["csi"]["volumeHandle"] == "v1"
    assert (spec["accessModes"], spec["volumeMode"]) == ([mode], kind)
    (term,) = spec["nodeAffinity"]["required"]["nodeSelectorTerms"]
    assert term["matchExpressions"] == [{"key": "zone", "operator": "In", "values": ["a"]}]
    anywhere = describing.persistent_volume(volume(), driver_name="d.io", topology={})
    assert "nodeAffinity" not in plain(anywhere)["spec"]


def test_work_that_takes_its_time_is_said_to_go_on(capfd):
    said = []

    def goes_on():
        said.append(capfd.readouterr().err)
        return "deleting v goes on, 0 s so far" in "".join(said)

    with progress("deleting v", every_s=0.001):
        eventually(goes_on)
    capfd.readouterr()
    assert capfd.readouterr().err == ""

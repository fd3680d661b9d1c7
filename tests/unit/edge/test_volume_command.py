"""The command line of `cinderblock volume`, and its words."""

import json

import pytest

from csi import cli
from csi.commands import describing
from csi.commands.progress import progress
from tests.contract.stores import volume
from tests.waiting import eventually


@pytest.mark.parametrize("verb", [[], ["list"], ["show"], ["manage"], ["unmanage"], ["revert"], ["delete"]])
def test_every_verb_has_help(verb, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["volume", *verb, "--help"])
    assert caught.value.code == 0
    assert "usage: cinderblock volume" in capsys.readouterr().out


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
    ],
)
def test_a_wrong_command_line_is_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["volume", *arguments])
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

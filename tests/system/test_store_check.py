"""`cinderblock store check` beside a driver that serves: it finds what is on one side only, and mends what it may."""

import json
import uuid
from contextlib import closing

import pytest

from cinderblock.units import GIB
from csi import cli
from persistence.records import Status
from persistence.sql import open_store
from tests.contract.stores import connection, snapshot, volume
from tests.ready.process import cinderblock


@pytest.fixture
def check(process):
    """Runs the command; returns its exit code and what it found of the back end."""

    def run(*arguments):
        ended = cinderblock("store", "check", *arguments, "--state-dir", process.state_dir, "--json")
        assert "Traceback" not in ended.stderr, ended.stderr
        return ended.returncode, json.loads(ended.stdout)["backends"]

    return run


@pytest.fixture
def store(client, process):
    with closing(open_store(f"sqlite:///{process.state_dir}/cinderblock.db")) as store:
        yield store


def file_of(process, store, volume_id):
    return process.state_dir / "volumes" / f"volume-{store.volumes.get(volume_id).cinder_id}"


def test_where_both_agree_nothing_is_said(check, client):
    made = client.create("one", GIB).volume_id
    client.snapshot("of-one", made)
    client.publish(client.create("other", GIB).volume_id)
    nothing: dict[str, list[object]] = {what: [] for what in ("unknown", "missing", "unfinished", "dangling", "mended")}
    assert check() == (0, [{"backend": "local", "problem": "", "recorded": 2, **nothing}])


def test_what_is_on_one_side_only_is_found_and_forgotten_when_that_is_asked_for(check, client, process, store):
    there, gone, used = (client.create(name, GIB).volume_id for name in ("there", "gone", "used"))
    client.publish(used)
    for each in (gone, used):
        file_of(process, store, each).unlink()
    stray = process.state_dir / "volumes" / f"volume-{uuid.uuid4()}"
    stray.touch()
    code, (found,) = check()
    assert code == 1
    assert {each["id"] for each in found["missing"]} == {gone, used}
    assert [each["reference"] for each in found["unknown"]] == [{"source-name": stray.name}]
    code, (found,) = check("--mend", "missing")
    assert code == 1
    mended = {each["id"]: each["problem"] for each in found["mended"]}
    assert mended.keys() == {gone, used}
    assert mended[gone] == ""
    assert "is published" in mended[used]
    assert {each.volume_id for each in client.volumes()} == {there, used}
    client.unpublish(used)
    stray.unlink()
    assert check("--mend", "missing")[0] == 0
    assert {each.volume_id for each in client.volumes()} == {there}
    assert file_of(process, store, there).stat().st_size == GIB


def test_what_was_begun_or_belongs_to_nothing_is_told(check, client, store):
    store.volumes.insert(volume("half", backend="local", status=Status.CREATING, owner="", provider_auth=""))
    store.snapshots.insert(snapshot("lost", backend="local", status=Status.AVAILABLE, provider_auth=""))
    store.connections.insert(connection("stray", backend="local", status=Status.AVAILABLE, connection_info={}))
    store.volumes.insert(volume("far", backend="elsewhere", status=Status.AVAILABLE, provider_auth=""))
    code, (found, elsewhere) = check()
    assert code == 1
    assert [each["id"] for each in found["unfinished"]] == ["half"]
    assert [each["id"] for each in found["dangling"]] == ["lost", "stray"]
    assert found["missing"] == []
    assert elsewhere["problem"] == "it is not in the configuration, so its volumes were not looked at"


def test_it_is_told_in_words(process, client, store, capsys):
    gone = client.create("gone", GIB).volume_id
    file_of(process, store, gone).unlink()
    assert cli.main(["store", "check", "--state-dir", str(process.state_dir)]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "back end local: 1 volumes in the records"
    assert said[1] == f"  in the records only: gone {gone}, 1 GiB (--mend missing forgets it)"

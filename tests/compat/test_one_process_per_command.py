"""A program that runs one process for each command over a shared database, as oVirt does."""

import json
import re
import resource
import uuid
from functools import partial

from tests.compat.conftest import python

CONNECTOR = {"host": "node-7", "initiator": "iqn.2004-10.com.example:node-7", "ip": "192.0.2.7", "multipath": False}
#: What no command can do without, and how much more than that one may take.
NEEDED, FACTOR = "import cinder.volume.driver, os_brick.initiator.connector", 2.5
FIND = "(volume,) = backend.volumes_filtered(volume_id=id)\n"


def processor_s(process):
    """Wait for a process that must end well, and return the processor time that it has taken."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with process:
        _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_a_volume_lives_through_its_commands(lab, command):
    volume_id, copy_id = str(uuid.uuid4()), str(uuid.uuid4())
    options = {"volume_backend_name": "files", **lab.options("tests.fakes.programs.SharedDriver")}
    command = partial(command, options=options, id=volume_id)
    command("backend.create_volume(1, id=id)")
    assert json.loads(command("print(json.dumps([one.id for one in backend.volumes]))")) == [volume_id]
    command(f"{FIND}volume.extend(2)")
    connect = (
        f"{FIND}found = [one for one in volume.connections if one.connector_info == connector]\n"
        "connection = found[0] if found else volume.connect(connector)\n"
        "connection.save()\n"
        "print(json.dumps([connection.id, connection.connection_info]))"
    )
    connection_id, info = json.loads(command(connect, connector=CONNECTOR))
    assert info["conn"]["driver_volume_type"] == "iscsi"
    # The same host gets the same connection.
    assert json.loads(command(connect, connector=CONNECTOR))[0] == connection_id
    command(f"{FIND}volume.connections[0].device_attached(dict(path='/dev/sdx'))")
    shown = json.loads(command(f"{FIND}print(json.dumps(volume.connections[0].connection_info))"))
    assert (shown["device"], shown["connector"]) == ({"path": "/dev/sdx"}, CONNECTOR)
    command(f"{FIND}for one in volume.connections:\n    one.detach()\n    one.disconnect()")
    snapshot_id = command(f"{FIND}print(volume.create_snapshot().id)")
    take = "(snapshot,) = [one for one in volume.snapshots if one.id == given]\n"
    command(f"{FIND}{take}snapshot.create_volume(id=copy)", given=snapshot_id, copy=copy_id)
    command(f"{FIND}{take}snapshot.delete()", given=snapshot_id)
    command(f"{FIND}volume.clone(id=copy).delete()", copy=str(uuid.uuid4()))
    command(f"{FIND}volume.delete()")
    assert [name for name in lab.files() if name.startswith("volume-")] == [f"volume-{copy_id}"]
    command("(volume,) = backend.volumes_filtered(volume_id=copy)\nvolume.delete()", copy=copy_id)
    assert lab.files() == []


def test_what_one_process_attached_another_one_detaches(lab, command, loops):
    command("backend.create_volume(1, id='one').attach()")
    (device,) = loops()
    assert command("print(cinderlib.Volume.get_by_id('one').local_attach.path)") == device
    command("volume = cinderlib.Volume.get_by_id('one')\nvolume.detach()\nvolume.delete()")
    assert (loops(), lab.files()) == (set(), [])


def test_a_command_is_quick(lab):
    needed_s = min(processor_s(python(["-c", NEEDED])) for _ in range(2))
    taken_s = min(processor_s(lab.alone("backend.create_volume(1)")) for _ in range(2))
    print(f"a command takes {taken_s:.1f} s of a processor, of which Cinder's modules need {needed_s:.1f}")
    # The aim is 3 s, which `make bench` measures; machines differ, but what they load is the same.
    assert taken_s < FACTOR * needed_s


def test_two_commands_at_once_over_a_new_database_do_not_disturb_each_other(lab):
    ids = [str(uuid.uuid4()) for _ in range(2)]
    processes = [lab.alone("backend.create_volume(1, id=id)", id=one) for one in ids]
    for process in processes:
        with process:
            _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
    assert sorted(lab.files()) == sorted(f"volume-{one}" for one in ids)


def test_nothing_is_written_into_the_working_directory(lab, command):
    command("import os\nos.chdir(folder)\nbackend.create_volume(1)", folder=str(lab.folder))
    assert {re.sub(r"-(wal|shm|lock)$", "", path.name) for path in lab.folder.iterdir()} == {
        "volumes.db",
        "locks",
        "files",
    }

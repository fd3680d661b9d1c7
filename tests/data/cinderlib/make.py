"""Makes this folder's data with the real cinderlib; see README.md for how it is run."""

import json
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import cinderlib
from cinder.volume import driver

DATA = Path(os.environ["CL_DATA"])
GIB = 2**30
CONNECTOR = {
    "platform": "x86_64",
    "os_type": "linux",
    "ip": "192.0.2.7",
    "host": "node-7",
    "multipath": False,
    "initiator": "iqn.2004-10.com.example:node-7",
    "do_local_attach": False,
}
OTHER = {**CONNECTOR, "host": "node-8", "ip": "192.0.2.8", "initiator": "iqn.2004-10.com.example:node-8"}


class OldFilesDriver(driver.VolumeDriver):
    """Sparse files, one for each volume and snapshot, that says it were an array with CHAP and two pools."""

    def do_setup(self, context):
        """Make the folder."""
        self.folder.mkdir(exist_ok=True)

    def check_for_setup_error(self):
        """There is nothing to check."""

    @property
    def folder(self):
        """Where the files are."""
        return DATA / self.configuration.safe_get("volume_backend_name")

    def _update_volume_stats(self):
        pools = [
            {"pool_name": name, "total_capacity_gb": 100, "free_capacity_gb": 90, "reserved_percentage": 0}
            for name in ("bronze", "silver")
        ]
        self._stats = {"volume_backend_name": "old", "storage_protocol": "iSCSI", "pools": pools}

    def _make(self, name, size):
        with (self.folder / name).open("ab") as file:
            file.truncate(size * GIB)

    def create_volume(self, volume):
        """Make a file, but not of a broken volume."""
        if volume.display_name == "broken":
            raise OSError("the array is on fire")
        self._make(volume.name, volume.size)
        return {"provider_location": f"192.0.2.1:3260,1 iqn.2010-10.org.openstack:{volume.name} 0"}

    def create_volume_from_snapshot(self, volume, snapshot):
        """Make a file."""
        return self.create_volume(volume)

    def create_cloned_volume(self, volume, src_vref):
        """Make a file."""
        return self.create_volume(volume)

    def delete_volume(self, volume):
        """Remove the file, but not of a stuck volume."""
        if volume.display_name == "stuck":
            raise OSError("the array is busy")
        (self.folder / volume.name).unlink()

    def extend_volume(self, volume, new_size):
        """Make the file longer, but not of a stiff volume."""
        if volume.display_name == "stiff":
            raise OSError("the array is full")
        self._make(volume.name, new_size)

    def create_snapshot(self, snapshot):
        """Make a file."""
        self._make(snapshot.name, snapshot.volume_size)
        return {"provider_location": f"snapshots/{snapshot.name}", "provider_id": f"array-{snapshot.id[:8]}"}

    def delete_snapshot(self, snapshot):
        """Remove the file, but not of a stuck snapshot."""
        if snapshot.display_name == "stuck":
            raise OSError("the array is busy")
        (self.folder / snapshot.name).unlink()

    def create_export(self, context, volume, connector):
        """Say what logs in."""
        return {"provider_auth": f"CHAP user-{volume.id[:4]} s3cr3t-of-{volume.id[:8]}"}

    def remove_export(self, context, volume):
        """There is nothing to remove."""

    def initialize_connection(self, volume, connector):
        """Say how the volume is reached."""
        method, user, password = volume.provider_auth.split()
        return {
            "driver_volume_type": "iscsi",
            "data": {
                "target_discovered": False,
                "target_iqn": f"iqn.2010-10.org.openstack:{volume.name}",
                "target_portal": "192.0.2.1:3260",
                "target_lun": 0,
                "volume_id": volume.id,
                "auth_method": method,
                "auth_username": user,
                "auth_password": password,
                "access_mode": "ro" if connector["host"] == "node-8" else "rw",
                "encrypted": False,
            },
        }

    def terminate_connection(self, volume, connector, **kwargs):
        """There is nothing to terminate."""


def failing(function, *arguments, **keywords):
    """Call what is to fail."""
    try:
        function(*arguments, **keywords)
    except OSError:
        return
    raise AssertionError("that should have failed")


def set_status(thing, status):
    """Save an object in a state that only a crash, or another program, leaves."""
    change(thing, status=status)


def change(thing, **fields):
    """Save an object with some of Cinder's fields changed, as a driver may change them."""
    thing._ovo.update(fields)  # noqa: SLF001 -- cinderlib's only way to the object that drivers get
    thing.save()


def make_plain(fast, files):
    """Make what is whole."""
    plain = fast.create_volume(
        1,
        name="plain",
        description="Nothing special",
        metadata={"owner": "anna"},
        id="0f0f0f0f-1111-4000-8000-000000000001",
    )
    fast.create_volume(1, name="wide", pool_name="silver", multiattach=True)
    fast.create_volume(
        2,
        name="special",
        pool_name="silver",
        extra_specs={"thin": "true", "compression": "<is> False"},
        qos_specs={"maxIOPS": "1000", "minIOPS": "100"},
        metadata={"a": "1", "b": "2"},
        admin_metadata={"readonly": "False"},
    )
    files.create_volume(1, name="boot", bootable=True, description="boots", availability_zone="zone-a")
    files.create_volume(1, name="", description="Käse ✓ " + "x" * 200)
    snapshot = plain.create_snapshot("before", "the upgrade", metadata={"why": "upgrade"})
    snapshot.create_volume(name="restored", size=2)
    copy = plain.clone(name="copy", size=2)
    copy.create_snapshot("of-copy").create_volume(name="of-both")
    migrated = files.create_volume(1, name="migrated")
    change(
        migrated,
        _name_id="0f0f0f0f-2222-4000-8000-000000000002",
        provider_id="array-17",
        replication_status="disabled",
    )


def make_used(fast, files):
    """Make what is connected, some of it twice, and what is left of a volume that was deleted in use."""
    used = fast.create_volume(1, name="used", metadata={"a": "1"})
    first = used.connect(CONNECTOR, attached_host="node-7-id")
    first.device_attached({"type": "block", "scsi_wwn": "360000000000000000e00000000010001", "path": "/dev/sdx"})
    used.connect(OTHER)
    used.connect(CONNECTOR)
    used.connect(CONNECTOR)
    gone = files.create_volume(1, name="gone-in-use")
    gone.connect(CONNECTOR)
    gone.delete()


def make_broken(fast, files):
    """Make what failed or was cut off."""
    failing(files.create_volume, 1, name="broken")
    set_status(cinderlib.Volume(files, size=1, name="half-made"), "creating")
    set_status(files.create_volume(1, name="half-gone"), "deleting")
    failing(files.create_volume(1, name="stuck").delete)
    failing(files.create_volume(1, name="stiff").extend, 5)
    parent = files.create_volume(1, name="parent")
    parent.create_snapshot("child")
    # What Ember-CSI did with a volume that has snapshots.
    set_status(parent, "deleted")
    failing(parent.create_snapshot("stuck").delete)
    set_status(parent.create_snapshot("half-gone"), "deleting")
    set_status(cinderlib.Snapshot(parent, name="half-made"), "creating")


def make_deleted(fast, files):
    """Make what is marked as deleted, and what is really gone."""
    files.create_volume(1, name="gone", metadata={"a": "1"}, extra_specs={"a": "b"}).delete()
    cinderlib.Backend.persistence.soft_deletes = True
    volume = fast.create_volume(1, name="soft-gone", metadata={"a": "1"})
    snapshot = volume.create_snapshot("soft-gone")
    volume.connect(CONNECTOR).disconnect()
    snapshot.delete()
    volume.delete()
    cinderlib.Backend.persistence.soft_deletes = False


def forget_specs():
    """Extend a volume that has specs in another run of the program, which makes cinderlib forget them."""
    (special,) = cinderlib.Volume.get_by_name("forgetful")
    special.extend(3)


def write(name, content):
    """Write a JSON file; a string is written as cinderlib made it."""
    text = content if isinstance(content, str) else json.dumps(content)
    (DATA / name).write_text(text + "\n")


def write_json(fast, files):
    """Write everything in all of cinderlib's forms."""
    by_name = {volume.name: volume for volume in fast.volumes}
    used, plain, special = by_name["used"], by_name["plain"], by_name["special"]
    write("volume.json", plain.json)
    write("volume-dumps.json", plain.dumps)
    write("volume-specs.json", special.dump)
    write("volume-simple.json", used.to_jsons())
    write("snapshot.json", plain.snapshots[0].json)
    write("connection.json", used.connections[0].json)
    write("connection-simple.json", used.connections[0].to_json())
    write("backend-jsons.json", files.jsons)
    write("all-dumps.json", cinderlib.dumps())


def main(step):
    """Run one step in one process, as programs that use cinderlib run."""
    database = DATA / "cinderlib.db"
    storage = {"storage": "memory"} if step == "memory" else {"storage": "db", "connection": f"sqlite:///{database}"}
    cinderlib.setup(
        file_locks_path=str(DATA),
        disable_logs=False,
        host="old-machine",
        output_all_backend_info=step != "json-names",
        persistence_config=storage,
    )
    fast, files = (
        cinderlib.Backend(volume_backend_name=name, volume_driver="make.OldFilesDriver", san_password="array-" + name)
        for name in ("fast", "files")
    )
    match step:
        case "make":
            make_plain(fast, files)
            fast.create_volume(2, name="forgetful", extra_specs={"thin": "true"}, qos_specs={"maxIOPS": "7"})
            make_used(fast, files)
            make_broken(fast, files)
            make_deleted(fast, files)
            for key, value in (("node-7", json.dumps(CONNECTOR)), ("empty", ""), ("nothing", None)):
                cinderlib.Backend.persistence.set_key_value(cinderlib.KeyValue(key, value))
        case "extend":
            forget_specs()
        case "json":
            write_json(fast, files)
        case "json-names":
            write("volume-named.json", cinderlib.Volume.get_by_name("plain")[0].json)
            write("backend-named.json", files.dump)
        case "memory":
            make_plain(fast, files)
            write("memory-dump.json", cinderlib.dump())
        case "sql":
            with closing(sqlite3.connect(database)) as connection:
                write("cinderlib.sql", "\n".join(connection.iterdump()))


if __name__ == "__main__":
    main(sys.argv[1])

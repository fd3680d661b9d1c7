"""Taking over, giving back, reverting and retyping with Cinder's LVM driver: thin volumes, and thick ones."""

from dataclasses import replace
from pathlib import Path

import pytest

from cinderblock.config import read
from cinderblock.errors import AlreadyExists, InUse, InvalidRequest
from cinderblock.opening import open_library
from persistence.memory import MemoryStore
from persistence.records import Status
from tests.guest import machine
from tests.guest.node import node_process
from tests.unit.library.world import connection, snapshot, volume
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("nothing_left", "as_before")

THICK_GROUP = "thick"
LVM_FILTER = Path("/etc/lvm/lvmlocal.conf")
_THICK = f"""
[thick]
volume_driver = cinder.volume.drivers.lvm.LVMVolumeDriver
volume_backend_name = thick
volume_group = {THICK_GROUP}
lvm_type = default
lvm_conf_file = none
volume_clear = none
target_helper = lioadm
target_ip_address = 127.0.0.1
"""


@pytest.fixture(scope="module")
def thick_group(tmp_path_factory):
    disk = Path("/run/thick-disk")
    with disk.open("wb") as stream:
        stream.truncate(6 * 1024**3)
    device = machine.run("losetup", "-f", "--show", str(disk)).strip()
    # The guest's LVM looks at the guest's own disks only.
    before = LVM_FILTER.read_text(encoding="utf-8")
    LVM_FILTER.write_text(before.replace('"r|', f'"a|^{device}$|", "r|'), encoding="utf-8")
    try:
        machine.run("vgcreate", THICK_GROUP, device)
        yield THICK_GROUP
        machine.run("vgremove", "--force", THICK_GROUP)
    finally:
        LVM_FILTER.write_text(before, encoding="utf-8")
        machine.run("losetup", "-d", device)
        disk.unlink()


@pytest.fixture(scope="module")
def library(nothing_left, cinder_conf, thick_group, tmp_path_factory):
    folder = tmp_path_factory.mktemp("both")
    config = folder / "cinder.conf"
    both = cinder_conf.read_text(encoding="utf-8").replace("enabled_backends = lvm", "enabled_backends = lvm, thick")
    config.write_text(both + _THICK, encoding="utf-8")
    store = MemoryStore()
    configuration = read(config, state_dir=folder)
    library = open_library(configuration, store=store, state_dir=folder, owner="guest", on_lost=lambda: None)
    library.start()
    # The library does not wait for a back end that is slow to start.
    eventually(lambda: not any(backend.down_because for backend in library.backends), timeout_s=300)
    yield library
    library.close()
    store.close()


def vendor(library, backend):
    return library.backends.get(backend).driver().driver


def write(device, text):
    with Path(device).open("r+b", buffering=0) as stream:
        stream.write(text.encode().ljust(4096, b"\0"))
    machine.run("blockdev", "--flushbufs", str(device))


def begins_with(device):
    machine.run("blockdev", "--flushbufs", str(device))
    with Path(device).open("rb") as stream:
        return stream.read(4096).rstrip(b"\0").decode()


def device_of(library, volume_id):
    found = library.volumes.get(volume_id)
    group = machine.VOLUME_GROUP if found.backend == "lvm" else THICK_GROUP
    return f"/dev/{group}/volume-{found.cinder_id}"


def test_a_thin_volume_is_taken_over_exported_and_given_back(library, tmp_path_factory):
    pool = f"{machine.VOLUME_GROUP}/{machine.VOLUME_GROUP}-pool"
    machine.run("lvcreate", "--yes", "-V", "1536m", "-T", pool, "-n", "foreign")
    write(f"/dev/{machine.VOLUME_GROUP}/foreign", "from before")
    listed = {one.reference["source-name"]: one for one in library.volumes.manageable("lvm")}
    assert (listed["foreign"].size_gib, listed["foreign"].in_the_way) == (2, "")

    found = library.volumes.manage(volume("taken", backend="lvm"), {"source-name": "foreign"})
    assert (found.size_gib, found.status) == (2, Status.AVAILABLE)
    own = {"source-name": f"volume-{found.cinder_id}"}
    with pytest.raises(AlreadyExists):
        library.volumes.manage(volume("twice", backend="lvm"), own)
    with node_process(tmp_path_factory.mktemp("node")) as host:
        published = library.connections.publish(connection("taken", "guest", connector=host.connector_properties()))
        device = host.connect(published.connection_info)
        assert begins_with(device.path) == "from before"
        with pytest.raises(InUse):
            library.volumes.unmanage("taken")
        host.disconnect(published.connection_info, device)
    library.connections.unpublish("taken")

    found = library.volumes.retype("taken", extra_specs={"tier": "gold"}, qos_specs={"total_iops_sec": "500"})
    assert found.extra_specs == {"tier": "gold"}
    library.snapshots.create(snapshot("s", "taken"))
    with pytest.raises(InvalidRequest, match="thin"):
        library.volumes.revert("taken", "s")
    assert library.volumes.get("taken").status is Status.AVAILABLE
    library.snapshots.delete("s")

    assert library.volumes.unmanage("taken") == own
    assert own["source-name"] in machine.storage()["volumes"]
    library.volumes.manage(volume("again", backend="lvm"), own)
    assert begins_with(device_of(library, "again")) == "from before"
    library.volumes.delete("again")


def test_a_taking_over_that_was_cut_off_after_the_name_changed_goes_on(library):
    pool = f"{machine.VOLUME_GROUP}/{machine.VOLUME_GROUP}-pool"
    machine.run("lvcreate", "--yes", "-V", "1g", "-T", pool, "-n", "foreign")
    write(f"/dev/{machine.VOLUME_GROUP}/foreign", "from before")
    found = library.volumes.manage(volume("taken", backend="lvm"), {"source-name": "foreign"})
    cut = replace(found, status=Status.MANAGING, wanted_reference={"source-name": "foreign"})
    library.store.volumes.replace(cut)
    with pytest.raises(InUse):
        library.volumes.delete("taken")
    again = library.volumes.manage(volume("taken", backend="lvm"), {"source-name": "foreign"})
    assert again.cinder_id != found.cinder_id
    assert begins_with(device_of(library, "taken")) == "from before"
    library.volumes.delete("taken")


def test_a_thick_volume_goes_back_to_its_snapshot_even_when_that_was_cut_off(library):
    library.volumes.create(volume("v", backend="thick"))
    write(device_of(library, "v"), "old")
    taken = library.snapshots.create(snapshot("s", "v"))
    write(device_of(library, "v"), "new")
    library.volumes.revert("v", "s")
    assert begins_with(device_of(library, "v")) == "old"

    write(device_of(library, "v"), "newer")
    # What the driver does first, and then the process dies: the snapshot is merged and gone.
    vendor(library, "thick").vg.revert(f"_snapshot-{taken.cinder_id}")
    found = library.volumes.get("v")
    cut = replace(found, status=Status.REVERTING, wanted_snapshot_cinder_id=taken.cinder_id)
    library.store.volumes.replace(cut)
    assert f"_snapshot-{taken.cinder_id}" not in machine.run("lvs", "--noheadings", "-o", "lv_name", THICK_GROUP)
    with pytest.raises(InUse, match="cut off"):
        library.connections.publish(connection("v"))
    library.volumes.revert("v", "s")
    assert begins_with(device_of(library, "v")) == "old"
    assert begins_with(f"/dev/{THICK_GROUP}/_snapshot-{taken.cinder_id}") == "old"
    library.snapshots.delete("s")
    library.volumes.delete("v")


def test_a_thick_snapshot_is_taken_over_and_given_back(library):
    found = library.volumes.create(volume("v", backend="thick"))
    write(device_of(library, "v"), "old")
    machine.run("lvcreate", "--yes", "-s", "-L", "1g", "-n", "by-hand", f"{THICK_GROUP}/volume-{found.cinder_id}")
    write(device_of(library, "v"), "new")
    taken = library.snapshots.manage(snapshot("s", "v"), {"source-name": "by-hand"})
    assert taken.size_gib == 1
    assert begins_with(f"/dev/{THICK_GROUP}/_snapshot-{taken.cinder_id}") == "old"
    now = library.snapshots.unmanage("s")
    assert now == {"source-name": f"_snapshot-{taken.cinder_id}"}
    machine.run("lvremove", "--force", f"{THICK_GROUP}/{now['source-name']}")
    library.volumes.delete("v")

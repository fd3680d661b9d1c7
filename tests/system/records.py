"""A volume's life with its records in a server: the driver and the server may die, and the state folder holds none."""

from cinderblock.units import GIB
from tests.system.pods import Pod


def configured(folder, connection):
    """Write a configuration with one back end, and where the records are; return its path."""
    config = folder / "cinder.conf"
    local = f"volume_driver = cinderblock.cinder.local_files.LocalFilesDriver\nlocal_files_path = {folder}/volumes\n"
    store = f"[persistence]\nconnection = {connection}\n"
    config.write_text(f"[DEFAULT]\nenabled_backends = local\n[local]\n{local}{store}")
    return config


def live(process, server, folder, *, look):
    """Have a volume, its snapshot and what is restored from it, and delete them; return what the driver has logged.

    `look` is called with both volumes' ids while all of it is there.
    """
    client = process.start()
    pod = Pod(client, folder / "pod", client.create("volume", GIB).volume_id).start()
    checksum = pod.write()
    process.kill()
    _restart(server)
    pod.client = process.start()
    pod.start()
    assert pod.checksum() == checksum
    snapshot_id = pod.client.snapshot("snapshot", pod.volume_id).snapshot_id
    # The driver goes on through this one.
    _restart(server)
    made = pod.client.create("restored", GIB, snapshot_id=snapshot_id)
    restored = Pod(pod.client, folder / "restored", made.volume_id).start()
    assert restored.checksum() == checksum
    look(pod.volume_id, restored.volume_id)
    for one in (pod, restored):
        one.stop()
        one.client.delete(one.volume_id)
    pod.client.delete_snapshot(snapshot_id)
    assert pod.client.volumes() == []
    pod.client.close()
    client.close()
    assert process.stop() == 0
    assert not list(process.state_dir.glob("*.db*"))
    return process.log_file.read_text()


def _restart(server):
    server.kill()
    server.start()

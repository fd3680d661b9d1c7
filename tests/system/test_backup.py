"""A store that was lost comes back from its backup, and what the volumes hold was never gone."""

from cinderblock.units import GIB
from csi import cli
from tests.system.pods import Pod


def test_a_lost_store_comes_back_as_the_page_on_stores_says(process, client, tmp_path, capsys):
    pod = Pod(client, tmp_path / "pod", client.create("kept", GIB).volume_id).start()
    checksum = pod.write()
    snapshot_id = client.snapshot("before", pod.volume_id).snapshot_id
    deleted = client.create("deleted since", GIB).volume_id
    places, file = ["--state-dir", str(process.state_dir)], str(tmp_path / "records.jsonl")
    assert cli.main(["store", "export", file, *places]) == 0
    # After the backup one volume goes and one comes.
    client.delete(deleted)
    client.create("made since", GIB)
    process.kill()
    for lost in process.state_dir.glob("cinderblock.db*"):
        lost.unlink()
    assert cli.main(["store", "import", file, *places]) == 0
    capsys.readouterr()
    assert cli.main(["store", "check", *places, "--mend", "missing"]) == 1
    said = capsys.readouterr().out
    assert f"in the records only: deleted since {deleted}" in said
    assert said.count("on the back end only: source-name=volume-") == 1
    pod.client = process.start()
    assert {volume.volume_id for volume in pod.client.volumes()} == {pod.volume_id}
    pod.start()
    assert pod.checksum() == checksum
    pod.stop()
    pod.client.delete_snapshot(snapshot_id)
    pod.client.delete(pod.volume_id)
    pod.client.close()

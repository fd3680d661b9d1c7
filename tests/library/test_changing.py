"""Going back to a snapshot, and asking something else of the back end, as programs do it."""

import pytest

import cinderblock

GOLD = {"vendor:tier": "gold"}
IOPS = {"total_iops_sec": "500"}
CONNECTOR = {"host": "one", "initiator": "iqn.2026-01.io.example:one"}


def written(lab, volume, text=None):
    """Return how the volume's file begins, after having written to it."""
    file = lab.folder / "files" / f"volume-{volume.record.cinder_id}"
    with file.open("r+b") as stream:
        if text is not None:
            stream.write(text)
            stream.seek(0)
        return stream.read(3)


def test_a_volume_goes_back_to_its_snapshot(lab):
    volume = lab.backend().create_volume(1)
    written(lab, volume, b"old")
    snapshot = volume.create_snapshot()
    written(lab, volume, b"new")
    assert volume.revert(snapshot) is volume
    assert (written(lab, volume), volume.snapshots()) == (b"old", [snapshot])


def test_a_revert_is_refused_in_words_and_changes_nothing(lab):
    backend = lab.backend("SharedDriver")
    volume, other = backend.create_volume(1), backend.create_volume(1)
    snapshot = volume.create_snapshot()
    with pytest.raises(cinderblock.NotFound, match="has no snapshot"):
        other.revert(snapshot)
    connection = volume.connect(CONNECTOR)
    with pytest.raises(cinderblock.InUse, match="published to one"):
        volume.revert(snapshot)
    connection.disconnect()
    with pytest.raises(cinderblock.InvalidRequest, match="had 1 GiB"):
        volume.extend(2).revert(snapshot)
    assert volume.reload().status == "available"


def test_a_volume_never_goes_back_to_another_snapshot_that_has_the_id_by_now(lab):
    volume = lab.backend().create_volume(1)
    old = volume.create_snapshot(id="s")
    old.delete()
    volume.create_snapshot(id="s")
    with pytest.raises(cinderblock.NotFound, match="no snapshot 's' any more"):
        volume.revert(old)


def test_specs_change_and_what_is_not_given_stays(lab):
    storage = lab.open()
    volume = lab.backend("RetypingDriver", storage=storage).create_volume(
        1, extra_specs={"a": "b"}, qos_specs={"c": "d"}
    )
    assert volume.retype(extra_specs=GOLD) is volume
    assert (volume.extra_specs, volume.qos_specs) == (GOLD, {"c": "d"})
    volume.retype(qos_specs=IOPS)
    found = storage.volume(volume.id)
    assert (found.extra_specs, found.qos_specs) == (GOLD, IOPS)
    assert lab.told() == ["vendor:tier=gold c=d", "vendor:tier=gold total_iops_sec=500"]
    volume.retype(extra_specs={}, qos_specs={})
    assert (volume.extra_specs, volume.qos_specs) == ({}, {})


def test_a_driver_that_cannot_change_specs_says_so_and_the_volume_is_what_it_was(lab):
    volume = lab.backend("RetypingDriver").create_volume(1, extra_specs={"a": "b"})
    with pytest.raises(cinderblock.InvalidRequest, match="impossible from None to '1'"):
        volume.retype(extra_specs={"impossible": "1"})
    with pytest.raises(cinderblock.InvalidRequest, match="QoS specs are a mapping"):
        volume.retype(qos_specs={"a": 1})
    assert (volume.reload().extra_specs, volume.status) == ({"a": "b"}, "available")

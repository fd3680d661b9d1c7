"""Opening a storage and its back ends: once each, with words for what cannot work, and again after the close."""

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import cinderblock
from cinderblock.concealment import MASK, masked
from persistence.errors import StoreUnavailable
from persistence.memory import MemoryStore
from tests.library.conftest import FILES


def test_a_second_back_end_of_a_name_is_the_first_one_when_its_options_are_the_same(lab):
    storage = lab.open()
    first = lab.backend(storage=storage, reserved_percentage=3)
    assert lab.backend(storage=storage, reserved_percentage="3") is first
    assert storage.backend("files") is first
    assert storage.backend_names == ["files"]


def test_a_second_back_end_of_a_name_with_other_options_is_refused_by_their_names(lab):
    storage = lab.open()
    lab.backend("SharedDriver", storage=storage, vendor_password="hunter22", vendor_port=5)
    with pytest.raises(cinderblock.AlreadyExists, match=r"differ in vendor_password, vendor_port;") as caught:
        lab.backend("SharedDriver", storage=storage, vendor_password="hunter23")
    assert "hunter2" not in str(caught.value)


def test_several_back_ends_are_used_side_by_side(lab):
    storage = lab.open()
    one = lab.backend(storage=storage, name="one", local_files_path=lab.folder / "one")
    two = lab.backend(storage=storage, name="two", local_files_path=lab.folder / "two")
    volume = two.create_volume(1)
    assert (one.volumes(), two.volumes()) == ([], [volume])
    assert [path.name for path in (lab.folder / "two").iterdir()] == [f"volume-{volume.record.cinder_id}"]
    assert [pool.name for pool in one.pools()] == ["one"]


def test_after_a_back_end_that_did_not_start_other_options_count(lab):
    storage = lab.open()
    with pytest.raises(cinderblock.ConfigurationError, match=r"vendor_port.* 'many'"):
        lab.backend("tests.fakes.vendor.DemandingDriver", storage=storage, vendor_port="many")
    with pytest.raises(cinderblock.ConfigurationError, match="local_files_path"):
        lab.backend(storage=storage, local_files_path="files")
    assert storage.backend_names == []
    # What the driver before took for a number is a word to this one.
    assert lab.backend("WordyDriver", storage=storage, vendor_port="many").create_volume(1).size_gib == 1


def test_an_option_that_the_driver_does_not_know_is_refused_with_the_closest_one(lab):
    storage = lab.open()
    with pytest.raises(cinderblock.ConfigurationError, match=r"'local_file_path' .* did you mean 'local_files_path'"):
        lab.backend(storage=storage, local_file_path="/tmp")
    assert lab.backend(storage=storage)


def test_an_unknown_option_is_a_line_in_the_log_where_that_is_asked_for(lab, caplog):
    lab.backend(storage=lab.open(strict=False), local_file_path="/tmp")
    assert "did you mean 'local_files_path'?" in caplog.text


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("files", {}, "there is no back end 'files' yet"),
        ("files", {"local_files_path": "/tmp"}, "volume_driver is not given"),
        ("a b", {"volume_driver": FILES}, "'a b' cannot be a back end's name"),
        ("files", {"volume_driver": FILES, "driver_workers": 0}, "driver_workers"),
        ("files", {"volume_driver": FILES, "volume_group": object()}, "volume_group is object"),
        ("files", {"volume_driver": "cinder.volume.drivers.lvm.LVMVolumeDrver"}, "did you mean"),
    ],
)
def test_a_back_end_that_cannot_be_is_refused_in_words(lab, name, options, said):
    with pytest.raises((cinderblock.ConfigurationError, cinderblock.NotFound), match=said):
        lab.open().backend(name, **options)


def test_the_back_ends_of_a_file_are_opened_by_their_names_alone(lab):
    file = lab.folder / "cinder.conf"
    sections = "\n".join(
        f"[{name}]\nvolume_driver = {FILES}\nlocal_files_path = {lab.folder}/{name}\n" for name in ("one", "two")
    )
    file.write_text(f"[DEFAULT]\nenabled_backends = one\nhost = somewhere\n{sections}", encoding="utf-8")
    storage = lab.open(config_file=file)
    assert storage.backend_names == ["one"]
    volume = storage.backend("one").create_volume(1)
    assert volume.record.host == "somewhere@one#one"
    with pytest.raises(cinderblock.ConfigurationError, match="has its options in"):
        storage.backend("two", **lab.options())
    assert lab.backend(storage=storage, name="three")
    storage.close()
    # A volume opens its back end by itself.
    lab.open(config_file=file).volume(volume.id).delete()
    assert not list((lab.folder / "one").iterdir())


def test_a_storage_is_opened_again_in_the_same_process_with_other_options(lab):
    with lab.open() as storage:
        kept = lab.backend("SharedDriver", storage=storage, vendor_port=1).create_volume(1)
    with pytest.raises(cinderblock.BackendUnavailable, match="closed"):
        storage.backend("files")
    with pytest.raises(cinderblock.BackendUnavailable, match="closed"):
        kept.extend(2)
    storage.close()
    again = lab.open(cinder_options={"volume_name_template": "vol-%s"})
    moved = lab.backend(storage=again, local_files_path=lab.folder / "moved")
    new = moved.create_volume(1)
    assert [path.name for path in (lab.folder / "moved").iterdir()] == [f"vol-{new.record.cinder_id}"]
    assert set(again.volumes()) == {kept, new}


def test_only_one_storage_at_a_time_has_back_ends_and_others_may_look(lab):
    first, second = lab.open(), lab.open()
    volume = lab.backend(storage=first).create_volume(1)
    assert second.volumes() == [volume]
    with pytest.raises(cinderblock.ConfigurationError, match="running in this process already"):
        lab.backend(storage=second)
    first.close()
    lab.backend(storage=second)
    second.volume(volume.id).delete()
    assert lab.files() == []


def test_closing_gives_the_lease_back_and_closes_no_store_of_the_caller_s(lab):
    storage = lab.open()
    lab.backend(storage=storage).create_volume(1)
    assert leases(lab.store)
    storage.close()
    assert not leases(lab.store)


def leases(store):
    return [record.id for record in store.key_values.page() if record.id.startswith("lease/")]


def test_a_store_that_lasts_needs_a_folder(lab):
    with pytest.raises(cinderblock.ConfigurationError, match="state_dir"):
        cinderblock.open(lab.url)
    with pytest.raises(cinderblock.ConfigurationError, match="state_dir"):
        cinderblock.open(MemoryStore())


def test_a_folder_that_others_may_write_to_is_refused(lab):
    lab.state.mkdir(mode=0o700)
    lab.state.chmod(0o770)
    with pytest.raises(cinderblock.ConfigurationError, match="chmod go-w"):
        lab.open()


def test_a_folder_of_somebody_else_is_refused(lab):
    lab.state.mkdir(mode=0o700)
    os.chown(lab.state, 12345, -1)
    with pytest.raises(cinderblock.ConfigurationError, match="belongs to user 12345"):
        lab.open(lab.url)


def test_a_storage_in_memory_needs_nothing_and_leaves_nothing(lab):
    before = temporary()
    with cinderblock.open() as storage:
        lab.backend(storage=storage).create_volume(1).delete()
        assert len(temporary()) == len(before) + 1
    assert temporary() == before


def temporary():
    return sorted(Path(tempfile.gettempdir()).glob("cinderblock-*"))


def test_a_key_that_was_lost_is_not_replaced_while_there_are_volumes(lab):
    with lab.open() as storage:
        lab.backend(storage=storage).create_volume(1)
    (lab.state / "key").unlink()
    with pytest.raises(cinderblock.ConfigurationError, match=r"key is not there; restore it"):
        lab.open()


def test_several_threads_work_side_by_side(lab):
    backend = lab.backend(storage=lab.open(lab.url))

    def work(_):
        volume = backend.create_volume(1)
        copy = volume.create_snapshot().create_volume()
        for snapshot in volume.snapshots():
            snapshot.delete()
        copy.delete()
        volume.extend(2).delete()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))
    assert (backend.volumes(), lab.files()) == ([], [])


def test_several_threads_that_open_one_back_end_get_the_same(lab):
    storage = lab.open()
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: lab.backend(storage=storage), range(4)))
    assert len(set(map(id, found))) == 1


def test_the_password_of_a_store_is_masked_wherever_it_turns_up(tmp_path):
    with pytest.raises(StoreUnavailable, match="nobody answers on its socket"):
        cinderblock.open("mariadb://user:canary%40of-a-store@/db?unix_socket=/nowhere", state_dir=tmp_path / "state")
    assert masked("canary@of-a-store, canary%40of-a-store") == f"{MASK}, {MASK}"

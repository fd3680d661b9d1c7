"""Starting drivers: what it says when one does not start, and what it leaves of the host program."""

import logging
import os
import signal
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest

from cinderblock.concealment import masked
from cinderblock.errors import BackendUnavailable, ConfigurationError
from tests.contract.drivers import stored_volume


def refused(lab, text, error, **options):
    configuration = lab.configure({"array": text}, **options)
    runtime = lab.open(configuration)
    with pytest.raises(error) as caught:
        runtime.start(configuration.backends[0])
    runtime.close()
    return str(caught.value)


def test_opening_cinder_leaves_the_host_program_as_it_was(tmp_path):
    script = """
import logging, os, signal, sys, threading, warnings
from pathlib import Path
def state():
    return (list(logging.getLogger().handlers), logging.getLogger().level, dict(os.environ), list(warnings.filters),
        os.getcwd(), [signal.getsignal(one) for one in signal.valid_signals()], threading.current_thread().__class__,
        sys.excepthook, logging.root.manager.disable, os.umask(0o22))
os.umask(0o22)
before = state()
from cinderblock import config
from cinderblock.cinder.loading import Runtime
from persistence.memory import MemoryStore
folder = Path(sys.argv[1])
configuration = config.read(None, state_dir=folder)
runtime = Runtime.open(configuration, state_dir=folder, store=MemoryStore())
runtime.start(configuration.backends[0]).pools()
during = state()
runtime.close()
assert before == during == state(), (before, during)
assert threading.active_count() == 1, threading.enumerate()
import _thread, socket
assert threading._start_new_thread is _thread.start_new_thread
assert not os.listdir("."), os.listdir(".")
print("clean")
"""
    empty = tmp_path / "empty"
    empty.mkdir()
    state = tmp_path / "state"
    state.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", script, state],
        check=False,
        capture_output=True,
        text=True,
        cwd=empty,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path.cwd()), *sys.path])},
    )
    assert (done.stdout, done.returncode) == ("clean\n", 0), done.stderr
    assert not done.stderr


def test_several_back_ends_run_side_by_side_though_one_does_not_start(lab):
    configuration = lab.configure(
        {"one": "vendor.VendorDriver", "two": "vendor.BrokenDriver", "three": "vendor.ArrayDriver"}
    )
    runtime = lab.open(configuration)
    one, two, three = configuration.backends
    first = runtime.start(one)
    with pytest.raises(BackendUnavailable, match=r"back end 'two'.* does not start: .*the array said no"):
        runtime.start(two)
    third = runtime.start(three)
    volume = stored_volume(lab.store, backend="one", host="cinderblock@one#one")
    first.create(volume)
    assert [pool.name for pool in first.pools()] == ["one"]
    assert [pool.name for pool in third.pools()] == ["fast", "slow", "auto"]
    assert (lab.folder / "one" / f"volume-{volume.cinder_id}").exists()


def test_only_one_runtime_is_open_at_a_time_and_the_next_one_reads_its_own_configuration(lab):
    configuration = lab.configure({"array": "vendor.VendorDriver"})
    first = lab.open(configuration)
    first.start(configuration.backends[0])
    with pytest.raises(ConfigurationError, match="running in this process already"):
        lab.open(configuration)
    first.close()
    first.close()
    with pytest.raises(BackendUnavailable, match="closed"):
        first.start(configuration.backends[0])
    moved = (
        f"volume_driver = tests.fakes.vendor.ThreadBoundDriver\nlocal_files_path = {lab.folder}/moved\nvendor_port = 1"
    )
    configuration = lab.configure({"array": moved}, default="host = elsewhere")
    second = lab.open(configuration)
    driver = second.start(configuration.backends[0]).driver
    assert (lab.folder / "moved").is_dir()
    assert driver.host == "elsewhere@array"
    # What the driver before had registered in a section of this name is not known any more.
    (warning,) = second.warnings(configuration.backends[0])
    assert "option 'vendor_port' is not known to tests.fakes.vendor.ThreadBoundDriver" in warning


def test_an_unknown_option_is_a_warning_with_the_closest_known_one(lab):
    text = """volume_driver = tests.fakes.vendor.VendorDriver
vendor_prot = 1
vendor_old_port = 5
backend_host = array-host
driver_workers = 3
topology = zone:a
volume_backend_name = x
max_over_subscription_ratio = 3"""
    configuration = lab.configure({"array": text})
    runtime = lab.open(configuration)
    assert not runtime.warnings(configuration.backends[0])
    driver = runtime.start(configuration.backends[0])
    (warning,) = runtime.warnings(configuration.backends[0])
    assert warning == (
        "section [array]: option 'vendor_prot' is not known to tests.fakes.vendor.VendorDriver, "
        "did you mean 'vendor_port'?"
    )
    assert driver.driver.host == "array-host@array"
    assert driver.driver.configuration.vendor_port == 5


def test_backend_defaults_count(lab):
    _, vendor = lab.start("vendor.VendorDriver", shared="vendor_port = 77")
    assert vendor.configuration.vendor_port == 77


def test_a_missing_class_names_the_nearest_one(lab):
    said = refused(lab, "volume_driver = cinder.volume.drivers.lvm.LVMVolumeDrver", ConfigurationError)
    assert "did you mean 'cinder.volume.drivers.lvm.LVMVolumeDriver'?" in said
    said = refused(lab, "volume_driver = cinder.volume.drivers.lmv.LVMVolumeDriver", ConfigurationError)
    assert "did you mean 'cinder.volume.drivers.lvm.LVMVolumeDriver'?" in said
    assert "there is no driver LVM" in refused(lab, "volume_driver = LVM", ConfigurationError)


def test_a_missing_package_is_named(lab):
    said = refused(lab, "volume_driver = tests.fakes.vendor_without_sdk.Driver", ConfigurationError)
    assert "needs the Python package 'a_vendors_sdk', which is not installed" in said


def test_a_package_that_a_driver_only_tries_to_import_is_named_when_it_does_not_start(lab):
    said = refused(lab, "volume_driver = cinder.volume.drivers.rbd.RBDDriver", BackendUnavailable)
    assert said.endswith("; not installed, of the Python packages that it can use: 'rados', 'rbd'")


def test_a_driver_that_brings_cinder_s_volume_manager_in_is_loaded_after_others(lab):
    fibre_channel = "volume_driver = cinder.volume.drivers.prophetstor.dpl_fc.DPLFCDriver\nsan_ip = 127.0.0.1"
    configuration = lab.configure(
        {"one": "vendor.VendorDriver", "two": fibre_channel, "three": "vendor.VendorDriver"},
        shared="enable_unsupported_driver = true",
    )
    runtime = lab.open(configuration)
    for backend in configuration.backends:
        assert runtime.start(backend)
        assert not [line for line in runtime.warnings(backend) if "local_files_path" not in line]


def test_a_handler_that_a_driver_gives_to_another_s_logger_is_taken_away(lab):
    before = list(logging.getLogger("urllib3").handlers)
    lab.start("vendor.LoggingDriver")
    assert logging.getLogger("urllib3").handlers == before


def test_a_missing_program_is_named(lab):
    said = refused(lab, "vendor.ToollessDriver", ConfigurationError)
    assert "needs the program 'no-such-program-of-a-vendor', which is not installed" in said


def test_a_bad_value_is_named(lab):
    text = "volume_driver = tests.fakes.vendor.DemandingDriver\nvendor_port = many"
    said = refused(lab, text, ConfigurationError)
    assert "vendor_port" in said
    assert "many" in said


def test_an_unsupported_driver_starts_only_when_it_is_asked_for(lab):
    text = "volume_driver = tests.fakes.vendor.UnsupportedDriver"
    assert "enable_unsupported_driver = true" in refused(lab, text, ConfigurationError)


def test_an_unsupported_driver_that_is_asked_for_starts(lab):
    text = "volume_driver = tests.fakes.vendor.UnsupportedDriver\nenable_unsupported_driver = true"
    driver, _ = lab.start(text)
    assert driver.pools()


def test_a_secret_option_is_masked_in_what_the_start_says_and_for_ever(lab):
    said = refused(
        lab, "volume_driver = tests.fakes.vendor.BrokenDriver\nvendor_password = hunter22", BackendUnavailable
    )
    assert said.endswith("the array said no to ***")
    assert masked("a log line with hunter22") == "a log line with ***"


def test_a_driver_of_one_worker_runs_on_one_thread_with_the_caller_s_context(lab):
    driver, vendor = lab.start("volume_driver = tests.fakes.vendor.ThreadBoundDriver\ndriver_workers = 1")
    callers = [
        threading.Thread(target=driver.create, args=(lab.volume(),), name=f"caller-{number}") for number in range(4)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(vendor.threads) == 1
    assert threading.get_ident() not in vendor.threads
    assert len(list((lab.folder / "array").glob("volume-*"))) == 4


def test_nothing_is_written_outside_of_the_state_folder_whatever_the_file_says(lab):
    elsewhere = lab.folder / "elsewhere"
    default = f"state_path = {elsewhere}\nlog_dir = {elsewhere}\n[oslo_concurrency]\nlock_path = {elsewhere}\n"
    default += f"[coordination]\nbackend_url = file://{elsewhere}\n[database]\nconnection = mysql://root@live/cinder"
    lab.start("vendor.VendorDriver", default=default)
    assert not elsewhere.exists()
    assert (lab.folder / "locks").is_dir()


def test_a_state_folder_with_a_dollar_sign_is_taken_as_it_is(tmp_path):
    from cinderblock import config
    from cinderblock.cinder.loading import Runtime
    from persistence.memory import MemoryStore

    folder = tmp_path / "a $state_path b"
    folder.mkdir()
    configuration = config.read(None, state_dir=folder)
    runtime = Runtime.open(configuration, state_dir=folder, store=MemoryStore())
    try:
        runtime.start(configuration.backends[0])
    finally:
        runtime.close()
    assert sorted(path.name for path in folder.iterdir()) == ["embedded.conf", "locks", "volumes"]


def test_signals_and_warnings_of_the_caller_survive_a_driver_that_is_loaded(lab):
    before = signal.getsignal(signal.SIGTERM), list(warnings.filters), list(logging.getLogger().handlers)
    lab.start("vendor.VendorDriver")
    assert (signal.getsignal(signal.SIGTERM), list(warnings.filters), list(logging.getLogger().handlers)) == before

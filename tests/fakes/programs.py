"""Drivers over real files for programs' tests: what they do can be seen in their folder, from any process."""

import os
import signal
import sys

from oslo_config import cfg

from cinderblock.cinder.local_files import LocalFilesDriver
from cinderblock.cinder.stats import SNAPSHOTS_DEPEND
from tests.fakes.vendor import VendorDriver


class SharedDriver(VendorDriver):
    """Several hosts may be connected; `exports/ID` is there while a volume is exported, `log` tells of the calls."""

    def do_setup(self, context):
        super().do_setup(context)
        self._exports = self._folder.parent / "exports"
        self._exports.mkdir(exist_ok=True)

    def create_volume(self, volume):
        super().create_volume(volume)
        volume.admin_metadata["format"] = "raw"
        volume.save()
        return {"vendor_note": {"luns": [[1, 2], [3]]}}

    def create_export(self, context, volume, connector):
        (self._exports / volume.id).touch()
        return super().create_export(context, volume, connector)

    def ensure_export(self, context, volume):
        (self._exports / volume.id).touch()

    def remove_export(self, context, volume):
        (self._exports / volume.id).unlink(missing_ok=True)

    def initialize_connection(self, volume, connector, **kwargs):
        if (self._exports / "refused").exists():
            self.failing = "initialize_connection"
        return super().initialize_connection(volume, connector, **kwargs)

    def _update_volume_stats(self):
        super()._update_volume_stats()
        self._stats["multiattach"] = True


class Qcow2Driver(LocalFilesDriver):
    """Says that its volumes are of a format that no block device can be made of."""

    def initialize_connection(self, volume, connector, **kwargs):
        answer = super().initialize_connection(volume, connector, **kwargs)
        return {**answer, "data": {**answer["data"], "format": "qcow2"}}


class StoppingDriver(LocalFilesDriver):
    """Makes a volume, tells its process's parent so and stops there until it is killed."""

    def create_volume(self, volume):
        super().create_volume(volume)
        print("made", flush=True, file=sys.stdout)
        os.kill(os.getpid(), signal.SIGSTOP)


class PoolsDriver(LocalFilesDriver):
    """Has two pools; the second one has more room."""

    def _update_volume_stats(self):
        super()._update_volume_stats()
        self._stats["pools"] = [
            {"pool_name": "small", "total_capacity_gb": 50, "free_capacity_gb": 50, "provisioned_capacity_gb": 0},
            {"pool_name": "large", "total_capacity_gb": 90, "free_capacity_gb": 90, "provisioned_capacity_gb": 0},
        ]


class DependentDriver(LocalFilesDriver):
    """A volume cannot go before its snapshots, as on most arrays."""

    def delete_volume(self, volume):
        if any(self._folder.glob("snapshot-*")):
            raise AssertionError("a volume was deleted before its snapshots")
        super().delete_volume(volume)

    def _update_volume_stats(self):
        super()._update_volume_stats()
        del self._stats[SNAPSHOTS_DEPEND]


class FailingDriver(LocalFilesDriver):
    """Fails in its own way, after having made a volume or a snapshot, while `broken` is there."""

    def create_volume(self, volume):
        super().create_volume(volume)
        self._fail()

    def create_snapshot(self, snapshot):
        super().create_snapshot(snapshot)
        self._fail()

    def _fail(self):
        if (self._folder.parent / "broken").exists():
            raise RuntimeError("the array has lost its mind")


class WordyDriver(LocalFilesDriver):
    """Has an option of another vendor's name, of another kind."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.configuration.append_config_values([cfg.StrOpt("vendor_port")])


class RetypingDriver(LocalFilesDriver):
    """Changes what a volume asks of it, and writes down what that is; it refuses the "impossible"."""

    def retype(self, context, volume, new_type, diff, host):
        specs = {**new_type.extra_specs, **(new_type.qos_specs.specs if new_type.qos_specs_id else {})}
        if "impossible" in specs:
            return False
        with (self._folder.parent / "told").open("a", encoding="utf-8") as told:
            print(*(f"{name}={value}" for name, value in specs.items()), file=told)
        return True, None


class LosingDriver(LocalFilesDriver):
    """Gives a volume another name when it is taken over, and fails in its own way after that."""

    def manage_existing(self, volume, existing_ref):
        super().manage_existing(volume, existing_ref)
        raise RuntimeError("the array has lost its mind")


class FixedDriver(LocalFilesDriver):
    """Cannot change what a volume asks of it, and says so only when it is asked."""

    def retype(self, context, volume, new_type, diff, host):
        raise NotImplementedError("no volume of this array changes")

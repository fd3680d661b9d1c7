"""Drivers as vendors write them, for the door to Cinder: each has one trait that real ones have.

They are loaded by their class path, through the same door as any of Cinder's.
"""

import logging
import threading
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from cinder import exception, objects
from cinder.volume import qos_specs, volume_types, volume_utils
from oslo_concurrency import processutils
from oslo_config import cfg

from cinderblock.cinder.local_files import LocalFilesDriver

_OPTIONS = [
    cfg.StrOpt("vendor_password", secret=True),
    cfg.IntOpt("vendor_port", deprecated_name="vendor_old_port"),
]


class VendorDriver(LocalFilesDriver):
    """Exports with CHAP as an iSCSI target does, and says so in the database."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.configuration.append_config_values(_OPTIONS)
        self.exports: set[str] = set()
        self.log: list[str] = []
        self.shared = None
        self.failing = ""

    def create_export(self, context, volume, connector):
        self.log.append("create_export")
        self.exports.add(volume.id)
        stored = self.db.volume_get(context, volume.id)["provider_auth"]
        auth = stored or f"CHAP {volume_utils.generate_username()} {volume_utils.generate_password()}"
        return {"provider_location": f"192.0.2.9:3260,1 {volume.name} 0", "provider_auth": auth}

    def ensure_export(self, context, volume):
        self.log.append("ensure_export")

    def remove_export(self, context, volume):
        self.log.append("remove_export")
        self.exports.discard(volume.id)

    def initialize_connection(self, volume, connector, **kwargs):
        self.log.append(f"initialize_connection {volume.attach_status}")
        secret = self.db.volume_get(None, volume.id)["provider_auth"].split()[-1]
        if self.failing == "initialize_connection":
            raise processutils.ProcessExecutionError(cmd=f"rtstool create {secret}", exit_code=1, stderr=f"no {secret}")
        return {"driver_volume_type": "iscsi", "data": {"auth_password": secret, "luns": (1, 2)}}

    def terminate_connection(self, volume, connector, **kwargs):
        self.log.append(f"terminate_connection {volume.attach_status}")
        return self.shared

    def clean_volume_file_locks(self, volume_id):
        self.log.append(f"clean_volume_file_locks {volume_id}")

    def validate_connector(self, connector):
        if "initiator" not in connector:
            raise exception.InvalidConnectorException(missing="initiator")


class RunningDriver(LocalFilesDriver):
    """Has the function that runs its programs from oslo, as those over shared files do."""

    def __init__(self, execute=processutils.execute, *args, **kwargs):
        super().__init__(*args, execute=execute, **kwargs)
        self.given = execute


class TalkativeDriver(LocalFilesDriver):
    """Asks the database for all that drivers ask for while it works."""

    def create_volume(self, volume):
        super().create_volume(volume)
        volume.metadata["made"] = "yes"
        volume.admin_metadata["format"] = "raw"
        volume.save()
        volume.provider_id = "unsaved"
        self.said = {
            "extra_specs": dict(volume.volume_type.extra_specs),
            "by_id": volume_types.get_volume_type(None, volume.volume_type_id)["extra_specs"],
            "qos": volume_types.get_volume_type_qos_specs(volume.volume_type_id)["qos_specs"],
            "hosted": [one.id for one in objects.VolumeList.get_all_by_host(volume.obj_context, self.host)],
            "exists": objects.Volume.exists(volume.obj_context, volume.id),
            "is_multiattach": volume.is_multiattach(),
        }
        if volume.volume_type.qos_specs_id:
            self.said["specs"] = qos_specs.get_qos_specs(volume.obj_context, volume.volume_type.qos_specs_id).specs
        return {"provider_geometry": "16 63 255", "vendor_note": {"a": (1, 2)}, "size": 99}

    def create_cloned_volume(self, volume, src_vref):
        context = volume.obj_context
        temporary = objects.Snapshot(
            context=context,
            volume_id=src_vref.id,
            user_id=context.user_id,
            project_id=context.project_id,
            status="creating",
            volume_size=src_vref.size,
            display_name="temporary",
        )
        temporary.create()
        self.create_snapshot(temporary)
        self.during = [one.id for one in objects.SnapshotList.get_all_for_volume(context, src_vref.id)]
        self.create_volume_from_snapshot(volume, temporary)
        temporary.status = "deleting"
        temporary.save()
        self.delete_snapshot(temporary)
        temporary.destroy()

    def create_snapshot(self, snapshot):
        snapshot.volume.admin_metadata["format"] = "qcow2"
        snapshot.volume.save()
        super().create_snapshot(snapshot)
        return {"provider_id": "snap-7", "metadata": {"taken": "yes"}}

    def delete_volume(self, volume):
        self.db.backup_get(volume.obj_context, "b")


class ArrayDriver(LocalFilesDriver):
    """Has pools, and numbers that are none."""

    POOLS: ClassVar = [
        {"pool_name": "fast", "total_capacity_gb": "infinite", "free_capacity_gb": "unknown", "multiattach": True},
        {
            "pool_name": "slow",
            "total_capacity_gb": "100",
            "free_capacity_gb": 40.5,
            "max_over_subscription_ratio": "20.0",
            "thin_provisioning_support": "True",
            "reserved_percentage": 10,
        },
        {"pool_name": "auto", "total_capacity_gb": 11, "free_capacity_gb": 2, "max_over_subscription_ratio": "auto"},
    ]

    def _update_volume_stats(self):
        self._stats = {"pools": self.POOLS, "online_extend_support": False, "volume_backend_name": "array"}


class ThreadBoundDriver(LocalFilesDriver):
    """Notes the thread of each call."""

    def do_setup(self, context):
        self.threads = {threading.get_ident()}
        super().do_setup(context)

    def create_volume(self, volume):
        self.threads.add(threading.get_ident())
        super().create_volume(volume)


class LoggingDriver(LocalFilesDriver):
    """Has its own idea of where logs go."""

    def do_setup(self, context):
        logging.getLogger("urllib3").addHandler(logging.StreamHandler())
        super().do_setup(context)


class UnsupportedDriver(LocalFilesDriver):
    """Nobody maintains it."""

    SUPPORTED = False


class BrokenDriver(VendorDriver):
    """Does not reach its array."""

    def check_for_setup_error(self):
        raise exception.VolumeBackendAPIException(data="the array said no to hunter22")


class ToollessDriver(LocalFilesDriver):
    """Needs a program that nobody has."""

    def check_for_setup_error(self):
        processutils.execute("no-such-program-of-a-vendor", "--version")


class DemandingDriver(LocalFilesDriver):
    """Reads an option of its own that must be a number."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.configuration.append_config_values(_OPTIONS)
        self.port = self.configuration.vendor_port


class ChangeableDriver(VendorDriver):
    """Answers a retype and a revert as it is told to, and lists what it has page by page."""

    answer: Any = True
    refusal: Exception | None = None
    entries: Sequence[Mapping[str, Any]] = ()
    counts_pages = True

    def retype(self, context, volume, new_type, diff, host):
        self.said = {
            "old": dict(volume.volume_type.extra_specs),
            "new": dict(new_type.extra_specs),
            "qos": new_type.qos_specs_id and dict(new_type.qos_specs.specs),
            "diff": diff,
            "host": host,
            "status": volume.status,
        }
        if self.refusal:
            raise self.refusal
        return self.answer

    def revert_to_snapshot(self, context, volume, snapshot):
        if self.refusal:
            raise self.refusal
        super().revert_to_snapshot(context, volume, snapshot)

    def manage_existing(self, volume, existing_ref):
        if self.refusal:
            raise self.refusal
        super().manage_existing(volume, existing_ref)
        volume.admin_metadata["found"] = existing_ref["source-name"]
        return {"provider_id": "77", "size": 99}

    def manage_existing_get_size(self, volume, existing_ref):
        if "source-id" in existing_ref:
            raise exception.VolumeNotFound(volume_id=existing_ref["source-id"])
        return super().manage_existing_get_size(volume, existing_ref)

    def unmanage(self, volume):
        self.log.append("unmanage")
        if self.refusal:
            raise self.refusal

    def get_manageable_volumes(self, cinder_volumes, marker, limit, offset, sort_keys, sort_dirs):
        self.log.append(f"list from {offset}")
        return self.entries[offset:][:limit] if self.counts_pages else self.entries[:limit]


class PooledChangeableDriver(ChangeableDriver):
    """The same, with pools."""

    def _update_volume_stats(self):
        self._stats = {"pools": ArrayDriver.POOLS, "volume_backend_name": "array"}

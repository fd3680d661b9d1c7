"""An array that gives access to hosts, and asks in the words of real vendors whether a host still needs it."""

from cinder.volume.drivers.dell_emc.powerstore import utils as powerstore
from cinder.volume.drivers.dell_emc.unity import utils as unity
from cinder.volume.drivers.netapp import utils as netapp

from tests.fakes.vendor import VendorDriver


class SharedDriver(VendorDriver):
    """Gives access by host, once for all attachments of a host."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        #: The hosts that reach each volume.
        self.access: dict[str, set[str]] = {}
        self.counted: list[dict[str, bool]] = []

    def initialize_connection(self, volume, connector, **kwargs):
        self.access.setdefault(volume.id, set()).add(connector["host"])
        return super().initialize_connection(volume, connector, **kwargs)

    def terminate_connection(self, volume, connector, **kwargs):
        same = [one for one in volume.volume_attachment if one.connector and one.connector["host"] == connector["host"]]
        still = {
            "netapp": netapp.is_multiattach_to_host(volume, connector),
            "powerstore": powerstore.is_multiattached_to_host(volume.volume_attachment, connector["host"]),
            "unity": unity.is_multiattach_to_host(volume.volume_attachment, connector["host"]),
            "lvm": volume.multiattach and len(same) > 1,
        }
        self.counted.append(still)
        if not any(still.values()):
            self.access[volume.id].discard(connector["host"])

    def remove_export(self, context, volume):
        super().remove_export(context, volume)
        self.access.pop(volume.id, None)

    def _update_volume_stats(self):
        super()._update_volume_stats()
        self._stats["multiattach"] = True

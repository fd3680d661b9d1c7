"""A vendor's driver that does nothing at all: what is left of a call is Cinderblock's own cost."""

from cinder.volume import driver


class IdleDriver(driver.VolumeDriver):
    """Accepts every volume and makes none."""

    VERSION = "1.0.0"
    SUPPORTED = True

    def check_for_setup_error(self):
        pass

    def _update_volume_stats(self):
        pool = {"pool_name": "idle", "total_capacity_gb": "infinite", "free_capacity_gb": "infinite"}
        self._stats = {
            "volume_backend_name": "idle",
            "vendor_name": "tests",
            "driver_version": self.VERSION,
            "storage_protocol": "none",
            "pools": [pool],
        }

    def create_volume(self, volume):
        pass

    def delete_volume(self, volume):
        pass

    def create_export(self, context, volume, connector):
        pass

    def ensure_export(self, context, volume):
        pass

    def remove_export(self, context, volume):
        pass

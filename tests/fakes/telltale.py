"""A vendor's driver that lets its secrets slip wherever it can: to its log, to command lines, to exceptions.

It notes the hash of every secret that it saw in a file, so that a test knows
what there was to be found. It does as it is told by files of its folder.
"""

import hashlib
import secrets
import threading
import warnings
from pathlib import Path

from cinder import exception
from cinder.volume import volume_utils
from cinder.volume.drivers.san import san
from oslo_concurrency import processutils
from oslo_config import cfg
from oslo_log import log as logging

from cinderblock.cinder.local_files import LocalFilesDriver

LOG = logging.getLogger(__name__)

_OPTIONS = [
    cfg.StrOpt("telltale_folder"),
    cfg.StrOpt("telltale_token", secret=True),
]
_CONFIGURED = ("san_password", "chap_password", "telltale_token")
#: Made once per process, as by an array that deals out its own.
_ARRAYS_OWN = f"arrays-own-{secrets.token_hex(8)}"


class TelltaleDriver(LocalFilesDriver):
    """Volumes are files; every secret is told as soon as it is known."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.configuration.append_config_values([*_OPTIONS, *san.san_opts])

    def do_setup(self, context):
        for name in _CONFIGURED:
            self._tell(name, self.configuration.safe_get(name))
        if self._told_to("fail-setup"):
            raise exception.VolumeBackendAPIException(data=f"no login with {self.configuration.san_password}")
        super().do_setup(context)

    def create_volume(self, volume):
        super().create_volume(volume)
        self._fail_as_told(self.configuration.telltale_token)
        return {"provider_auth": self._generated("provider_auth")}

    def create_snapshot(self, snapshot):
        super().create_snapshot(snapshot)
        return {"provider_auth": self._generated("provider_auth of a snapshot")}

    def create_export(self, context, volume, connector):
        self._tell("provider_auth again", self.db.volume_get(context, volume.id)["provider_auth"].split()[-1])
        return {"provider_auth": self._generated("provider_auth of an export")}

    def initialize_connection(self, volume, connector, **kwargs):
        stored = self.db.volume_get(None, volume.id)["provider_auth"].split()[-1]
        self._note("auth_password", stored)
        self._note("discovery_auth_password", self._kept_for(connector))
        info = dict(super().initialize_connection(volume, connector, **kwargs))
        info["data"] |= {
            "auth_method": "CHAP",
            "auth_username": "user",
            "auth_password": stored,
            "discovery_auth_password": self._kept_for(connector),
        }
        LOG.debug("initialize_connection answers %s", info)
        return info

    def terminate_connection(self, volume, connector, **kwargs):
        LOG.info("terminating what was logged in with %s", _ARRAYS_OWN)
        super().terminate_connection(volume, connector, **kwargs)

    def _update_volume_stats(self):
        super()._update_volume_stats()
        LOG.debug("GET https://user:%s@array/stats", self.configuration.san_password)

    def _kept_for(self, connector):
        """Keep the array's own password where Cinder's drivers keep what belongs to an initiator."""
        initiator = connector.get("initiator") or connector["host"]
        if not self.driver_utils.get_driver_initiator_data(initiator):
            assert self.driver_utils.insert_driver_initiator_data(initiator, "chap", _ARRAYS_OWN)
        (kept,) = self.driver_utils.get_driver_initiator_data(initiator)
        return kept["value"]

    def _generated(self, name):
        password = volume_utils.generate_password()
        self._tell(name, password)
        return f"CHAP user {password}"

    def _tell(self, name, secret):
        """Let a secret slip in every way there is."""
        self._note(name, secret)
        LOG.debug("%s is %s", name, secret)
        LOG.warning("rejected: %r", {name: secret})
        warnings.warn(f"{name} {secret} is weak", stacklevel=2)
        try:
            processutils.execute("ls", f"--login=user:{secret}", "/absent")
        except processutils.ProcessExecutionError:
            LOG.exception("logging in failed")
        died = threading.Thread(target=self._die, args=(secret,))
        died.start()
        died.join()

    def _die(self, secret):
        raise RuntimeError(f"no keep-alive with {secret}")

    def _note(self, name, secret):
        digest = hashlib.sha256(str(secret).encode()).hexdigest()
        with (self._folder_of_the_test() / "seen").open("a") as seen:
            seen.write(f"{digest} {name}\n")

    def _fail_as_told(self, secret):
        if self._told_to("fail-in-known-words"):
            raise exception.InvalidInput(reason=f"the array knows no {secret}")
        if self._told_to("fail-in-own-words"):
            raise exception.VolumeBackendAPIException(data=f"the array knows no {secret}")
        if self._told_to("fail-in-a-command"):
            processutils.execute("ls", secret, "/absent")

    def _told_to(self, what):
        return (self._folder_of_the_test() / what).exists()

    def _folder_of_the_test(self):
        return Path(self.configuration.telltale_folder)

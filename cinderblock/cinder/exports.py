"""What stands around a driver's answers while a volume is exported, and while it is withdrawn."""

import logging
from collections.abc import Mapping
from typing import Any

from cinder import exception

from cinderblock.cinder import changes
from cinderblock.cinder.errors import words
from cinderblock.cinder.objects import new_context
from cinderblock.concealment import conceal, conceal_named, masked
from cinderblock.errors import BackendUnavailable
from persistence.records import ConnectionRecord, Json, VolumeRecord

log = logging.getLogger(__name__)


def connection_info(
    answer: Any, volume: VolumeRecord, connection: ConnectionRecord, *, backend: str
) -> Mapping[str, Json]:
    """Return what a driver answered about a connection, its secrets concealed.

    Raises:
        BackendUnavailable: it is no answer.
    """
    info = changes.as_json(answer)
    data = info.get("data") if isinstance(info, dict) else None
    if not isinstance(info, dict) or not isinstance(data, dict) or not info.get("driver_volume_type"):
        raise BackendUnavailable(
            f"the driver of back end '{backend}' did not say how to reach volume '{volume.name}': it answered "
            f"a {type(answer).__name__} without driver_volume_type and data"
        )
    conceal_named(info)
    data.setdefault("access_mode", "ro" if connection.readonly else "rw")
    return info


def terminate(driver: Any, exported: Any, connection: ConnectionRecord, *, last: bool) -> Any:
    """Withdraw the export from one node; return what the driver answers."""
    if not connection.connector:
        return None
    try:
        return driver.terminate_connection(exported, dict(connection.connector), force=False)
    except exception.ISCSITargetDetachFailed as error:
        # LIO says so of a target that is gone as well; removing the export then removes the node's access, too,
        # and fails where the target cannot be reached.
        if not last:
            raise
        log.info("the export of volume %s goes as a whole: %s", exported.id, words(error))
        return None


def take_back(driver: Any, exported: Any) -> None:
    """Remove the export of a connection that failed, on which no other rests."""
    try:
        driver.remove_export(new_context(), exported)
    except Exception as error:  # noqa: BLE001 - the first failure is the one to tell
        log.warning("the export of volume %s was left: %s", exported.id, masked(words(error)))


def conceal_auth(provider_auth: Json) -> None:
    """Conceal the secret of a `provider_auth`, which reads "CHAP USER PASSWORD"."""
    if isinstance(provider_auth, str) and provider_auth:
        conceal(provider_auth)
        conceal(provider_auth.split()[-1])

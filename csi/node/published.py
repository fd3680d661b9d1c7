"""What the controller sealed into a publish context: how this node reaches the volume."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from cinderblock.concealment import conceal_named
from cinderblock.errors import InvalidRequest
from csi.node.wanted import StageWanted
from persistence.errors import PersistenceError
from persistence.records import Json
from persistence.seal import Sealer


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """How to connect, whether to write, and the device's identity ("" when not known).

    `incarnation` tells this publishing from an earlier one, of this volume or
    of one that had its id, "" when the controller does not say.
    """

    connection: Mapping[str, Json] = field(repr=False)
    readonly: bool
    wwn: str
    incarnation: str


def opened(sealer: Sealer, wanted: StageWanted) -> Published:
    """Read what the controller sealed; its secrets are masked in the log from now on.

    Raises:
        InvalidRequest: it is another volume's, or was sealed with another key.
    """
    try:
        text = sealer.open_text(wanted.connection, purpose=f"publish_context/{wanted.volume_id}")
        document = json.loads(text)
        connection = dict(document["connection_info"])
        published = Published(
            connection=connection,
            readonly=bool(document["readonly"]),
            wwn=str(document.get("wwn") or ""),
            incarnation=str(document.get("incarnation") or ""),
        )
    except (PersistenceError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidRequest(
            f"publish_context of volume {wanted.volume_id!r} does not open here; "
            "controller and node need the same key_file, and the context must be the one of this volume"
        ) from error
    conceal_named(connection)
    if not published.readonly:
        return published
    data = connection.get("data")
    # The device itself refuses writes then, wherever the protocol lets it.
    return replace(published, connection={**connection, "data": {**dict(data or {}), "access_mode": "ro"}})

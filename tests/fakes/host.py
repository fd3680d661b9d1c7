"""A host that fails when it is told to; everything else is the real one's work."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from cinderblock.host import ConnectionInfo, Device, Host
from persistence.records import Json


class FailingHost:
    """The port `Host` around another one.

    `before` and `after` map a verb's name to what is called around it; what
    that raises is what the verb raises.
    """

    def __init__(self, real: Host) -> None:
        self._real = real
        self.before: dict[str, Callable[[], object]] = {}
        self.after: dict[str, Callable[[], object]] = {}
        self.calls: list[str] = []
        self.identity = ""

    def connector_properties(self) -> Mapping[str, Json]:
        return self._real.connector_properties()

    def connect(self, connection_info: ConnectionInfo) -> Device:
        self._around(self.before, "connect")
        device = self._real.connect(connection_info)
        self._around(self.after, "connect")
        return replace(device, wwn=self.identity or device.wwn)

    def disconnect(self, connection_info: ConnectionInfo, device: Device | None) -> None:
        self._around(self.before, "disconnect")
        self._real.disconnect(connection_info, device)
        self._around(self.after, "disconnect")

    def refresh_size(self, connection_info: ConnectionInfo, device: Device) -> int:
        self._around(self.before, "refresh_size")
        return self._real.refresh_size(connection_info, device)

    def _around(self, hooks: Mapping[str, Callable[[], object]], verb: str) -> None:
        self.calls.append(verb)
        if verb in hooks:
            hooks[verb]()

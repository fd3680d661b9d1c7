"""A host that fails when it is told to; everything else is the real one's work."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from cinderblock import wwn
from cinderblock.errors import DeviceMismatch
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

    def prove(self, device: Device) -> None:
        self._around(self.before, "prove")
        self._real.prove(replace(device, wwn=""))
        if self.identity and device.wwn and not wwn.same(self.identity, device.wwn):
            raise DeviceMismatch(f"{device.path} was volume {device.wwn}, and shows {self.identity} now")

    def refresh_size(self, connection_info: ConnectionInfo, device: Device) -> int:
        self._around(self.before, "refresh_size")
        self.prove(device)
        return self._real.refresh_size(connection_info, replace(device, wwn=""))

    def _around(self, hooks: Mapping[str, Callable[[], object]], verb: str) -> None:
        self.calls.append(verb)
        if verb in hooks:
            hooks[verb]()

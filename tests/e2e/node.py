"""A node of the cluster: a machine, and what makes a node of it."""

from tests.e2e import images, wanted
from tests.e2e.machine import Machine
from tests.e2e.parts import Api, Containerd, Kubelet, Part, Proxy


class Node:
    """A machine with its runtime, its kubelet and its proxy."""

    def __init__(self, machine: Machine, api: Api) -> None:
        self.name = machine.name
        self.machine = machine
        self.containerd = Containerd(machine, api)
        self.kubelet = Kubelet(machine, api)
        #: The proxy comes up once the node is known.
        self.parts: list[Part] = [self.containerd, self.kubelet, Proxy(machine, api)]

    def prepare(self) -> None:
        """Start what runs containers, and give it the images of pods."""
        self._start(self.containerd)
        archive = self.machine.folder / "image.tar"
        images.busybox(archive, "localhost/pause:1", entry=["/bin/busybox", "sleep", "2147483647"])
        self.containerd.load(archive)
        images.busybox(archive, wanted.BUSYBOX)
        self.containerd.load(archive)
        archive.unlink()

    def join(self) -> None:
        """Have the cluster know it."""
        for part in self.parts[1:]:
            self._start(part)

    def lose_power(self) -> None:
        """End the machine with all that runs there, at once."""
        self.machine.lose_power()
        for part in self.parts:
            part.wait()

    def boot(self) -> None:
        """Start a machine that has lost its power, with what it has on its disks."""
        self.machine.start()
        for part in self.parts:
            part.start()

    def remove(self) -> None:
        for part in reversed(self.parts):
            part.remove()

    def _start(self, part: Part) -> None:
        part.make()
        part.start()

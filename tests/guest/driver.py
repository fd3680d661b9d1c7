"""The driver as it is on a cluster: a controller with Cinder, and a node without, each a process of its own.

os-brick runs some forty programs for one connection, and each is a fork: in
the guest, that takes a process of Cinder's size four times as long.
"""

from csi.driver_process import DriverProcess
from csi.proto import csi_pb2
from tests.guest.cluster import START_S, started
from tests.system.two import BothSockets, key_file


class Driver:
    """A controller and a node, over one configuration."""

    def __init__(self, folder, config):
        arguments = ("--key-file", str(key_file(folder)), "--node-id", "guest")
        for mode in ("controller", "node"):
            (folder / mode).mkdir()
        self.controller = DriverProcess(folder / "controller", mode="controller", config=config, arguments=arguments)
        self.node = DriverProcess(folder / "node", mode="node", config=config, arguments=arguments)

    def start(self):
        """Start both; the controller's back end is up then."""
        self.node.start(timeout_s=START_S).close()
        started(self.controller).close()
        return self

    def restart_node(self, client):
        """Start the node again, which was killed."""
        self.node.start(timeout_s=START_S).close()
        _reach(client)

    def restart(self, client):
        """Start both again, which were killed."""
        self.start()
        _reach(client)

    def kill(self):
        for process in (self.controller, self.node):
            process.kill()

    def end(self):
        for process in (self.controller, self.node):
            process.end()

    def client(self):
        return BothSockets(self.controller, self.node)

    def log(self):
        """Return what both have said."""
        return "".join(each.log_file.read_text(encoding="utf-8") for each in (self.node, self.controller))


def _reach(client):
    """Have a client that lost its sockets find them again."""
    client.identity.Probe(csi_pb2.ProbeRequest(), wait_for_ready=True, timeout=START_S)
    client.node.NodeGetInfo(csi_pb2.NodeGetInfoRequest(), wait_for_ready=True, timeout=START_S)

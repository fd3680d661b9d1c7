"""A controller and a node as processes of their own, and who talks to both."""

import base64
import os

from csi.client import Client


class BothSockets(Client):
    """One client of two processes: each call goes to the one that serves it."""

    def __init__(self, controller, node):
        super().__init__(controller.endpoint)
        self._other = Client(node.endpoint)
        self.node = self._other.node

    def close(self):
        self._other.close()
        super().close()


def key_file(folder, name="key"):
    """Write the key that the two have in common; return its path."""
    file = folder / name
    file.write_bytes(base64.b64encode(os.urandom(32)) + b"\n")
    file.chmod(0o600)
    return file

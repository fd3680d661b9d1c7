"""A volume published to where a pod would use it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cinderblock.units import GIB
from csi.client import Client, mounted
from csi.proto import csi_pb2


@contextmanager
def staged(
    controller: Client, node: Client, folder: Path, *, size_gib: int, capability: csi_pb2.VolumeCapability | None = None
) -> Iterator[Path]:
    """Make a volume, publish it to the node, and have its path there; all of it is gone when the block ends."""
    capability = capability or mounted()
    staging, target = folder / "staging", folder / "target"
    staging.mkdir(parents=True)
    volume_id = controller.create("pod", size_gib * GIB, capability=capability).volume_id
    try:
        context = controller.publish(volume_id, node_id=node.node_id(), capability=capability)
        node.stage(volume_id, staging, context, capability=capability)
        node.mount(volume_id, staging, target, context, capability=capability)
        yield target
    finally:
        node.unmount(volume_id, target)
        node.unstage(volume_id, staging)
        controller.unpublish(volume_id)
        controller.delete(volume_id)

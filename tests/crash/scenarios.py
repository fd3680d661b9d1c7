"""The RPCs of a volume's life: what is there before each, the call, and the call that undoes it."""

from collections.abc import Callable
from dataclasses import dataclass

from csi.client import mounted, raw
from tests.crash.world import World

Step = Callable[[World], None]


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """`work` is the RPC that is cut off; `undo` is None where a CO has no call that takes it back.

    `mended` is the point after which the next start goes on by itself, "" where that is left to the CO.
    """

    work: str
    before: tuple[Step, ...] = ()
    call: Step
    undo: Step | None = None
    mended: str = ""


def create_other(world):
    world.create("other")


#: Where only the back end is concerned.
CONTROLLER = {
    "create": Scenario(work="CreateVolume", call=World.create, undo=World.delete),
    "restore larger": Scenario(
        work="CreateVolume",
        before=(World.create, World.snapshot),
        call=lambda world: world.restore("restored", "snapshot", 2),
        undo=lambda world: world.delete("restored"),
    ),
    "clone": Scenario(
        work="CreateVolume",
        before=(World.create,),
        call=lambda world: world.clone("cloned", "volume"),
        undo=lambda world: world.delete("cloned"),
    ),
    "delete": Scenario(work="DeleteVolume", before=(World.create,), call=World.delete, mended="before driver.delete"),
    "delete with snapshots": Scenario(
        work="DeleteVolume",
        before=(World.create, World.snapshot),
        call=World.delete,
        mended="before volumes.insert",
    ),
    "snapshot": Scenario(
        work="CreateSnapshot", before=(World.create,), call=World.snapshot, undo=World.delete_snapshot
    ),
    "delete snapshot": Scenario(
        work="DeleteSnapshot",
        before=(World.create, World.snapshot),
        call=World.delete_snapshot,
        mended="before driver.delete_snapshot",
    ),
    "delete the last snapshot of a deleted volume": Scenario(
        work="DeleteSnapshot",
        before=(World.create, World.snapshot, World.delete),
        call=World.delete_snapshot,
        mended="before driver.delete_snapshot",
    ),
    "group snapshot": Scenario(
        work="CreateVolumeGroupSnapshot",
        before=(World.create, create_other),
        call=World.take_group,
        undo=World.delete_group,
    ),
    "delete group snapshot": Scenario(
        work="DeleteVolumeGroupSnapshot",
        before=(World.create, create_other, World.take_group),
        call=World.delete_group,
        mended="before driver.delete_snapshot",
    ),
    "publish": Scenario(
        work="ControllerPublishVolume", before=(World.create,), call=World.publish, undo=World.unpublish
    ),
    "unpublish": Scenario(work="ControllerUnpublishVolume", before=(World.create, World.publish), call=World.unpublish),
    "expand": Scenario(
        work="ControllerExpandVolume", before=(World.create,), call=World.grow, mended="before driver.extend"
    ),
    "modify": Scenario(
        work="ControllerModifyVolume",
        before=(World.create,),
        call=World.modify,
        # A claim goes back to its former class.
        undo=lambda world: world.modify(tier="silver"),
        mended="before driver.retype",
    ),
}


def create_xfs(world):
    world.create(capability=mounted("xfs"))


def create_raw(world):
    world.create(capability=raw())


#: Where this machine is.
NODE = {
    "stage": Scenario(
        work="NodeStageVolume", before=(World.create, World.publish), call=World.stage, undo=World.unstage
    ),
    "mount": Scenario(
        work="NodePublishVolume",
        before=(World.create, World.publish, World.stage),
        call=World.mount,
        undo=World.unmount,
    ),
    "expand where it is used": Scenario(
        work="NodeExpandVolume",
        before=(create_xfs, World.publish, World.stage, World.mount),
        call=World.expand,
    ),
    "unmount": Scenario(
        work="NodeUnpublishVolume",
        before=(World.create, World.publish, World.stage, World.mount),
        call=World.unmount,
    ),
    "unstage": Scenario(
        work="NodeUnstageVolume", before=(World.create, World.publish, World.stage), call=World.unstage
    ),
    "stage a device": Scenario(
        work="NodeStageVolume", before=(create_raw, World.publish), call=World.stage, undo=World.unstage
    ),
    "bind a device": Scenario(
        work="NodePublishVolume",
        before=(create_raw, World.publish, World.stage),
        call=World.mount,
        undo=World.unmount,
    ),
    "expand a device where it is used": Scenario(
        work="NodeExpandVolume", before=(create_raw, World.publish, World.stage, World.mount), call=World.expand
    ),
    "take a bound device away": Scenario(
        work="NodeUnpublishVolume",
        before=(create_raw, World.publish, World.stage, World.mount),
        call=World.unmount,
    ),
    "unstage a device": Scenario(
        work="NodeUnstageVolume", before=(create_raw, World.publish, World.stage), call=World.unstage
    ),
}

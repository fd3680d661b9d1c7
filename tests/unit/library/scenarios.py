"""The verbs of the library, each with what comes before it and with what is there afterwards.

Their calls to store and driver are found by tracing them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from cinderblock.driver import Abilities
from cinderblock.wanted import Changes, WantedGroup
from persistence.records import Status
from tests.fakes.mortal import Life
from tests.unit.library import world as ask
from tests.unit.library.world import DEPENDENT, INDEPENDENT, World

Step = Callable[[Any], Any]

#: A back end that takes several volumes at one moment.
TOGETHER = Abilities(consistent_groups=True, snapshots_depend=False)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """`act` is what is disturbed; `expect` lists the volumes, snapshots and publications that there are then.

    `makes` is the name of what the verb makes: after a final error there is nothing of it.
    """

    before: tuple[Step, ...] = ()
    act: Step
    abilities: Abilities = INDEPENDENT
    volumes: tuple[str, ...] = ()
    snapshots: tuple[str, ...] = ()
    published: tuple[str, ...] = ()
    sizes: dict[str, int] = field(default_factory=dict)
    makes: str = ""
    #: What the array has that nobody made through us, before and after; what is given back has a new name there.
    foreign: tuple[str, ...] = ()
    foreign_left: int = 0
    contents: dict[str, str] = field(default_factory=dict)

    def found_wrong(self, world):
        """Say what is not as it should be."""
        wrong = world.disagreements()
        alive = {one.id: one for one in world.volumes() if one.status is not Status.TOMBSTONE}
        for what, found, wanted in (
            ("volumes", sorted(alive), sorted(self.volumes)),
            ("snapshots", sorted(one.id for one in world.snapshots()), sorted(self.snapshots)),
            ("published", sorted(one.id for one in world.connections()), sorted(self.published)),
            ("foreign", len(world.driver.foreign), self.foreign_left),
            ("contents", {name: world.content(name) for name in self.contents if name in alive}, self.contents),
            ("sizes", {name: alive[name].size_gib for name in self.sizes if name in alive}, self.sizes),
        ):
            if found != wanted:
                wrong.append(f"{what}: {found}, {wanted} wanted")
        return wrong


def make(name="v", **fields):
    return lambda library: library.volumes.create(ask.volume(name, **fields))


def take(name="s", of="v"):
    return lambda library: library.snapshots.create(ask.snapshot(name, of))


def delete(name="v"):
    return lambda library: library.volumes.delete(name)


def drop(name="s"):
    return lambda library: library.snapshots.delete(name)


def publish(of="v", node="node-1", **fields):
    return lambda library: library.connections.publish(ask.connection(of, node, **fields))


def unpublish(of="v", node="node-1"):
    return lambda library: library.connections.unpublish(of, f"{of}/{node}")


def manage(name="v", of="disk", **fields):
    return lambda library: library.volumes.manage(ask.volume(name, **fields), {"source-name": of})


def unmanage(name="v"):
    return lambda library: library.volumes.unmanage(name)


def manage_snapshot(name="s", of="v", found="disk"):
    return lambda library: library.snapshots.manage(ask.snapshot(name, of), {"source-name": found})


def write(text, name="v"):
    """Write into a volume, as a node would."""

    def at_once(library):
        driver = library.backends.get("fake").driver()
        driver.write(library.volumes.get(name).cinder_id, 0, text.encode())

    return at_once


def retype(library):
    return library.volumes.retype("v", extra_specs={"tier": "gold"}, qos_specs={"iops": "500"})


def take_group(*volumes, name="g"):
    members = tuple(ask.snapshot(f"{name}/{of}", of, group_id=name) for of in volumes)
    return lambda library: library.groups.create(WantedGroup(id=name, name=name, members=members))


SCENARIOS = {
    "create": Scenario(act=make(), volumes=("v",), makes="v"),
    "restore": Scenario(
        before=(make(), take()),
        act=make("r", size_gib=2, snapshot="s"),
        volumes=("v", "r"),
        snapshots=("s",),
        sizes={"r": 2},
        makes="r",
    ),
    "clone": Scenario(before=(make(),), act=make("c", clone="v"), volumes=("v", "c"), makes="c"),
    "delete": Scenario(before=(make(), make("w")), act=delete(), volumes=("w",)),
    "delete what snapshots outlive": Scenario(before=(make(), take()), act=delete(), snapshots=("s",)),
    "delete what snapshots need": Scenario(
        before=(make(), take()), act=delete(), abilities=DEPENDENT, snapshots=("s",)
    ),
    "delete and create again": Scenario(
        before=(make(), take(), delete()),
        act=make(size_gib=3),
        abilities=DEPENDENT,
        volumes=("v",),
        snapshots=("s",),
        sizes={"v": 3},
        makes="v",
    ),
    "extend": Scenario(
        before=(make(),), act=lambda library: library.volumes.extend("v", ask.size(3)), volumes=("v",), sizes={"v": 3}
    ),
    "snapshot": Scenario(before=(make(),), act=take(), volumes=("v",), snapshots=("s",), makes="s"),
    "delete a snapshot": Scenario(
        before=(make(), take(), take("t")), act=drop(), abilities=DEPENDENT, volumes=("v",), snapshots=("t",)
    ),
    "delete the last snapshot of a tombstone": Scenario(
        before=(make(), take(), delete()), act=drop(), abilities=DEPENDENT
    ),
    "publish": Scenario(before=(make(),), act=publish(), volumes=("v",), published=("v/node-1",)),
    "publish to another": Scenario(
        before=(make(multiattach=True), publish(shared=True)),
        act=publish(node="node-2", shared=True),
        volumes=("v",),
        published=("v/node-1", "v/node-2"),
    ),
    "unpublish": Scenario(before=(make(), publish()), act=unpublish(), volumes=("v",)),
    "unpublish everywhere": Scenario(
        before=(make(multiattach=True), publish(shared=True), publish(node="node-2", shared=True)),
        act=lambda library: library.connections.unpublish("v"),
        volumes=("v",),
    ),
    "group snapshot": Scenario(
        before=(make(), make("w")),
        act=take_group("v", "w"),
        volumes=("v", "w"),
        snapshots=("g/v", "g/w"),
        makes="g",
    ),
    "group snapshot of published volumes": Scenario(
        before=(make(), make("w"), publish(), publish("w")),
        act=take_group("v", "w"),
        abilities=TOGETHER,
        volumes=("v", "w"),
        snapshots=("g/v", "g/w"),
        published=("v/node-1", "w/node-1"),
        makes="g",
    ),
    "delete a group snapshot": Scenario(
        before=(make(), make("w"), take_group("v", "w"), delete()),
        act=lambda library: library.groups.delete("g"),
        abilities=DEPENDENT,
        volumes=("w",),
    ),
    "delete a group snapshot of published volumes": Scenario(
        before=(make(), make("w"), publish(), publish("w"), take_group("v", "w")),
        act=lambda library: library.groups.delete("g"),
        abilities=TOGETHER,
        volumes=("v", "w"),
        published=("v/node-1", "w/node-1"),
    ),
    "delete the group snapshot that volumes waited for": Scenario(
        before=(make(), make("w"), publish(), take_group("v", "w"), unpublish(), delete(), delete("w")),
        act=lambda library: library.groups.delete("g"),
        abilities=replace(TOGETHER, snapshots_depend=True),
    ),
    "manage": Scenario(
        act=manage(),
        foreign=("disk", "other"),
        foreign_left=1,
        volumes=("v",),
        sizes={"v": 2},
        contents={"v": "disk"},
        makes="v",
    ),
    "unmanage": Scenario(before=(manage(),), act=unmanage(), foreign=("disk",), foreign_left=1),
    "unmanage what was made": Scenario(before=(make(), make("w")), act=unmanage(), foreign_left=1, volumes=("w",)),
    "manage a snapshot": Scenario(
        before=(make(size_gib=2),),
        act=manage_snapshot(),
        foreign=("disk",),
        volumes=("v",),
        snapshots=("s",),
        makes="s",
    ),
    "unmanage a snapshot": Scenario(
        before=(make(size_gib=2), manage_snapshot()),
        act=lambda library: library.snapshots.unmanage("s"),
        abilities=DEPENDENT,
        foreign=("disk",),
        foreign_left=1,
        volumes=("v",),
    ),
    "revert": Scenario(
        before=(make(), write("old"), take("t"), take(), write("new")),
        act=lambda library: library.volumes.revert("v", "s"),
        abilities=DEPENDENT,
        volumes=("v",),
        snapshots=("s", "t"),
        contents={"v": "old"},
    ),
    "retype": Scenario(before=(make(),), act=retype, volumes=("v",)),
    "modify": Scenario(
        before=(make(),),
        act=lambda library: library.volumes.modify("v", Changes(metadata={"m": "1"}, extra_specs={"e": "1"})),
        volumes=("v",),
    ),
    "describe": Scenario(
        before=(make(),), act=lambda library: library.volumes.set_metadata("v", {"tier": "gold"}), volumes=("v",)
    ),
}


def traced(scenario):
    """Return the calls that the verb makes when nothing goes wrong."""
    world, life = prepared(scenario), Life()
    scenario.act(world.process("a", life=life))
    wrong = scenario.found_wrong(world)
    world.close()
    assert not wrong, wrong
    assert any(call.endswith((".insert", ".replace", ".delete")) for call in life.calls), "no effect was traced"
    return life.calls


_pictures: dict[int, Any] = {}


def prepared(scenario):
    """Return a world in which the verb can begin, and no process runs; what comes before it happens only once."""
    world = World(abilities=scenario.abilities)
    world.add_foreign(*scenario.foreign)
    if id(scenario) not in _pictures:
        library = world.process("a")
        for step in scenario.before:
            step(library)
        library.close()
        _pictures[id(scenario)] = world.picture()
        return world
    world.restore(_pictures[id(scenario)])
    return world


def points(scenario):
    """Return every point of the verb: the number and the name of a call, and whether it is before or after it."""
    return [(at, call, after) for at, call in enumerate(traced(scenario), 1) for after in (False, True)]

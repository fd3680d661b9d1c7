"""One volume on several nodes, and several times on one: access stays until the last of its users has gone."""

import pytest

from cinderblock.errors import InUse, InvalidRequest, UnknownOutcome
from cinderblock.opening import open_library
from tests.unit.library.world import connection, volume


@pytest.fixture
def shared(lab):
    configuration = lab.configure({"array": "shared.SharedDriver"})
    library = open_library(configuration, store=lab.store, state_dir=lab.folder, owner="a", on_lost=lambda: None)
    library.start()
    assert library.wait_ready(30)
    yield library
    library.close()


@pytest.fixture
def vendor(shared):
    return shared.backends.get("array").driver().driver


def publish(library, node, host=""):
    connector = {"host": host or node, "initiator": f"iqn.2026-01.io.example:{host or node}"}
    return library.connections.publish(connection("v", node, connector=connector, shared=True))


def test_each_node_has_access_until_it_is_withdrawn_there_and_the_export_stays_until_the_last(shared, vendor):
    made = shared.volumes.create(volume(multiattach=True))
    for node in ("node-1", "node-2", "node-3"):
        publish(shared, node)
    assert vendor.access[made.cinder_id] == {"node-1", "node-2", "node-3"}
    shared.connections.unpublish("v", "v/node-2")
    assert vendor.access[made.cinder_id] == {"node-1", "node-3"}
    assert vendor.exports
    shared.connections.unpublish("v", "v/node-1")
    shared.connections.unpublish("v", "v/node-3")
    assert not vendor.access
    assert not vendor.exports


def test_a_host_keeps_its_access_until_its_last_attachment_has_gone(shared, vendor):
    made = shared.volumes.create(volume(multiattach=True))
    for node, host in (("pod-1", "host-1"), ("pod-2", "host-1"), ("pod-3", "host-2")):
        publish(shared, node, host)
    shared.connections.unpublish("v", "v/pod-1")
    assert set(vendor.counted[-1].values()) == {True}
    assert vendor.access[made.cinder_id] == {"host-1", "host-2"}
    shared.connections.unpublish("v", "v/pod-2")
    assert set(vendor.counted[-1].values()) == {False}
    assert vendor.access[made.cinder_id] == {"host-2"}
    shared.connections.unpublish("v")
    assert not vendor.exports


def test_a_failed_publication_takes_nothing_from_the_others_of_its_host(shared, vendor):
    made = shared.volumes.create(volume(multiattach=True))
    publish(shared, "pod-1", "host-1")
    vendor.failing = "initialize_connection"
    with pytest.raises(UnknownOutcome):
        publish(shared, "pod-2", "host-1")
    vendor.failing = ""
    shared.connections.unpublish("v", "v/pod-2")
    assert vendor.access[made.cinder_id] == {"host-1"}
    assert vendor.exports
    publish(shared, "pod-2", "host-1")
    shared.connections.unpublish("v", "v/pod-1")
    assert vendor.access[made.cinder_id] == {"host-1"}


def test_all_of_a_volume_s_attachments_are_shown_with_their_connectors(shared, vendor):
    made = shared.volumes.create(volume(multiattach=True))
    for node in ("node-1", "node-2"):
        publish(shared, node)
    seen = vendor.db.volume_get(None, made.cinder_id)["volume_attachment"]
    assert [(one["attached_host"], one["attach_status"]) for one in seen] == [
        ("node-1", "attached"),
        ("node-2", "attached"),
    ]


def test_a_volume_is_for_several_nodes_only_where_it_was_made_for_that(shared):
    shared.volumes.create(volume())
    publish(shared, "node-1")
    with pytest.raises(InUse):
        publish(shared, "node-2")


def test_where_the_driver_does_not_say_so_no_volume_is_for_several_nodes(lab):
    configuration = lab.configure({"array": "vendor.VendorDriver"})
    library = open_library(configuration, store=lab.store, state_dir=lab.folder, owner="a", on_lost=lambda: None)
    library.start()
    assert library.wait_ready(30)
    with pytest.raises(InvalidRequest, match="several nodes"):
        library.volumes.create(volume(multiattach=True))
    library.close()

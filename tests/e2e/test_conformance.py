"""A dozen of Kubernetes' own storage tests, of which no two ask for the same; `make conformance` runs all."""

import re

from tests.e2e import conformance

#: What kind of volume, of which suite, and the spec's own words.
_DOZEN = (
    ("Dynamic PV (default fs)", "subPath", "should support existing directory"),
    (
        "Dynamic PV (default fs)(allowExpansion)",
        "volume-expand",
        "should resize volume when PVC is edited while pod is using it",
    ),
    ("Dynamic PV (ext4)", "volumes", "should store data"),
    ("Dynamic PV (default fs)", "provisioning", "should provision storage with snapshot data source"),
    ("Dynamic PV (block volmode)", "provisioning", "should provision storage with pvc data source"),
    ("Dynamic PV (default fs)", "provisioning", "should provision storage with pvc data source (ROX mode)"),
    (
        "Dynamic PV (default fs)",
        "fsgroupchangepolicy",
        "(Always)[LinuxOnly], pod created with an initial fsgroup, new pod fsgroup applied to volume contents",
    ),
    (
        "Generic Ephemeral-volume (default fs) (late-binding)",
        "ephemeral",
        "should create read/write inline ephemeral volume",
    ),
    (
        "Dynamic PV (filesystem volmode)",
        "multiVolume",
        "should access to two volumes with the same volume mode and retain data across pod recreation on the same node",
    ),
    (
        "Dynamic PV (delayed binding)",
        "topology",
        "should provision a volume and schedule a pod with AllowedTopologies",
    ),
    (
        "Dynamic PV (default fs)",
        "read-write-once-pod",
        "should block a second pod from using an in-use ReadWriteOncePod volume on the same node",
    ),
    ("Dynamic PV (filesystem volmode)", "volumeMode", "should not mount / map unused volumes in a pod"),
)


def test_a_dozen_of_kubernetes_own_specs_pass(cluster, space, tmp_path):
    # The namespace is for what it asserts at the end: that nothing is left of any volume.
    conformance.load_images(cluster)
    done = conformance.run(cluster, tmp_path / "output", "--procs=4", *map(_focus, _DOZEN))
    assert done.failed() == [], (tmp_path / "output").read_text()[-20000:]
    assert len(done.ran()) == len(_DOZEN), done.summary()


def _focus(spec):
    """Return what chooses this one, also from among those whose words begin alike."""
    pattern, suite, words = map(re.escape, spec)
    return rf"--focus=External.Storage.*Testpattern: {pattern}\] {suite}( \[.*\])? {words}( \[.*\])?$"

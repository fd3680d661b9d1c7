"""What the pages have their readers type where pods run: it runs as it stands."""

import os

import yaml  # type: ignore[import-untyped]  # has no types of its own

from persistence.objects.naming import name_of
from tests.e2e.machine import cluster_program
from tests.e2e.wanted import BUSYBOX
from tests.lab import documents
from tests.lab.documents import IN_PODS, PAGES


def test_a_reader_has_a_claim_mounted_and_looks_at_it(space, cluster, tmp_path):
    reached = yaml.safe_load(cluster.api.kubeconfig("admin").read_text())
    reached["contexts"][0]["context"]["namespace"] = space.name
    (tmp_path / "config").write_text(yaml.safe_dump(reached))
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "kubectl").symlink_to(cluster_program("kubectl"))
    path = os.pathsep.join((str(tmp_path / "bin"), os.environ["PATH"]))
    environment = {"PATH": path, "HOME": str(tmp_path), "KUBECONFIG": str(tmp_path / "config")}
    told = [
        documents.run(block, folder=tmp_path, environment=environment, places={"image: busybox": f"image: {BUSYBOX}"})
        for page in PAGES
        for block in documents.commands(page, IN_PODS)
    ]
    mounted, described, looked_at = told
    assert "pod/reader condition met" in mounted
    assert "Successfully provisioned volume" in described
    assert "cinderblock.io" in looked_at
    volume_id = space.bound("data")["spec"]["csi"]["volumeHandle"]
    assert f"cindervolume.cinderblock.io/{name_of(volume_id)} " in looked_at

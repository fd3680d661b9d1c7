"""What is asked of a cluster, as its objects."""

from collections.abc import Mapping
from typing import Any

#: The image of all pods.
BUSYBOX = "localhost/busybox:1"


def claim(
    name: str, size: str = "1Gi", *, mode: str = "ReadWriteOnce", of: str = "cinderblock", **more: Any
) -> dict[str, Any]:
    """Return a claim of a class; `more` are fields of its spec."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name},
        "spec": {
            "accessModes": [mode],
            "storageClassName": of,
            "resources": {"requests": {"storage": size}},
            **more,
        },
    }


def pod(
    name: str,
    *claims: str,
    raw: tuple[str, ...] = (),
    ephemeral: tuple[str, ...] = (),
    read_only: bool = False,
    **more: Any,
) -> dict[str, Any]:
    """Return a pod with claims mounted, others raw, and volumes of its own; `more` are fields of its spec."""
    container = {
        "name": "main",
        "image": BUSYBOX,
        "imagePullPolicy": "Never",
        "command": ["/bin/busybox", "sh", "-c", "trap exit TERM; sleep 2147483647 & wait"],
        "volumeMounts": [{"name": one, "mountPath": f"/{one}", "readOnly": read_only} for one in (*claims, *ephemeral)],
        "volumeDevices": [{"name": one, "devicePath": f"/dev/{one}"} for one in raw],
    }
    volumes: list[dict[str, Any]] = [
        {"name": one, "persistentVolumeClaim": {"claimName": one, "readOnly": read_only}} for one in (*claims, *raw)
    ]
    volumes += [{"name": one, "ephemeral": {"volumeClaimTemplate": {"spec": claim(one)["spec"]}}} for one in ephemeral]
    spec = {"containers": [container], "volumes": volumes, "terminationGracePeriodSeconds": 2, **more}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def deployment(name: str, *claims: str, **more: Any) -> dict[str, Any]:
    """Return what keeps one such pod running, wherever that is."""
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": pod(name, *claims, **more)["spec"]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template},
    }


def snapshot(name: str, claimed: str) -> dict[str, Any]:
    """Return a snapshot of a claim's volume."""
    return {
        "apiVersion": "snapshot.storage.k8s.io/v1",
        "kind": "VolumeSnapshot",
        "metadata": {"name": name},
        "spec": {"volumeSnapshotClassName": "cinderblock", "source": {"persistentVolumeClaimName": claimed}},
    }


def storage_class(name: str, parameters: Mapping[str, str], binding: str) -> dict[str, Any]:
    """Return a class of the driver's."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name},
        "provisioner": "cinderblock.io",
        "volumeBindingMode": binding,
        "parameters": parameters,
    }

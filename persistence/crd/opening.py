"""A store in a Kubernetes cluster, from its URL."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import kubernetes.config
import yaml  # type: ignore[import-untyped]  # has no types of its own
from kubernetes.client import Configuration
from kubernetes.config.config_exception import ConfigException

from persistence.codec import FORMAT
from persistence.crd.api import Api, Deadline
from persistence.crd.lost import Writes
from persistence.crd.table import CrdTable
from persistence.errors import StoreUnavailable, StoreUnusable
from persistence.objects.kinds import FORMAT_ANNOTATION, OBJECTS, Kind
from persistence.records import ConnectionRecord, KeyValueRecord, NodeRecord, SnapshotRecord, VolumeRecord

SCHEME = "kubernetes"
#: How long a verb waits for its answer.
WAIT_S = 10.0

_WANTED = "kubernetes://NAMESPACE?kubeconfig=PATH&context=NAME is wanted, all of it optional"
#: What Kubernetes allows (RFC 1123), or none.
_NAMESPACE = re.compile("([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)?")
_OPTIONS = frozenset({"kubeconfig", "context"})
_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_POD_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_INSTALL = "`kubectl apply -f deploy/crds`"


class CrdStore:
    """The five tables in one namespace."""

    def __init__(self, api: Api, *, namespace: str, wait_s: float) -> None:
        self._api = api
        writes = Writes(api)
        self.volumes = CrdTable(api, writes, VolumeRecord, namespace=namespace, wait_s=wait_s)
        self.snapshots = CrdTable(api, writes, SnapshotRecord, namespace=namespace, wait_s=wait_s)
        self.connections = CrdTable(api, writes, ConnectionRecord, namespace=namespace, wait_s=wait_s)
        self.nodes = CrdTable(api, writes, NodeRecord, namespace=namespace, wait_s=wait_s)
        self.key_values = CrdTable(api, writes, KeyValueRecord, namespace=namespace, wait_s=wait_s)

    def close(self) -> None:
        self._api.close()


def open_store(url: str, *, wait_s: float = WAIT_S) -> CrdStore:
    """Open the store in the cluster that the URL names; its kinds have to be installed there.

    Args:
        url: "kubernetes://NAMESPACE?kubeconfig=PATH&context=NAME". Without `kubeconfig` and `context` it is the cluster
            that this process runs in. Without a namespace it is that of the pod or of the context.
        wait_s: how long a verb waits for its answer.

    Raises:
        StoreUnusable: the URL or the configuration names no cluster, or the kinds are not there, or others.
        StoreUnavailable: the cluster does not answer now.
    """
    namespace, options = _parsed(url)
    configuration = Configuration()
    found = _configured(configuration, options)
    namespace = namespace or found
    api = Api(configuration, name=f"{SCHEME}://{namespace}")
    try:
        for kind in OBJECTS.values():
            _examine(api, kind, Deadline(wait_s))
    except BaseException:
        api.close()
        raise
    return CrdStore(api, namespace=namespace, wait_s=wait_s)


def _parsed(url: str) -> tuple[str, Mapping[str, str]]:
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = sorted(options.keys() - _OPTIONS)
    namespace = parts.netloc
    if parts.scheme != SCHEME or parts.path.strip("/") or parts.fragment or not _NAMESPACE.fullmatch(namespace):
        raise StoreUnusable(f"the store's connection names no cluster; {_WANTED}")
    if unknown:
        raise StoreUnusable(f"{SCHEME}:// has no option {', '.join(unknown)}; {_WANTED}")
    return namespace, options


def _configured(configuration: Configuration, options: Mapping[str, str]) -> str:
    """Fill in how the cluster is reached; return the namespace to use when none is named."""
    try:
        if not options:
            kubernetes.config.load_incluster_config(configuration)
            return _POD_NAMESPACE.read_text(encoding="utf-8").strip()
        path, context = options.get("kubeconfig"), options.get("context")
        kubernetes.config.load_kube_config(path, context, client_configuration=configuration)
        contexts, active = kubernetes.config.list_kube_config_contexts(path)
        chosen = next((one for one in contexts if one["name"] == context), active)
        return str(chosen["context"].get("namespace") or "default")
    except (ConfigException, yaml.YAMLError, OSError, AttributeError, LookupError, TypeError, ValueError) as error:
        # Only the class: what is said may be a part of the file, which has credentials in it.
        what = f"the kubeconfig {options.get('kubeconfig', '')}" if options else "what a pod gets of its cluster"
        raise StoreUnusable(f"{what} cannot be used ({type(error).__name__}); {_WANTED}") from None


def _examine(api: Api, kind: Kind, deadline: Deadline) -> None:
    """Look whether the kind is installed, and made for the records of this version.

    Raises:
        StoreUnusable: it is not.
        StoreUnavailable: the cluster does not answer, or does not let us look.
    """
    answer = api.read(f"{_DEFINITIONS}/{kind.definition}", deadline=deadline)
    if answer.status == HTTPStatus.NOT_FOUND:
        raise StoreUnusable(f"{api.name} is in a cluster without {kind.definition}; install it with {_INSTALL}")
    if answer.status != HTTPStatus.OK:
        raise api.unavailable(answer.message)
    made_for = str(answer.content["metadata"].get("annotations", {}).get(FORMAT_ANNOTATION, ""))
    if not made_for.isdecimal() or int(made_for) < FORMAT:
        raise StoreUnusable(
            f"{kind.definition} is of format {made_for or 'unknown'}, this version of Cinderblock writes {FORMAT}; "
            f"bring it up to date with {_INSTALL}"
        )
    if int(made_for) > FORMAT:
        raise StoreUnusable(
            f"{kind.definition} is of format {made_for}, this version of Cinderblock reads up to {FORMAT}: "
            "run the newer version again"
        )
    conditions = {one["type"]: one["status"] for one in answer.content.get("status", {}).get("conditions", [])}
    if conditions.get("Established") != "True":
        raise StoreUnavailable(f"{api.name}: {kind.definition} is being installed; ask again")

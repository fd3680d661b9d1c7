"""Tells the cluster how this node is reached, in an object that nobody but this node's own pod may write.

Over plain HTTPS with the pod's token: the Kubernetes client costs a process 17 MiB.
"""

import base64
import binascii
import http.client
import json
import logging
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self

from cinderblock.errors import ConfigurationError
from persistence.objects.content import described
from persistence.objects.kinds import GROUP, OBJECTS, VERSION
from persistence.records import NodeRecord

log = logging.getLogger(__name__)

#: What a pod gets of its cluster.
_POD = Path("/var/run/secrets/kubernetes.io/serviceaccount")
#: How long an answer is waited for.
_WAIT_S = 10.0
#: How long after a failure it is tried again; doubled by each one that follows, up to the longest.
_AGAIN_S = 2.0
_LONGEST_S = 60.0
#: How often the node is described anew: initiators get other names, and objects are deleted.
_ANEW_S = 300.0
_FOLDER = f"/apis/{GROUP}/{VERSION}/namespaces/{{namespace}}/{OBJECTS[NodeRecord].plural}/{{name}}"
_QUERY = "fieldManager=cinderblock-node&force=true&fieldValidation=Strict"


class Refused(Exception):
    """The cluster did not take the object; its own words, and no secret."""


class Cluster:
    """The API of the cluster that this process is a pod of.

    Args:
        address: HOST:PORT.
        pod: the folder with the token, the namespace, and who signs the server's certificate.

    Raises:
        ConfigurationError: the process is no pod.
    """

    def __init__(self, address: str, *, pod: Path = _POD) -> None:
        host, colon, port = address.rpartition(":")
        if not colon or not (pod / "token").exists():
            raise ConfigurationError(
                "node_object is for a pod, which this process is not: it was not told of a cluster's API and its token"
            )
        self._host, self._port = host.strip("[]"), int(port)
        self._pod = pod

    def write(self, record: NodeRecord) -> None:
        """Have the node's object say what the record does; the same again changes nothing.

        Raises:
            Refused: the cluster does not want it.
            OSError, http.client.HTTPException: it does not answer, or the pod's files cannot be read.
        """
        token = (self._pod / "token").read_text(encoding="ascii").strip()
        namespace = (self._pod / "namespace").read_text(encoding="utf-8").strip()
        content = described(record)
        machine = _machine_of(token)
        if machine:
            # The object goes when the machine is taken out of the cluster.
            content["metadata"]["ownerReferences"] = [{"apiVersion": "v1", "kind": "Node", **machine}]
        path = _FOLDER.format(namespace=namespace, name=content["metadata"]["name"])
        headers = {
            # JSON is YAML, and this is the type that every server takes.
            "Content-Type": "application/apply-patch+yaml",
            "Authorization": f"Bearer {token}",
            "User-Agent": "cinderblock",
        }
        # Made anew, because who signs certificates changes as tokens do.
        trusted = ssl.create_default_context(cafile=str(self._pod / "ca.crt"))
        connection = http.client.HTTPSConnection(self._host, self._port, timeout=_WAIT_S, context=trusted)
        try:
            connection.request("PATCH", f"{path}?{_QUERY}", body=json.dumps(content).encode(), headers=headers)
            answer = connection.getresponse()
            said = answer.read()
        finally:
            connection.close()
        if answer.status not in (HTTPStatus.OK, HTTPStatus.CREATED):
            raise Refused(_words(said) or f"status {answer.status}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """When it is tried again, in seconds: after a first failure, at the latest, and after a success."""

    again_s: float = _AGAIN_S
    longest_s: float = _LONGEST_S
    anew_s: float = _ANEW_S


class Announcement:
    """Keeps the node described while it is entered.

    Entering waits for the first answer, and for no more: a node must take volumes
    down when the cluster's API does not answer.

    Args:
        cluster: where the object is.
        describe: says how the node is reached now; may be slow, and may fail.
        pace: when it is tried again.
    """

    def __init__(self, cluster: Cluster, describe: Callable[[], NodeRecord], *, pace: Pace | None = None) -> None:
        self._cluster = cluster
        self._describe = describe
        self._pace = pace or Pace()
        self._again_s = self._pace.again_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="announcement", daemon=True)
        self._told: NodeRecord | None = None
        self._next_s = 0.0

    def __enter__(self) -> Self:
        self._next_s = self._tell()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(_WAIT_S)

    def _go_on(self) -> None:
        while not self._ended.wait(self._next_s):
            self._next_s = self._tell()

    def _tell(self) -> float:
        """Describe the node; return after how many seconds to do so again."""
        try:
            record = self._describe()
            self._cluster.write(record)
        except Exception as error:
            # Whatever it is, volumes of this node have to be taken down meanwhile.
            known = isinstance(error, Refused | OSError | http.client.HTTPException)
            facts = {"reason": str(error) or type(error).__name__, "again_in_s": self._again_s}
            log.error("the cluster was not told how this node is reached", extra=facts, exc_info=not known)  # noqa: TRY400 -- the reason says all of it, where it was expected
            after_s = self._again_s
            self._again_s = min(2 * self._again_s, self._pace.longest_s)
            return after_s
        if record != self._told:
            log.info("the cluster knows how this node is reached", extra={"node_id": record.id})
        self._told = record
        self._again_s = self._pace.again_s
        return self._pace.anew_s


def _machine_of(token: str) -> dict[str, str]:
    """Return name and uid of the machine that the token's pod is on, nothing where it does not say."""
    try:
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        machine = claims["kubernetes.io"]["node"]
        return {"name": str(machine["name"]), "uid": str(machine["uid"])}
    except (IndexError, KeyError, TypeError, ValueError, binascii.Error):
        return {}


def _words(said: bytes) -> str:
    """Return the message of Kubernetes' answer."""
    try:
        content: Any = json.loads(said)
    except ValueError:
        return ""
    return str(content.get("message", "")) if isinstance(content, dict) else ""

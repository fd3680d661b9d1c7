"""A Kubernetes without nodes, for tests: an etcd and a kube-apiserver, on ports of the loopback that were free."""

import itertools
import json
import shutil
import signal
import socket
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # has no types of its own
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.lab.servers import Server
from tests.waiting import eventually

ROOT = Path(__file__).parents[2]
CRDS = ROOT / "deploy" / "crds"
RBAC = ROOT / "deploy" / "rbac-store.yaml"
_TOKEN = "a-token-of-the-tests-own"
_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_KINDS = "/apis/cinderblock.io/v1"
_RBAC_API = "/apis/rbac.authorization.k8s.io/v1"
_PATHS = {
    "ServiceAccount": "/api/v1/namespaces/{namespace}/serviceaccounts",
    "Role": f"{_RBAC_API}/namespaces/{{namespace}}/roles",
    "RoleBinding": f"{_RBAC_API}/namespaces/{{namespace}}/rolebindings",
    "ClusterRoleBinding": f"{_RBAC_API}/clusterrolebindings",
}


@cache
def programs() -> Path:
    """Return the folder of Kubernetes' programs, built when they are missing."""
    command = [ROOT / "tests" / "lab" / "kubernetes.sh"]
    return Path(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip())


def free_port() -> int:
    with closing(socket.socket()) as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])


class Etcd(Server):
    kind = "etcd"
    user = "root"

    def make(self) -> None:
        self.address = f"http://127.0.0.1:{free_port()}"
        self._peers = f"http://127.0.0.1:{free_port()}"

    def command(self) -> list[str]:
        listening = [f"--listen-client-urls={self.address}", f"--advertise-client-urls={self.address}"]
        peers = [f"--listen-peer-urls={self._peers}", f"--initial-advertise-peer-urls={self._peers}"]
        cluster = f"--initial-cluster=default={self._peers}"
        return [str(programs() / "etcd"), f"--data-dir={self.data}", "--unsafe-no-fsync", *listening, *peers, cluster]

    def ask(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return what etcd answers to one of its calls."""
        request = urllib.request.Request(f"{self.address}/v3/{path}", data=json.dumps(body).encode())  # noqa: S310 -- our own address
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 -- our own address
            return dict(json.loads(answer.read()))

    def _is_up(self) -> bool:
        assert self._running().poll() is None, (self.folder / "log").read_text()[-2000:]
        # It is up, too, when it is full.
        try:
            with urllib.request.urlopen(f"{self.address}/health?exclude=NOSPACE", timeout=5) as answer:  # noqa: S310 -- our own address
                return answer.status == 200
        except OSError:
            return False


class Kubernetes(Server):
    """The API server with its etcd; what is killed and frozen is the API server, what is stored is in the etcd."""

    kind = "kubernetes"
    user = "root"
    ending = signal.SIGTERM
    #: Where it is reached.
    address = "127.0.0.1"
    #: Lines of the file of tokens, beside the master's.
    more_tokens = ""

    def __init__(self, *, synced: bool = False) -> None:
        """Prepare it; `synced`: what is written outlives the machine's death, too, and costs more time."""
        super().__init__()
        self.etcd = Etcd()
        self._synced = synced
        self.port = free_port()
        self._spaces = itertools.count()

    def make(self) -> None:
        self.etcd.make()
        self.etcd.start(*(["--unsafe-no-fsync=false"] if self._synced else []))
        self.data.mkdir()
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (self.folder / "key").write_bytes(key.private_bytes(*pem))
        (self.folder / "tokens").write_text(f"{_TOKEN},admin,admin,system:masters\n{self.more_tokens}")
        (self.folder / "token-admin").write_text(_TOKEN)

    def command(self) -> list[str]:
        issuing = [
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={self.folder}/key",
            f"--service-account-signing-key-file={self.folder}/key",
        ]
        serving = [f"--cert-dir={self.data}", f"--secure-port={self.port}", f"--token-auth-file={self.folder}/tokens"]
        return [
            str(programs() / "kube-apiserver"),
            f"--etcd-servers={self.etcd.address}",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--allow-privileged",
            *(*serving, *issuing, *self.placing()),
        ]

    def placing(self) -> list[str]:
        """Return where it is reached, and what is allowed there."""
        alone = ["--endpoint-reconciler-type=none", f"--advertise-address={self.address}"]
        return [f"--bind-address={self.address}", *alone, "--authorization-mode=RBAC"]

    def remove(self) -> None:
        super().remove()
        self.etcd.remove()

    def install(self) -> None:
        """Install our kinds, or bring them up to date, and what is allowed to whoever uses them."""
        self.kubectl("apply", "-f", str(CRDS), "-f", str(RBAC), "-n", "default")
        self.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
        # It remembers for long what kinds there were.
        shutil.rmtree(self.folder / "kubectl")

    @contextmanager
    def database(self) -> Iterator[str]:
        """Give the URL of an empty store."""
        yield self.emptied()

    def emptied(self) -> str:
        """Return the URL of an empty store."""
        return self.url(self.namespace())

    def namespace(self) -> str:
        """Return a namespace that is new, with an account that may do there what `deploy/rbac-store.yaml` says.

        Nobody removes a namespace here, and nobody has to.
        """
        name = f"store{next(self._spaces)}"
        self.ask("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        for content in yaml.safe_load_all(RBAC.read_text()):
            if content["kind"] == "ClusterRoleBinding":
                content["metadata"]["name"] += f"-{name}"
                content["subjects"][0]["namespace"] = name
            if content["kind"] != "ClusterRole":
                self.ask("POST", _PATHS[content["kind"]].format(namespace=name), content)
        token = self.token(name)
        self.kubeconfig(name, token=token)
        eventually(lambda: self._allows(name, token))
        return name

    def url(self, database: str, *, port: int = 0) -> str:
        return f"kubernetes://{database}?kubeconfig={self.kubeconfig(database, port=port)}"

    def kubeconfig(self, name: str, *, token: str = "", port: int = 0) -> Path:
        """Return a file that tells how to reach the cluster, as whom, and through which port.

        Args:
            name: a namespace, for its account, or "admin".
            token: what that account shows, the first time.
            port: where the server is reached, if that is not its own.
        """
        kept = self.folder / f"token-{name}"
        if token:
            kept.write_text(token)
        token = token or kept.read_text()
        server = f"https://{self.address}:{port or self.port}"
        cluster = {"server": server, "certificate-authority": str(self.data / "apiserver.crt")}
        context = {"cluster": "lab", "user": "user", "namespace": "default"}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "lab",
            "clusters": [{"name": "lab", "cluster": cluster}],
            "users": [{"name": "user", "user": {"token": token}}],
            "contexts": [{"name": "lab", "context": context}],
        }
        path = self.folder / f"kubeconfig-{name}-{port}"
        path.write_text(yaml.safe_dump(content))
        return path

    def _allows(self, namespace: str, token: str) -> bool:
        """Tell whether the account has its rights yet: the server hears of them a little later."""
        paths = [f"{_DEFINITIONS}/cindervolumes.cinderblock.io", f"{_KINDS}/namespaces/{namespace}/cindervolumes"]
        try:
            return all(self._asked("GET", path, token=token) for path in paths)
        except urllib.error.HTTPError as error:
            # It also has to look at what there is of a new kind.
            if error.code not in (HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS):
                raise
            return False

    def kubectl(self, *arguments: str) -> str:
        """Return what kubectl prints, as the cluster's master."""
        command = [
            str(programs() / "kubectl"),
            f"--kubeconfig={self.kubeconfig('admin')}",
            f"--cache-dir={self.folder}/kubectl",
        ]
        done = subprocess.run([*command, *arguments], check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def token(self, namespace: str, account: str = "cinderblock-controller", *, pod: str = "") -> str:
        """Return what an account shows, as one of its pods, if one is named."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        bound = {"boundObjectRef": {"apiVersion": "v1", "kind": "Pod", "name": pod}} if pod else {}
        kind = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest"}
        wanted = {**kind, "spec": {"expirationSeconds": 3600, **bound}}
        return str(self.ask("POST", path, wanted)["status"]["token"])

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None, *, refused: int = 0) -> dict[str, Any]:
        """Return what the API answers to the cluster's master; nothing where it refuses with this status."""
        try:
            return dict(json.loads(self._asked(method, path, body)))
        except urllib.error.HTTPError as error:
            with error:
                if error.code != refused:
                    raise
            return {}

    def status(self, method: str, path: str, body: Mapping[str, Any] | None, *, token: str) -> int:
        """Return the status of what the API answers to this token's owner; a PATCH is an application, by force."""
        query = "?fieldManager=tests&force=true" if method == "PATCH" else ""
        try:
            self._asked(method, path + query, body, token=token)
        except urllib.error.HTTPError as error:
            with error:
                return int(error.code)
        return int(HTTPStatus.OK)

    def text(self, path: str) -> str:
        """Return what the server tells the cluster's master there."""
        return self._asked("GET", path).decode()

    def dump(self, database: str) -> str:
        # All that etcd has of it, be it of our kinds or not, and of all versions that there are still.
        return self._output("strings", "-n", "4", str(self.etcd.data / "member" / "snap" / "db"))

    def _asked(self, method: str, path: str, body: Mapping[str, Any] | None = None, *, token: str = _TOKEN) -> bytes:
        trusted = ssl.create_default_context(cafile=str(self.data / "apiserver.crt"))
        content_type = "application/apply-patch+yaml" if method == "PATCH" else "application/json"
        request = urllib.request.Request(
            f"https://{self.address}:{self.port}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {token}", "Content-Type": content_type},
        )
        with urllib.request.urlopen(request, timeout=10, context=trusted) as answer:  # noqa: S310 -- our own address
            return bytes(answer.read())

    def _is_up(self) -> bool:
        assert self._running().poll() is None, (self.folder / "log").read_text()[-2000:]
        try:
            return self._asked("GET", "/readyz") == b"ok"
        except (OSError, urllib.error.HTTPError):
            return False

"""What a driver's back end keeps secret is in no database in clear: not in its dump, nor in what its server writes."""

import hashlib
import re
from contextlib import closing

import pytest

from cinderblock.engine import every
from cinderblock.units import GIB
from persistence.opening import open_store
from persistence.seal import Sealer, new_key_file, sealed
from tests.contract.stores import database_of, sqlite_url
from tests.ready.driver import DriverProcess

pytestmark = pytest.mark.slow

NODE = "node-1;p=192.0.2.1"


class Place:
    """A database, and all that is in it and of it."""

    def __init__(self, kind, url, server):
        self.kind = kind
        self.url = url
        self._server = server

    def shown(self, folder):
        """Return what whoever has the database gets to see: its dump, and the bytes of its files."""
        # What a cluster stores is in its etcd.
        writer = getattr(self._server, "etcd", self._server)
        files = folder.glob("store.db*") if writer is None else writer.data.rglob("*")
        content = [path.read_bytes() for path in files if path.is_file()]
        dumped = self._server.dump(database_of(self.url)).encode() if self._server else b""
        return dumped + b"".join(content)


@pytest.fixture(params=["sqlite", "postgresql", "mariadb", "kubernetes"])
def place(request, tmp_path):
    if request.param == "sqlite":
        yield Place(request.param, sqlite_url(tmp_path), None)
        return
    server = request.getfixturevalue(request.param)
    with server.database() as url:
        yield Place(request.param, url, server)


@pytest.fixture
def process(place, tmp_path):
    new_key_file(tmp_path / "key")
    config = tmp_path / "cinder.conf"
    config.write_text(
        "[DEFAULT]\nenabled_backends = local\n[local]\nvolume_driver = tests.fakes.telltale.TelltaleDriver\n"
        f"local_files_path = {tmp_path}/volumes\ntelltale_folder = {tmp_path}\n"
        "san_password = canary-san-71\nchap_password = canary-chap-72\ntelltale_token = canary-token-73\n"
        f"[csi]\nkey_file = {tmp_path}/key\n[persistence]\nconnection = {place.url}\n"
    )
    process = DriverProcess(tmp_path, mode="controller", config=config)
    yield process
    process.end()


def hashed(words):
    return {hashlib.sha256(word).hexdigest() for word in words}


def words_of(content):
    return set(re.findall(rb"[A-Za-z0-9-]{12,64}", content))


def opened(place, folder):
    """Return the secrets of each kind of record, once they are opened with the key."""
    with closing(sealed(open_store(place.url), Sealer.from_file(folder / "key"))) as store:
        texts = {
            "volumes": [each.provider_auth for each in every(store.volumes)],
            "snapshots": [each.provider_auth for each in every(store.snapshots)],
            "connections": [str(each.connection_info) for each in every(store.connections)],
            "key_values": [each.value for each in every(store.key_values)],
        }
    return {kind: hashed(words_of(" ".join(found).encode())) for kind, found in texts.items()}


def test_no_secret_of_a_back_end_is_in_a_database_in_clear(place, process, tmp_path):
    client = process.start()
    volume_id = client.create("volume", GIB).volume_id
    client.snapshot("snapshot", volume_id)
    client.publish(volume_id, node_id=NODE)
    client.delete(client.create("gone", GIB).volume_id)
    client.close()
    process.kill()
    seen = {digest for digest, _ in (line.split(maxsplit=1) for line in (tmp_path / "seen").read_text().splitlines())}
    # They went in: four kinds of record hold some, which only the key shows.
    assert [kind for kind, found in opened(place, tmp_path).items() if not found & seen] == []
    shown = place.shown(tmp_path)
    assert volume_id.encode() in shown
    assert hashed(words_of(shown)) & seen == set()
    # And the check would find one.
    assert hashed(words_of(shown + b" canary-token-73 ")) & seen != set()

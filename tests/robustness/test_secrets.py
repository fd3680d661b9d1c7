"""No secret leaves the process: not by its log, its answers, its files, nor by what the machine shows of it."""

import base64
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import grpc
import pytest

from cinderblock.units import GIB
from csi import redact
from tests.robustness import requests
from tests.robustness.caller import Caller
from tests.robustness.failing_start import refused, serve
from tests.robustness.test_garbage import ANSWERS, METHODS, message_of
from tests.robustness.witness import swept
from tests.robustness.world import World

pytestmark = pytest.mark.slow

Code = grpc.StatusCode

#: Options that Cinder, oslo or the driver mark as secret; the last ones are read by nobody here.
CONFIGURED = {
    "san_password": "canary-san'\"\\ü-3f1",
    "chap_password": "canary-chap-77ab",
    "telltale_token": "canary-token-90210",
    "connection": "canary-database-51d",
    "transport_url": "canary-rabbit-1204",
    "password": "canary-keystone-8c8",
}
WITH_SECRETS = [
    (service, rpc)
    for service, rpc in METHODS
    if any(redact.is_secret(field) for field in list(message_of(service, rpc).DESCRIPTOR.fields))
]


def configuration(folder, more=""):
    """Write a configuration with a canary in every secret option."""
    file = folder / "cinder.conf"
    file.write_text(
        f"[DEFAULT]\nenabled_backends = local\ntransport_url = rabbit://u:{CONFIGURED['transport_url']}@rabbit\n"
        f"[database]\nconnection = mysql+pymysql://cinder:{CONFIGURED['connection']}@db/cinder\n"
        f"[keystone_authtoken]\npassword = {CONFIGURED['password']}\n"
        "[local]\nvolume_driver = tests.fakes.telltale.TelltaleDriver\n"
        f"local_files_path = {folder}/volumes\ntelltale_folder = {folder}\n"
        + "".join(f"{name} = {CONFIGURED[name]}\n" for name in ("san_password", "chap_password", "telltale_token"))
        + more
    )
    return file


class Told:
    """A world with a driver that tells its secrets; what it answered, and which secrets it says to have seen."""

    def __init__(self, folder):
        self.folder = folder
        self.world = World(folder, config=configuration(folder), arguments=("--log-level", "debug"))
        self.answers: list[str] = []

    def seen(self):
        """Return the hashes of the secrets that the driver has seen, by what it calls them."""
        lines = (self.folder / "seen").read_text().splitlines()
        return {name: digest for digest, _, name in (line.partition(" ") for line in lines)}

    def call(self, service, rpc, request):
        caller = Caller(self.world, service, rpc)
        code = caller.send(request, rpc)
        self.answers += [str(answer) for answer in caller.said]
        return code

    def create_fails(self, how):
        (self.folder / how).touch()
        with pytest.raises(grpc.RpcError) as caught:
            self.world.client.create(how, GIB)
        (self.folder / how).unlink()
        self.answers.append(str(caught.value))
        return caught.value.code(), str(caught.value.details())

    def log(self):
        return self.world.process.log_file.read_bytes()


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    folder = tmp_path_factory.mktemp("told")
    told = Told(folder)
    yield told
    try:
        told.world.end()
    finally:
        assert swept(folder) == []


def canary(rpc):
    return f"canary-{rpc}-0451"


def spellings(secret):
    """What a secret may look like in a file or a line."""
    yield secret.encode()
    yield json.dumps(secret)[1:-1].encode()
    yield repr(secret)[1:-1].encode()
    yield json.dumps(repr(secret)[1:-1])[1:-1].encode()
    yield quote(secret, safe="").encode()
    yield secret.encode().hex().encode()
    yield secret.encode("utf-16-le")
    for shift in range(3):
        # Whatever stood before it, the middle of what base64 makes of it is the same.
        yield base64.b64encode(b"\0" * shift + secret.encode())[4:-4]


def leaked(places, secrets):
    """Return where which secret stands in clear."""
    return [
        f"{secret!r} in {where}"
        for where, content in places.items()
        for secret in secrets
        if any(spelling in content for spelling in spellings(secret))
    ]


def noted(told, content):
    """Find what the driver has noted, passwords made at random among it: whatever has one of the hashes."""
    hashes = set(told.seen().values())
    words = set(re.findall(rb"[A-Za-z0-9-]{16,64}", content))
    return [word.decode() for word in words if hashlib.sha256(word).hexdigest() in hashes]


def places(told):
    """Return all that others may get to see."""
    process = Path(f"/proc/{told.world.process.pid}")
    state = told.world.process.state_dir
    files = {str(path): path.read_bytes() for path in state.rglob("*") if path.is_file() and path.name != "key"}
    shown = {str(process / name): (process / name).read_bytes() for name in ("cmdline", "environ", "comm", "status")}
    return {**files, **shown, "log": told.log(), "answers": "\n".join(told.answers).encode()}


def test_the_canaries_reach_whom_they_are_for_and_the_check_would_find_them(told):
    seen = told.seen()
    for name in ("san_password", "chap_password", "telltale_token"):
        assert seen[name] == hashlib.sha256(CONFIGURED[name].encode()).hexdigest()
    assert {"provider_auth", "provider_auth of an export", "auth_password", "discovery_auth_password"} <= seen.keys()
    config = {"cinder.conf": (told.folder / "cinder.conf").read_bytes()}
    assert len(leaked(config, CONFIGURED.values())) == len(CONFIGURED)
    assert CONFIGURED["telltale_token"] in noted(told, config["cinder.conf"])
    for spelling in spellings("canary-in-another-spelling"):
        assert leaked({"file": b"before" + spelling + b"after"}, ["canary-in-another-spelling"])


@pytest.mark.parametrize(("service", "rpc"), WITH_SECRETS, ids=[rpc for _, rpc in WITH_SECRETS])
def test_the_secrets_of_a_request_are_shown_nowhere(told, service, rpc):
    for request in requests.valid(rpc, message_of(service, rpc), told.world):
        for field in message_of(service, rpc).DESCRIPTOR.fields:
            if redact.is_secret(field):
                getattr(request, field.name).clear()
                getattr(request, field.name).update({"password": canary(rpc), "key": f"{canary(rpc)}-2"})
        code = told.call(service, rpc, request)
        assert code in ANSWERS.get(rpc, (Code.OK,))
        assert code is Code.UNIMPLEMENTED or f'"rpc": "{rpc}"'.encode() in told.log()
    assert leaked(places(told), [canary(rpc)]) == []


@pytest.mark.parametrize("how", ["fail-in-known-words", "fail-in-own-words", "fail-in-a-command"])
def test_a_failure_with_a_secret_in_its_words_is_told_without_it(told, how):
    code, said = told.create_fails(how)
    assert code in (Code.UNAVAILABLE, Code.INVALID_ARGUMENT)
    assert said
    assert b"***" in told.log()
    assert leaked(places(told), CONFIGURED.values()) == []


def test_no_secret_of_the_configuration_or_of_a_volume_is_shown_anywhere(told):
    assert (told.folder / "seen").stat().st_size
    assert b"logging in failed" in told.log()
    assert b"a thread ended by an error" in told.log()
    assert b"initialize_connection answers" in told.log()
    assert leaked(places(told), CONFIGURED.values()) == []
    assert noted(told, b"\n".join(places(told).values())) == []


def test_a_killed_process_leaves_no_secret_in_its_files(told):
    world = told.world
    world.process.kill()
    state = {str(path): path.read_bytes() for path in world.process.state_dir.rglob("*") if path.is_file()}
    assert any(name.endswith("-wal") for name in state)
    world.client.close()
    world.client = world.kept.client = world.device.client = world.process.start()
    key = state.pop(str(world.process.state_dir / "key"))
    secrets = [*CONFIGURED.values(), *(canary(rpc) for _, rpc in WITH_SECRETS), key.decode().strip()]
    assert leaked(state, secrets) == []
    assert noted(told, b"\n".join(state.values())) == []


def test_a_back_end_that_does_not_start_says_why_without_the_secret(tmp_path):
    config = configuration(tmp_path)
    (tmp_path / "fail-setup").touch()
    checked = subprocess.run(
        [sys.executable, "-m", "csi.cli", "check", "--config", config], capture_output=True, timeout=60, check=False
    )
    assert checked.returncode == 1
    assert b"no login with ***" in checked.stdout
    assert leaked({"output": checked.stdout + checked.stderr}, CONFIGURED.values()) == []


@pytest.mark.parametrize(
    "more",
    [
        "san_password canary-without-a-sign\n",
        "driver_workers = many\n",
        "[persistence]\nconnection = postgresql://u:canary-of-the-store@db/x\n",
        "[persistence]\nconnection = canary-of-the-store\n",
        "[csi]\nunknown_password = canary-of-nobody\n",
    ],
)
def test_a_configuration_that_is_refused_is_not_quoted(tmp_path, more):
    said = refused(tmp_path, "--config", str(configuration(tmp_path, more)), "--log-level", "debug")
    assert leaked({"said": said.encode()}, CONFIGURED.values()) == []
    assert "canary" not in said


def test_a_key_file_that_is_none_is_not_quoted(tmp_path):
    file = tmp_path / "key"
    file.write_text("canary-which-is-no-key\n")
    code, said = serve(tmp_path, "--key-file", str(file))
    assert (code, "canary" in said) == (1, False)

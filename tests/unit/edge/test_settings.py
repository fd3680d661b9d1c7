"""File, environment, command line: the later one counts, and nothing unknown is taken silently."""

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from cinderblock.errors import ConfigurationError
from csi import settings
from csi.commands import sample


@pytest.fixture
def config(tmp_path):
    def write(text):
        path = tmp_path / "cinder.conf"
        path.write_text(text)
        return path

    return write


def test_the_defaults_are_complete():
    found = settings.read(environment={})
    assert found.endpoint == ""
    assert found.node_id == socket.gethostname()
    assert found.driver_name == "cinderblock.io"
    assert found.connection == "sqlite:////var/lib/cinderblock/cinderblock.db"
    assert found.key_file is None


def test_flags_count_before_the_environment_and_that_before_the_file(config):
    file = config("[csi]\nendpoint = unix:///file\nnode_id = from-file\nlog_level = debug\n")
    assert settings.read(file, environment={}).endpoint == "unix:///file"
    environment = {"CSI_ENDPOINT": "unix:///environment"}
    assert settings.read(file, environment=environment).endpoint == "unix:///environment"
    found = settings.read(file, environment=environment, endpoint="unix:///flag", node_id=None)
    assert (found.endpoint, found.node_id, found.log_level) == ("unix:///flag", "from-file", "debug")


def test_values_have_their_types(config, tmp_path):
    file = config(
        "[csi]\nstate_dir = relative\nmax_volumes_per_node = 7\ndrain_s = 1.5\nkey_file = /k\n"
        "topology = topology.cinderblock.io/zone:a,rack:2\n[persistence]\nconnection = memory:\n"
    )
    found = settings.read(file, environment={}, state_dir=tmp_path)
    assert found.state_dir == tmp_path
    assert (found.max_volumes_per_node, found.drain_s, found.key_file) == (7, 1.5, Path("/k"))
    assert found.topology == {"topology.cinderblock.io/zone": "a", "rack": "2"}
    assert found.connection == "memory:"
    assert found.config_file == file


def test_a_pod_is_told_where_its_clusters_api_is(config):
    file = config("[csi]\nnode_object = true\n")
    found = settings.read(file, environment={"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "6443"})
    assert (found.node_object, found.cluster_api) == (True, "fd00::1:6443")
    found = settings.read(environment={}, node_object=None)
    assert (found.node_object, found.cluster_api) == (False, "")


def test_a_node_registers_where_it_is_told_to(config):
    file = config("[csi]\nregistration_dir = /plugins_registry\nkubelet_endpoint = /plugins/x/csi.sock\n")
    found = settings.read(file, environment={})
    assert (found.registration_dir, found.kubelet_endpoint) == (Path("/plugins_registry"), "/plugins/x/csi.sock")
    assert settings.read(environment={}).registration_dir is None


def test_a_cinder_conf_of_somebody_else_is_fine(config):
    file = config("[DEFAULT]\nenabled_backends = a\ndebug = true\n[database]\nconnection = mysql://live\n[a]\nx = y\n")
    assert "live" not in settings.read(file, environment={}).connection


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[csi]\ndrivername = x\n", "did you mean 'driver_name'"),
        ("[csi]\nzzz = x\n", "known are endpoint"),
        ("[persistence]\nconection = x\n", "did you mean 'connection'"),
        ("[csi]\nmax_volumes_per_node = many\n", "max_volumes_per_node"),
        ("[csi]\nmax_volumes_per_node = 0\n", "max_volumes_per_node"),
        ("[csi]\nlog_level = loud\n", "log_level"),
        ("[csi]\ndriver_name = a b\n", "no domain name"),
        ("[csi]\nnode_id = " + "n" * 257, "257 bytes"),
        ("no section\n", "line 1"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(config, text, words):
    with pytest.raises(ConfigurationError, match=words):
        settings.read(config(text), environment={})


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(ConfigurationError, match=r"/absent\.conf cannot be read"):
        settings.read(Path("/absent.conf"), environment={})


def test_the_connection_is_not_shown():
    assert "hunter22" not in repr(settings.read(environment={}, connection="postgresql://u:hunter22@h/d"))


def test_the_sample_is_a_valid_configuration_with_the_defaults(config):
    text = sample.text()
    found = settings.read(config(text), environment={})
    assert replace(found, config_file=None) == settings.read(environment={})
    for option in ("endpoint", "driver_workers", "topology", "connection", "log_level"):
        assert f"# {option} =" in text


def test_the_sample_uncommented_is_valid_as_well(config):
    lines = [
        line.removeprefix("# ") if " = " in line and line.startswith("# ") else line
        for line in sample.text().splitlines()
    ]
    assert settings.read(config("\n".join(lines)), environment={}).max_volumes_per_node == 128

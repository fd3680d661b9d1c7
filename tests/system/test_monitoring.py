"""What a real driver process that did some work tells of itself, and what is made of that elsewhere."""

import http.client
import json
import re
from contextlib import closing
from pathlib import Path

import grpc
import pytest
import yaml  # type: ignore[import-untyped] # oslo.config brings it, without types
from prometheus_client.parser import text_string_to_metric_families

from cinderblock.units import GIB
from csi.driver_process import DriverProcess
from csi.observing import METRICS
from csi.proto import csi_pb2, pluginregistration_pb2
from tests.system.pods import Pod
from tests.unit.edge import kubelet

ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "deploy" / "monitoring"
_SECTION = "[{name}]\nvolume_driver = cinderblock.cinder.local_files.LocalFilesDriver\nlocal_files_path = {folder}\n"
SECRET_NAME = "pvc-of-somebody"


def asked(address, path):
    with closing(http.client.HTTPConnection(address, timeout=20)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def address_of(process):
    lines = map(json.loads, filter(lambda line: line.startswith("{"), process.log_file.read_text().splitlines()))
    return next(line["address"] for line in lines if line["message"] == "monitoring")


@pytest.fixture(scope="module")
def scraped(tmp_path_factory):
    """What /healthz and /metrics answer while a volume is staged, of two back ends, of which one is down."""
    folder = tmp_path_factory.mktemp("monitored")
    config = folder / "cinder.conf"
    places = {"files": folder / "files", "broken": folder / "not-mounted" / "volumes"}
    sections = "".join(_SECTION.format(name=name, folder=place) for name, place in places.items())
    config.write_text(f"[DEFAULT]\nenabled_backends = files, broken\n{sections}")
    registry = folder / "plugins_registry"
    registry.mkdir()
    options = ("--metrics-address", "127.0.0.1:0", "--registration-dir", str(registry))
    process = DriverProcess(folder, config=config, arguments=options)
    with process as client, closing(client):
        status = pluginregistration_pb2.RegistrationStatus(plugin_registered=True).SerializeToString()
        kubelet.call(registry / "cinderblock.io-reg.sock", "NotifyRegistrationStatus", status)
        volume = client.create(SECRET_NAME, GIB, parameters={"backend": "files"})
        with pytest.raises(grpc.RpcError):
            client.create("x", GIB, parameters={"backend": "neither"})
        client.controller.GetCapacity(csi_pb2.GetCapacityRequest(), timeout=20)
        pod = Pod(client, folder / "pod", volume.volume_id)
        try:
            pod.start()
            address = address_of(process)
            yield asked(address, "/healthz"), asked(address, "/metrics")[1], volume.volume_id
        finally:
            pod.clear()


@pytest.fixture(scope="module")
def samples(scraped):
    return [sample for family in text_string_to_metric_families(scraped[1]) for sample in family.samples]


def value(samples, name, **labels):
    (found,) = [each.value for each in samples if each.name == name and labels.items() <= each.labels.items()]
    return found


def test_it_is_well(scraped):
    assert scraped[0] == (200, "ready\n")


@pytest.mark.parametrize(
    ("name", "labels", "wanted"),
    [
        ("cinderblock_ready", {}, 1),
        ("cinderblock_build_info", {"mode": "all"}, 1),
        ("cinderblock_backend_up", {"backend": "files"}, 1),
        ("cinderblock_backend_up", {"backend": "broken"}, 0),
        ("cinderblock_rpc_duration_seconds_count", {"method": "CreateVolume", "code": "OK"}, 1),
        ("cinderblock_rpc_duration_seconds_count", {"method": "CreateVolume", "code": "INVALID_ARGUMENT"}, 1),
        ("cinderblock_rpcs_in_work", {"method": "NodeStageVolume"}, 0),
        ("cinderblock_driver_call_duration_seconds_count", {"operation": "create", "outcome": "ok"}, 1),
        ("cinderblock_driver_calls_in_work", {"backend": "files", "operation": "create"}, 0),
        ("cinderblock_node_volumes", {}, 1),
        ("cinderblock_node_volumes_limit", {}, 128),
        ("cinderblock_node_registered", {}, 1),
    ],
)
def test_a_figure_is_right(samples, name, labels, wanted):
    assert value(samples, name, **labels) == wanted


def test_a_pool_has_its_sizes(samples):
    free, total = (value(samples, f"cinderblock_pool_{what}_bytes", backend="files") for what in ("free", "total"))
    assert 0 < free <= total


def test_nothing_names_a_volume(scraped):
    _, text, volume_id = scraped
    assert SECRET_NAME not in text
    assert volume_id not in text


def test_every_figure_is_there_as_it_is_documented(samples):
    page = (ROOT / "docs" / "metrics.md").read_text().splitlines()
    for metric in METRICS:
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        assert f"| `{metric.name}` | {labels}{' ' if labels else ''}| {metric.help} |" in page
        own = [each for each in samples if each.name in (metric.name, f"{metric.name}_count")]
        assert own, metric.name
        assert {tuple(sorted(each.labels)) for each in own} == {tuple(sorted(metric.labels))}
    documented = re.findall(r"^\| `(\w+)`", "\n".join(page), re.MULTILINE)
    assert documented == [metric.name for metric in METRICS]
    told = {each.name for each in samples if each.name.startswith("cinderblock_")}
    assert {re.sub(r"(?<=_duration_seconds)_(bucket|sum|count)$", "", name) for name in told} == set(documented)


#: Words of PromQL that the expressions use, beside labels and metrics.
WORDS = {"sum", "max", "min", "rate", "increase", "histogram_quantile", "by", "on", "group_left", "label_values"}
#: Labels that Prometheus adds itself.
TARGET = {"instance", "job"}


def dashboard():
    page = json.loads((MONITORING / "dashboard.json").read_text())
    asked = [target["expr"] for panel in page["panels"] for target in panel["targets"]]
    variables = [variable["query"]["query"] for variable in page["templating"]["list"] if variable["type"] == "query"]
    return [(expression, "") for expression in asked + variables]


def alerts():
    groups = yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    return [(rule["expr"], " ".join(rule["annotations"].values())) for rule in rules]


def names_in(expression):
    """Every word of an expression outside of its strings, variables, durations and numbers."""
    bare = re.sub(r'"[^"]*"|\$\w+|\[[^\]]*\]', " ", expression)
    return set(re.findall(r"\b[A-Za-z_]\w*", bare)) - WORDS


@pytest.mark.parametrize(("expression", "words"), dashboard() + alerts())
def test_what_is_watched_is_there(samples, expression, words):
    labels = {each.name: set(each.labels) for each in samples}
    names = names_in(expression)
    metrics = {name for name in names if name in labels}
    assert metrics
    there = set().union(*(labels[name] for name in metrics)) | TARGET
    assert names - metrics <= there
    for metric, matchers in re.findall(r"(\w+)\{([^}]*)\}", expression):
        assert set(re.findall(r"(\w+)\s*=", matchers)) <= labels[metric]
    assert set(re.findall(r"\$labels\.(\w+)", words)) <= there


@pytest.mark.parametrize("wrong", ["cinderblock_absent == 0", 'cinderblock_backend_up{volume="x"} == 0'])
def test_what_is_not_there_is_found_out(samples, wrong):
    with pytest.raises(AssertionError):
        test_what_is_watched_is_there(samples, wrong, "")

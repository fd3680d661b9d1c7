"""What the pages have as examples is taken: configurations, the chart's values, objects, jobs."""

import json
import re
from contextlib import closing

import pytest

from cinderblock import config
from cinderblock.cinder.loading import Runtime
from cinderblock.errors import BackendUnavailable
from persistence.memory import MemoryStore
from tests.deploy.chart import LEAST, named, objects
from tests.lab import documents
from tests.lab.documents import PAGES, ROOT
from tests.ready.process import cinderblock

BACKENDS, NOMAD = "docs/backends.md", "docs/nomad.md"
CONFIGURATIONS = documents.blocks(BACKENDS, "ini")
VALUES = [block for page in PAGES for block in documents.blocks(page, "yaml values")]
OBJECTS = [block for page in PAGES for block in documents.blocks(page, "yaml")]
JOBS = [block for block in documents.blocks(NOMAD, "hcl") if block.text.splitlines()[1].startswith("job")]


def named_after(block):
    return f"{block.page}:{block.line}"


def written(block, folder, **places):
    """Write a configuration where a driver finds what it names; return its path."""
    text = block.text
    for found, place in places.items():
        text = re.sub(rf"^({found} = ).*", rf"\g<1>{place}", text, flags=re.MULTILINE)
    file = folder / "cinder.conf"
    file.write_text(text)
    return file


def test_there_are_three_worked_examples():
    assert (len(CONFIGURATIONS), len([one for one in VALUES if one.page == BACKENDS])) == (3, 3)


def test_the_example_of_files_starts(tmp_path):
    files = written(CONFIGURATIONS[0], tmp_path, local_files_path=tmp_path / "volumes")
    done = cinderblock("check", "--strict", "--config", files)
    assert (done.returncode, done.stdout.split()[:2]) == (0, ["ok", "files"]), done.stdout


def test_the_example_of_a_share_names_a_driver_and_options_that_it_has(tmp_path):
    (share,) = config.read(written(CONFIGURATIONS[1], tmp_path), state_dir=tmp_path).backends
    listed = cinderblock("drivers", share.volume_driver.rpartition(".")[2], "--json")
    (driver,) = (one for one in json.loads(listed.stdout) if one["class_path"] == share.volume_driver)
    assert driver["supported"] is True
    assert share.options.keys() - {option["name"] for option in driver["options"]} == {"volume_driver"}


def test_the_example_of_an_array_starts_as_far_as_it_can_without_one(tmp_path):
    file = written(CONFIGURATIONS[2], tmp_path, san_ip="127.0.0.1")
    configuration = config.read(file, state_dir=tmp_path)
    (array,) = configuration.backends
    with closing(Runtime.open(configuration, state_dir=tmp_path, store=MemoryStore())) as runtime:
        with pytest.raises(BackendUnavailable, match=r"does not start: HTTPSConnectionPool\(host='127.0.0.1'"):
            runtime.start(array)
        assert runtime.warnings(array) == []


@pytest.mark.parametrize("block", VALUES, ids=named_after)
def test_the_chart_takes_the_values(block, tmp_path):
    file = tmp_path / "values.yaml"
    file.write_text(block.text)
    found = objects(*LEAST, values=(file,))
    assert named(found, "CSIDriver", "cinderblock.io")
    classes = [one for one in found if one["kind"] == "StorageClass"]
    if block.page == BACKENDS:
        (backend,) = {one["parameters"]["backend"] for one in classes}
        # Each example's class names the back end that is configured above it.
        above = [one for one in CONFIGURATIONS if one.line < block.line][-1]
        assert f"\n[{backend}]\n" in above.text


@pytest.mark.parametrize("block", OBJECTS, ids=named_after)
def test_a_cluster_takes_the_objects(block, kubernetes, tmp_path):
    file = tmp_path / "objects.yaml"
    file.write_text(block.text)
    assert "(server dry run)" in kubernetes.kubectl("create", "--dry-run=server", "-f", str(file))


@pytest.mark.parametrize(
    ("part", "wanted"), [(0, "the configuration"), (1, "the folder of the endpoint")], ids=["controller", "node"]
)
def test_the_command_takes_the_arguments_of_a_job(part, wanted):
    arguments = re.findall(r'"([^"]+)"', JOBS[part].text.partition("args = [")[2].partition("]")[0])
    assert arguments[0] == "serve"
    done = cinderblock(*arguments)
    # Exit code 2 would say that the command line is wrong; what a job has is not here.
    assert done.returncode == 1, done.stderr
    assert wanted in done.stderr


def test_readme_names_every_page():
    text = (ROOT / "README.md").read_text()
    assert [page for page in PAGES if page != "README.md" and page not in text] == []

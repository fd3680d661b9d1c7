"""Cinderlib's own functional tests, unmodified, on real loop devices."""

import json

import pytest

from tests.compat.conftest import FILES
from tests.compat.running import PASSED, suite

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("in_memory", [True, False])
def test_every_test_of_cinderlib_passes(tmp_path, lab, loops, in_memory):
    configuration = tmp_path / "backends.yaml"
    # JSON is YAML.
    backend = {"volume_backend_name": "files", "volume_driver": FILES, "local_files_path": str(tmp_path / "files")}
    configuration.write_text(json.dumps({"logs": False, "debug": False, "backends": [backend]}))
    state = tmp_path / "state"
    state.mkdir()
    result, said = suite(configuration, state, in_memory=in_memory, timeout_s=240)
    assert result == PASSED, said
    assert lab.files() == []

"""What is generated is what the generator makes of the sources today."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROTO = ROOT / "csi" / "proto"
GENERATED = sorted(path.name for path in PROTO.glob("*_pb2*"))


@pytest.fixture(scope="module")
def made_anew(tmp_path_factory):
    folder = tmp_path_factory.mktemp("proto")
    venv = Path(sys.executable).parent.parent
    command = ["make", "--no-print-directory", "proto", f"VENV={venv}", f"PROTO_OUT={folder}"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return folder / "csi" / "proto"


def test_nothing_is_missing_or_left_over(made_anew):
    assert [path.name for path in sorted(made_anew.iterdir())] == GENERATED


@pytest.mark.parametrize("name", GENERATED)
def test_the_committed_file_is_what_make_proto_makes(made_anew, name):
    assert (PROTO / name).read_bytes() == (made_anew / name).read_bytes(), "run 'make proto' and commit what it changed"


def test_the_committed_kinds_are_what_make_crds_makes(tmp_path):
    venv = Path(sys.executable).parent.parent
    command = ["make", "--no-print-directory", "crds", f"VENV={venv}", f"CRDS_OUT={tmp_path}"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    made = {path.name: path.read_text() for path in tmp_path.iterdir()}
    committed = {path.name: path.read_text() for path in (ROOT / "deploy" / "crds").iterdir()}
    assert made == committed, "run 'make crds' and commit what it changed"
    assert len(made) == 5


def test_csi_proto_is_the_specifications_own():
    digest = hashlib.sha256((PROTO / "csi.proto").read_bytes()).hexdigest()
    assert digest == "8c5604cb76fefff19c01cf88ebd229e4f8c88c419898b07e4914318d25d84af3", (
        "csi.proto is v1.13.0, verbatim"
    )


def test_the_lock_names_no_index():
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    assert "--index" not in lock
    assert "--hash=sha256:" in lock

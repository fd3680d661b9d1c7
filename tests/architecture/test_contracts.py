"""The contracts between the packages hold, and each of them can fail."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("csi", "cinderblock", "persistence")

#: Contract -> (a module that breaks it, the line that does).
BAD_IMPORTS = {
    "layers": ("persistence/bad.py", "import cinderblock.units"),
    "adapters": ("cinderblock/bad.py", "import persistence.sql"),
    "node": ("csi/node/bad.py", "import csi.bad"),
    "cinder": ("cinderblock/bad.py", "from cinder.volume import driver"),
    "os-brick": ("csi/bad.py", "import os_brick.initiator.connectors.iscsi"),
    "sql": ("persistence/bad.py", "import sqlalchemy"),
    "grpc": ("cinderblock/bad.py", "import grpc"),
    "kubernetes": ("csi/bad.py", "import kubernetes"),
    "subprocess": ("csi/bad.py", "from subprocess import run"),
    "prometheus": ("csi/bad.py", "import prometheus_client"),
}


def lint_imports(folder, *arguments):
    command = [Path(sys.executable).parent / "lint-imports", "--no-cache", "--no-logo", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path):
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_contracts_hold():
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("contract", BAD_IMPORTS)
def test_the_contract_can_fail(copy, contract):
    module, line = BAD_IMPORTS[contract]
    # What the node must not reach is reached through another module: the contract follows imports.
    (copy / "csi/bad.py").write_text("import cinderblock.cinder\n")
    (copy / module).write_text(line + "\n")
    done = lint_imports(copy, "--contract", contract)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "BROKEN" in done.stdout


def test_every_contract_is_tried():
    configured = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    assert {contract["id"] for contract in configured} == set(BAD_IMPORTS)


def test_the_node_process_loads_neither_cinder_nor_sql():
    program = "import csi.node.__main__, sys; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not {"cinder", "sqlalchemy", "alembic"} & set(done.stdout.split())

"""Every store, one after the other, and every driver on its bench."""

import pytest

from tests.contract.drivers import BENCHES, mounted
from tests.contract.stores import DURABLE, SERVED, VOLATILE


@pytest.fixture(params=[*VOLATILE, *DURABLE])
def store(request, tmp_path):
    if request.param in SERVED:
        (tmp_path / "url").write_text(request.getfixturevalue(request.param).emptied())
    store = {**VOLATILE, **DURABLE}[request.param](tmp_path)
    yield store
    store.close()


@pytest.fixture(scope="module")
def sharing(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sharing")
    with mounted(folder, file_system="xfs", size_mib=320) as mount:
        yield mount


@pytest.fixture(params=BENCHES)
def bench(request, tmp_path):
    folder = tmp_path
    if request.param == "files that share blocks":
        folder = request.getfixturevalue("sharing") / tmp_path.name
        folder.mkdir()
    bench = BENCHES[request.param](folder)
    yield bench
    bench.close()

"""Every store, one after the other."""

import pytest

from tests.contract.stores import DURABLE, VOLATILE


@pytest.fixture(params=[*VOLATILE, *DURABLE])
def store(request, tmp_path):
    store = {**VOLATILE, **DURABLE}[request.param](tmp_path)
    yield store
    store.close()

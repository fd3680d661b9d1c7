"""A share for each test; its folder must not be called after snapshots, which the driver does not measure."""

import pytest

from tests.fakes.knife import knife
from tests.unit.nfs.share import Share


@pytest.fixture
def share(tmp_path):
    share = Share(tmp_path)
    try:
        share.start()
        yield share
        share.library.close()
        assert not share.is_mounted()
    finally:
        knife.left = None
        share.close()

"""Files and shares: which file a device shows, and how a share is mounted."""

import pytest

from cinderblock import nbd
from cinderblock.brick import connectors
from cinderblock.host import is_same_file


@pytest.mark.parametrize(
    ("shown", "same"),
    [
        ("39:255:volume-1", True),
        ("39:255:.nfs00000000000000ff00000003", True),
        ("39:255:.nfs00000000000000fe00000003", False),
        ("39:254:volume-1", False),
        ("40:255:volume-1", False),
        ("39:255:volume-2", False),
        ("40:255:.nfs00000000000000ff00000003", False),
        ("", False),
    ],
)
def test_a_file_that_was_removed_on_its_share_while_it_was_open_is_still_known(shown, same):
    assert is_same_file(shown, "39:255:volume-1") is same


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ("-o vers=4.2", "vers=4.2"),
        ("-o vers=4.2,hard -o sec=krb5", "vers=4.2,hard,sec=krb5"),
        ("", None),
        (None, None),
    ],
)
def test_all_options_of_a_mount_are_given_at_once(options, wanted):
    assert connectors.mount_options({"export": "192.0.2.1:/x", "options": options}) == wanted


def test_a_device_of_another_kind_shows_no_image():
    assert nbd.file_id("/dev/loop0") == ""
    assert nbd.file_id("/dev/nbd9999") == ""

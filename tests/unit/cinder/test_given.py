"""Options that a program gives reach the driver as they are, whatever their kind."""

from contextlib import ExitStack
from typing import Any

import pytest

from cinderblock import config, given
from cinderblock.cinder.loading import Runtime
from cinderblock.config import Configuration
from cinderblock.errors import ConfigurationError
from persistence.memory import MemoryStore


@pytest.fixture
def start(tmp_path):
    with ExitStack() as stack:

        def start(*, defaults=None, **options):
            configuration = Configuration(file=config.NO_FILE, host="h", defaults=defaults or {})
            runtime = Runtime.open(configuration, state_dir=tmp_path, store=MemoryStore())
            stack.callback(runtime.close)
            options = {
                "volume_driver": "tests.fakes.vendor.VendorDriver",
                "local_files_path": tmp_path / "f",
                **options,
            }
            started: Any = runtime.start(given.backend("x", options, host="h"))
            return started.driver

        yield start


@pytest.mark.parametrize(
    ("option", "value", "seen"),
    [
        ("vendor_port", 7, 7),
        ("vendor_port", "7", 7),
        ("vendor_old_port", 7, None),
        ("reserved_percentage", None, 0),
        ("vendor_password", "a$state_path $$ %(x)s '\"; # ", "a$state_path $$ %(x)s '\"; # "),
        ("vendor_password", ["a", "b"], "a, b"),
        ("use_multipath_for_image_xfer", True, True),
        ("use_multipath_for_image_xfer", "yes", True),
        ("trace_flags", ["api", "method"], ["api", "method"]),
        ("trace_flags", "api, method", ["api", "method"]),
        ("replication_device", [{"backend_id": "a"}, "backend_id:b"], [{"backend_id": "a"}, {"backend_id": "b"}]),
        ("replication_device", {"backend_id": "a", "conf": "$b"}, [{"backend_id": "a", "conf": "$b"}]),
        ("volume_backend_name", "y", "y"),
    ],
)
def test_an_option_is_as_it_was_given(start, option, value, seen):
    configuration = start(**{option: value}).configuration
    if option == "vendor_old_port":
        option, seen = "vendor_port", 7
    assert getattr(configuration, option) == seen


def test_what_is_not_given_has_its_default(start):
    configuration = start().configuration
    assert configuration.volume_backend_name == "x"
    assert configuration.reserved_percentage == 0


@pytest.mark.parametrize(
    ("option", "value"), [("vendor_port", "many"), ("vendor_port", [1, 2]), ("vendor_password", "a\\$b")]
)
def test_a_value_that_an_option_cannot_have_is_refused_at_once(start, option, value):
    with pytest.raises(ConfigurationError, match=option):
        start(**{option: value})


def test_defaults_count_for_all_and_only_as_long_as_they_are_open(start, tmp_path):
    from oslo_config import cfg

    start(defaults={"my_ip": "192.0.2.77"})
    assert cfg.CONF.my_ip == "192.0.2.77"


def test_our_own_options_are_given_in_the_same_way():
    made = given.backend(
        "x", {"volume_driver": "a.B", "driver_workers": 1, "topology": {"zone": "a"}, "backend_host": "b"}, host="h"
    )
    assert (made.driver_workers, made.topology, made.backend_host) == (1, {"zone": "a"}, "b")
    assert given.backend("x", {"volume_driver": "a.B"}, host="h").backend_host == "h"


def test_a_configuration_never_shows_its_options():
    made = given.backend(
        "x", {"volume_driver": "a.B", "san_password": "hunter22", "nested": [{"a": "hunter23"}]}, host="h"
    )
    assert "hunter2" not in repr(made)

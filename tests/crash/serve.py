"""`cinderblock serve`, instrumented, for a process that was forked from one that has imported all of it."""

import os
from functools import partial

from csi.server import end_now  # isort: skip

# Imported before the fork, because that takes most of a start's time; none of it starts a thread.
# ruff: noqa: F401 -- for the same reason
import cinderblock.cinder.setup  # isort: skip # whose imports have an order of their own
import sqlalchemy.dialects.sqlite
import tooz.drivers.file

import cinderblock.brick.connectors
import cinderblock.brick.host
import cinderblock.cinder.adapter
import cinderblock.cinder.local_files
import cinderblock.cinder.starting
import csi.controller.__main__
import csi.node.__main__
import persistence.sql
from csi import settings
from csi.composition import compose
from csi.instruments import Instruments
from csi.serving import Mode, serve
from tests.crash.lingering import Lingering
from tests.crash.tracer import Traced, TracedStore, Tracer


def traced(folder, config):
    """Serve all on FOLDER/csi.sock, the ports traced, until the end of the process."""
    chosen = settings.read(
        config, environment={}, endpoint=f"unix://{folder}/csi.sock", state_dir=folder / "state", node_id="node-1"
    )
    tracer = Tracer(folder / "crash")
    instruments = Instruments(
        driver=lambda _, driver: Traced(driver, "driver", tracer, without=("abilities", "pools")),
        host=lambda host: Traced(host, "host", tracer, without=("connector_properties",)),
        runner=lambda runner: Traced(Lingering(runner, folder / "crash"), "runner", tracer),
        store=lambda store: TracedStore(store, tracer),
    )
    _serve(folder, Mode.ALL, chosen, instruments)


def controller(folder, config, lease_s):
    """Serve a controller with leases of this length on FOLDER/csi.sock, until the end of the process."""
    chosen = settings.read(config, environment={}, endpoint=f"unix://{folder}/csi.sock", state_dir=folder / "state")
    _serve(folder, Mode.CONTROLLER, chosen, Instruments(lease_s=lease_s))


def _serve(folder, mode, chosen, instruments):
    log = os.open(folder / "driver.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    serve(mode, chosen, compose=partial(compose, instruments=instruments))
    end_now(0)

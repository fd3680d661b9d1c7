"""`cinderblock serve`, instrumented, for a process that was forked from one that has imported all of it."""

from functools import partial
from pathlib import Path

from csi.server import end_now  # isort: skip # sets up gRPC's environment before gRPC is imported

from csi import settings
from csi.composition import compose
from csi.instruments import Instruments
from csi.serving import Mode, serve
from tests.crash.lingering import Lingering
from tests.crash.tracer import Traced, TracedStore, Tracer


def traced(folder, config):
    """Serve all on FOLDER/csi.sock, the ports traced, until the end of the process."""
    folder = Path(folder)
    chosen = settings.read(
        Path(config) if config else None,
        environment={},
        endpoint=f"unix://{folder}/csi.sock",
        state_dir=folder / "state",
        node_id="node-1",
    )
    tracer = Tracer(folder / "crash")
    instruments = Instruments(
        driver=lambda _, driver: Traced(driver, "driver", tracer, without=("abilities", "pools")),
        host=lambda host: Traced(host, "host", tracer, without=("connector_properties",)),
        runner=lambda runner: Traced(Lingering(runner, folder / "crash"), "runner", tracer),
        store=lambda store: TracedStore(store, tracer),
    )
    _serve(Mode.ALL, chosen, instruments)


def controller(folder, config, lease_s):
    """Serve a controller with leases of this length on FOLDER/csi.sock, until the end of the process."""
    endpoint = f"unix://{folder}/csi.sock"
    chosen = settings.read(Path(config), environment={}, endpoint=endpoint, state_dir=Path(folder) / "state")
    _serve(Mode.CONTROLLER, chosen, Instruments(lease_s=lease_s))


def _serve(mode, chosen, instruments):
    serve(mode, chosen, compose=partial(compose, instruments=instruments))
    end_now(0)

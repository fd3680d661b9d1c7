"""A driver that starts in a moment; for the rest it is as `csi.driver_process.DriverProcess`."""

from csi import driver_process
from tests.ready.process import CINDERBLOCK, ready


class DriverProcess(driver_process.DriverProcess):
    """A driver of its own process, forked from one that has imported everything."""

    def launch(self, arguments, log):
        return ready().fork(CINDERBLOCK, arguments, stdout=log, stderr=log)

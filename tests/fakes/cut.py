"""Cinder's NFS driver in a process that can be made to end in the middle of a verb."""

from typing import Any

from cinder.volume.drivers.nfs import NfsDriver

from tests.fakes.knife import knife


class CutNfsDriver(NfsDriver):
    """Ends before any of the commands that it runs."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        execute = self._execute

        def unless_cut(*command, **options):
            knife.pass_by()
            return execute(*command, **options)

        self._execute: Any = unless_cut

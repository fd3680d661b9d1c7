"""Imported before anything else of Cinder: the imports whose order matters.

Importing this module is what it is for. What hosts Cinder wraps it in
`guard.untouched`.
"""

from oslo_service import backend

# Threads. Cinder's objects already pick eventlet when nobody has chosen, and the choice is for ever.
backend.init_backend(backend.BackendType.THREADING)

# Cinder's modules import each other in a circle, which only holds from this end.
from cinder import objects  # noqa: E402 - after the choice

objects.register_all()

import cinder.common.config  # noqa: E402 - after the objects; registers the options that drivers expect
import cinder.volume.driver  # noqa: E402, F401 - after the objects; registers the options of all drivers

"""CSI's Node service: devices, file systems and mounts of one machine.

Belongs here: staging, publishing, growing and measuring volumes, and the
journal that survives the process. Never here, not even indirectly: Cinder, SQL.
"""

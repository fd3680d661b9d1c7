"""The door to os-brick: connecting this machine to volumes.

Belongs here: connector classes, loop devices for volumes that are files, the
identity of SCSI and NVMe devices, and the translation of os-brick's
exceptions. Never here: Cinder, gRPC, file systems and mounts of volumes.
Connector classes are imported one by one, when a protocol is first used.
"""

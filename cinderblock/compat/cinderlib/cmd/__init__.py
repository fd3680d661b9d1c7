"""What turns a cinder.conf into what cinderlib's programs work with."""

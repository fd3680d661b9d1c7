"""What a process tells of itself over HTTP: whether it is well, and figures for Prometheus; loaded on demand."""

"""CSI's Identity service: who answers, what it can do, and whether it is ready."""

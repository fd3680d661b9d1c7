"""The commands of `cinderblock` that answer and end, one module each; every one has `run(...) -> exit code`."""

"""Experiments that take long: queued, with progress, one at a time, cancellable."""

"""Long computations: queued, run one at a time, with progress, cancellable."""

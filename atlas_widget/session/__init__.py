"""What a worker thread does for one widget; it knows nothing of traitlets."""

"""The work that a worker thread does for one widget; independent of traitlets."""

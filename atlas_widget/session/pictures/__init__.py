"""Pictures by key: queued, rendered, cached, watched, and sent to the browser."""

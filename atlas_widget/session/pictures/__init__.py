"""Pictures: queued, rendered, cached, shown live, and sent to the browser."""

"""Handlers for the requests of open panels, overlays and searches, one module each."""

"""What open panels, overlays and searches ask of the kernel, a module for each."""

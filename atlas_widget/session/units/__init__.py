"""The units of a layer: their numbers, pictures and pages."""

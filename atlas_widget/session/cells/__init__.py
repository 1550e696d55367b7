"""A layer's cells: the order of work on them, their pictures and labels, the cache."""

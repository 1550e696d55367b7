"""The cells of a layer: their pictures, labels and class values."""

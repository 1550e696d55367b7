"""The comparison with another layer or network that is shown: its cells and their pictures."""

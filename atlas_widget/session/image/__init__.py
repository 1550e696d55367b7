"""One image through the layers: its reading, the pictures of its positions, and their messages."""

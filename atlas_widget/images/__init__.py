"""What people have as images."""

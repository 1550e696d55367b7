"""Messages between the kernel and the browser: one table, checked on both sides."""

"""Commands of the lowest layer."""
